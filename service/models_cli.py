"""`farkas models …`: what each command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

models = typer.Typer(
    no_args_is_help=True, help="Models and dictionaries by name, and which version is current."
)


@models.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Every version of every name, what kind of thing it is, and which is current."""
    from service import model_commands

    model_commands.list_models(as_json=json)


@models.command("show")
def show_model(
    model: Annotated[str, typer.Argument(help="A name or name@version.")],
) -> None:
    """A card: what it is, how it was trained or made and how good it is."""
    from service import model_commands

    model_commands.show(model)


@models.command("add")
def add_model(
    folder: Annotated[
        Path, typer.Argument(help="A checkpoint folder: a predictor, a trained network, numbers.")
    ],
) -> None:
    """Copy a checkpoint into the registry; which version is current stays as it is."""
    from service import model_commands

    model_commands.add(folder)


@models.command("add-dictionary")
def add_dictionary(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="A.npy", help="The matrix, a column an atom (.npy, or `dictionary` of a .npz)."
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="The name to ask for it by.")],
    version: Annotated[
        str | None, typer.Option("--model-version", help="Its version; by default the next number.")
    ] = None,
    description: Annotated[str, typer.Option("--description", help="A line for its card.")] = "",
) -> None:
    """Register a dictionary for sparse recovery; what is trained for it is bound to its content."""
    from service import model_commands

    model_commands.add_dictionary(file, name=name, version=version, description=description)


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


@models.command("remove")
def remove_model(
    model: Annotated[str, typer.Argument(help="name@version; of several, not the current one.")],
) -> None:
    """Take one of one's own versions out of the registry, for good; bundled ones stay."""
    from service import model_commands

    model_commands.remove(model)


@models.command("measure")
def measure_model(
    model: Annotated[str, typer.Argument(help="A name or name@version.")] = "bundled",
    each: Annotated[int, typer.Option("--each", min=1, help="Instances of every family and size.")] = 12,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the curves there, not beside one's own models."),
    ] = None,
) -> None:
    """Measure what each step costs on this machine: what the policy auto decides by."""
    from service import model_commands

    model_commands.measure(model, each, output)
