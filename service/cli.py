"""The command `farkas`. What a command needs is imported when it runs: `farkas --help` loads no torch.

Exit status: 0 all good, 2 some files could not be answered, 1 fatal (wrong usage included).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.calculations_cli import register as register_calculations
from service.choices import FATAL, GAP, TIME_LIMIT, Device, ExactSolver, Policy, Require, Rigour
from service.effort_options import (
    DeadlineOption,
    ExplainOption,
    GapOption,
    PolicyOption,
    RequireOption,
    RigourOption,
    SolverOption,
    StartOption,
    TimeLimitOption,
    WorkOption,
)
from service.models_cli import models
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
    help="Predicts the outcome of linear and mixed-integer programs, and proves what can be proved of it; "
    "recovers sparse codes, reconstructs pictures, finds equilibria of games.",
    epilog="Exit status: 0 all good, 2 some files could not be answered, 1 fatal.",
    pretty_exceptions_show_locals=False,
)
ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Registry name, name@version, or checkpoint folder.")
]
DeviceOption = Annotated[Device | None, typer.Option("--device", help="Where the network runs.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from service.version import farkas_version

        typer.echo(f"farkas {farkas_version()}")
        raise typer.Exit


def _require_suffix(output: Path | None, suffixes: Sequence[str]) -> None:
    """Refuse a file to write whose name does not say in which form."""
    if output is not None and output.suffix.lower() not in suffixes:
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(suffixes)}", param_hint="--output"
        )


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
    rigour: RigourOption = Rigour.NUMERIC,
    require: RequireOption = Require.VERDICT,
    deadline: DeadlineOption = None,
    time_limit: TimeLimitOption = TIME_LIMIT,
    gap: GapOption = GAP,
    solver: SolverOption = ExactSolver.AUTO,
    explain: ExplainOption = False,
    work: WorkOption = 1.0,
    start: StartOption = None,
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
    from service.fatal import command_effort, command_settings
    from service.targets import SUFFIXES

    _require_suffix(output, SUFFIXES)
    settings = command_settings(model=model, device=device)
    effort = command_effort(
        settings,
        policy=policy,
        rigour=rigour,
        require=require,
        deadline=deadline,
        time_limit=time_limit,
        gap=gap,
        solver=solver,
        explain=explain,
        work=work,
    )
    shown = commands.Shown(as_json=json, solution=solution, target=output)
    raise typer.Exit(commands.predict(files, settings, effort, shown, start))


@app.command()
def score(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to look through.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table: .parquet, .csv or .jsonl.")],
    model: ModelOption = None,
    policy: PolicyOption = Policy.PREDICT,
    rigour: RigourOption = Rigour.NUMERIC,
    require: RequireOption = Require.VERDICT,
    deadline: DeadlineOption = None,
    time_limit: TimeLimitOption = TIME_LIMIT,
    gap: GapOption = GAP,
    solver: SolverOption = ExactSolver.AUTO,
    explain: ExplainOption = False,
    work: WorkOption = 1.0,
    device: DeviceOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier run has done.")] = False,
) -> None:
    """Every instance file below the paths, a row each; resumes where it was stopped."""
    from service import commands
    from service.fatal import command_effort, command_settings
    from service.tables import FORMS

    if output.suffix.lower() not in FORMS:
        raise typer.BadParameter(
            f"the table's name must end in one of: {', '.join(FORMS)}", param_hint="--output"
        )
    settings = command_settings(model=model, device=device)
    effort = command_effort(
        settings,
        policy=policy,
        rigour=rigour,
        require=require,
        deadline=deadline,
        time_limit=time_limit,
        gap=gap,
        solver=solver,
        explain=explain,
        work=work,
    )
    raise typer.Exit(commands.score(paths, settings, effort, target=output, fresh=fresh))


@app.command()
def solve(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="MPS, CPLEX-LP or JSON, plain or .gz; - is stdin.")
    ],
    time_limit: TimeLimitOption = TIME_LIMIT,
    gap: GapOption = GAP,
    solver: SolverOption = ExactSolver.AUTO,
    start: StartOption = None,
    explain: ExplainOption = False,
    rigour: RigourOption = Rigour.NUMERIC,
    model: ModelOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the solution (.sol), a basis (.bas) or the whole answer (.json)."
        ),
    ] = None,
    device: DeviceOption = None,
) -> None:
    """An exact solver started from the prediction, its result rechecked; a line for each incumbent."""
    from service import solving
    from service.fatal import command_effort, command_settings
    from service.targets import SUFFIXES

    _require_suffix(output, SUFFIXES)
    settings = command_settings(model=model, device=device)
    effort = command_effort(
        settings,
        policy=Policy.SOLVE,
        rigour=rigour,
        time_limit=time_limit,
        gap=gap,
        solver=solver,
        explain=explain,
    )
    raise typer.Exit(solving.solve(file, settings, effort, start, output))


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
def verify(
    instance: Annotated[
        Path, typer.Argument(metavar="INSTANCE", help="MPS or JSON, plain or .gz; - is stdin.")
    ],
    answer: Annotated[
        Path, typer.Argument(metavar="ANSWER", help="What farkas predict -o ANSWER.json has written.")
    ],
    allow_tolerances: Annotated[
        bool,
        typer.Option("--allow-tolerances", help="Accept a certificate with looser tolerances than usual."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a saved certificate in rational arithmetic, without network or solver. Exit status 1: refused."""
    from service import verifying
    from service.fatal import command_settings

    limits = command_settings().limits
    raise typer.Exit(
        verifying.verify_answer(instance, answer, limits, allow_tolerances=allow_tolerances, as_json=json)
    )


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


def _find_model(reference: str) -> Path:
    from service import model_commands

    return model_commands.folder_of(reference)


def _find_writable_model(reference: str) -> Path:
    from service import model_commands

    return model_commands.writable_folder_of(reference)


register_calculations(app)
app.add_typer(models, name="models")
register_training(app, Models(_find_model, _find_writable_model))
