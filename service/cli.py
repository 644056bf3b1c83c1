"""The command `farkas`. What a command needs is imported when it runs: `farkas --help` loads no torch.

Exit status: 0 all good, 2 some files could not be answered, 1 fatal (wrong usage included).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.choices import FATAL, Device, Policy
from training.cli import Models
from training.cli import register as register_training

_USAGE_ERROR = typer.BadParameter.__mro__[1]


class FarkasGroup(TyperGroup):
    """Exits with FATAL on wrong usage, since 2 has a meaning of its own here."""

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **extra)
        except SystemExit as stop:
            if isinstance(stop.__context__, _USAGE_ERROR):
                raise SystemExit(FATAL) from None
            raise


app = typer.Typer(
    name="farkas",
    cls=FarkasGroup,
    no_args_is_help=True,
    help="Predicts the outcome of linear and mixed-integer programs, and proves what can be proved of it.",
    epilog="Exit status: 0 all good, 2 some files could not be answered, 1 fatal.",
    pretty_exceptions_show_locals=False,
)
models = typer.Typer(no_args_is_help=True, help="The models that can be asked, and which of them is current.")

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Registry name, name@version, or checkpoint folder.")
]
PolicyOption = Annotated[Policy, typer.Option("--policy", help="How much work an answer may cost.")]
DeviceOption = Annotated[Device | None, typer.Option("--device", help="Where the network runs.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from service.version import farkas_version

        typer.echo(f"farkas {farkas_version()}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


@app.command()
def predict(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="MPS, CPLEX-LP or JSON, plain or .gz; - is stdin.")
    ],
    model: ModelOption = None,
    policy: PolicyOption = Policy.PREDICT,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, in the files' order.")
    ] = False,
    solution: Annotated[bool, typer.Option("--solution", help="Show the solution's nonzeros too.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the whole answer with its certificate's vectors (.json), of one file "
            "the solution for HiGHS and SCIP (.sol) or a basis near it for HiGHS (.bas).",
        ),
    ] = None,
    device: DeviceOption = None,
) -> None:
    """One answer a file: verdict, confidence, objective, provenance, certificate."""
    from service import commands
    from service.fatal import command_settings
    from service.targets import SUFFIXES

    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(SUFFIXES)}", param_hint="--output"
        )
    settings = command_settings(model=model, device=device)
    raise typer.Exit(
        commands.predict(files, settings, policy, as_json=json, solution=solution, target=output)
    )


@app.command()
def score(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to look through.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table: .parquet, .csv or .jsonl.")],
    model: ModelOption = None,
    policy: PolicyOption = Policy.PREDICT,
    device: DeviceOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier run has done.")] = False,
) -> None:
    """Every instance file below the paths, a row each; resumes where it was stopped."""
    from service import commands
    from service.fatal import command_settings
    from service.tables import FORMS

    if output.suffix.lower() not in FORMS:
        raise typer.BadParameter(
            f"the table's name must end in one of: {', '.join(FORMS)}", param_hint="--output"
        )
    settings = command_settings(model=model, device=device)
    raise typer.Exit(commands.score(paths, settings, policy, target=output, fresh=fresh))


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="MPS, CPLEX-LP or JSON, plain or .gz; - is stdin.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write: .mps or .json, with .gz behind or not.")
    ],
) -> None:
    """Read an instance with every check, and write it in another format."""
    from graphs.writers import SUFFIXES, is_writable
    from service import converting
    from service.fatal import command_settings

    if not is_writable(target):
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(SUFFIXES)}", param_hint="OUT"
        )
    raise typer.Exit(converting.convert(source, target, command_settings().limits))


@app.command()
def serve(
    model: ModelOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [8000].")] = None,
    device: DeviceOption = None,
) -> None:
    """The HTTP API, its documentation and a page to try it."""
    from service.fatal import command_settings
    from service.http import server

    server.serve(command_settings(model=model, host=host, port=port, device=device))


@models.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Every version of every model, and which is current."""
    from service import model_commands

    model_commands.list_models(as_json=json)


@models.command("show")
def show_model(
    model: Annotated[str, typer.Argument(help="A name or name@version.")],
) -> None:
    """A model's card: how it was trained and how good it is."""
    from service import model_commands

    model_commands.show(model)


@models.command("promote")
def promote_model(
    model: Annotated[str, typer.Argument(help="name@version, or a checkpoint folder, which is added first.")],
) -> None:
    """Make a version the one that its bare name stands for."""
    from service import model_commands

    model_commands.promote(model)


@models.command("rollback")
def roll_back_model(
    model: Annotated[str, typer.Argument(help="A model's name.")],
) -> None:
    """Return to the version that was current before the last promotion."""
    from service import model_commands

    model_commands.roll_back(model)


def _find_model(reference: str) -> Path:
    from service import model_commands

    return model_commands.folder_of(reference)


def _find_writable_model(reference: str) -> Path:
    from service import model_commands

    return model_commands.writable_folder_of(reference)


app.add_typer(models, name="models")
register_training(app, Models(_find_model, _find_writable_model))
