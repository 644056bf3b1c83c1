"""`farkas sparse`: what the command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solvers.sparse.variants import VARIANTS

SUFFIXES = (".npy", ".npz", ".json")


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(sparse)


def sparse(
    dictionary: Annotated[
        str,
        typer.Argument(metavar="DICTIONARY", help="A .npy or .npz file with A, or a name of the registry."),
    ],
    measurements: Annotated[
        Path,
        typer.Argument(metavar="B", help="A .npy or .npz file with b of Ax = b, a row each; - is stdin."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write x (.npy), or x with all its measures (.npz, .json)."),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option("--variant", help=f"{', '.join(VARIANTS)}; by default hyperlista, or the model's."),
    ] = None,
    layers: Annotated[
        int | None, typer.Option("--layers", help="How many; by default 16, or all that were trained.")
    ] = None,
    regularization: Annotated[
        float | None, typer.Option("--regularization", help="λ of ½‖Ax − b‖² + λ‖x‖₁; without it Ax = b.")
    ] = None,
    duality_gap: Annotated[
        float | None,
        typer.Option("--duality-gap", help="With λ: go on until this gap, over ½‖b‖², is proved."),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", help="Seconds that going on may take in all; by default 30."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="A trained network, or numbers: registry name or folder."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object; x is in it unless it is written to a file.")
    ] = False,
) -> None:
    """Sparse x with Ax ≈ b for every row b of a file, with the measures by which to judge them.

    Exit status 2: a duality gap was asked for, and is not proved of some of them.
    """
    from service import sparse_commands
    from service.fatal import command_settings
    from service.sparse_questions import Method

    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(SUFFIXES)}", param_hint="--output"
        )
    method = Method(variant, layers, model, regularization, duality_gap, time_limit)
    raise typer.Exit(
        sparse_commands.recover_file(
            dictionary, measurements, method, command_settings(), target=output, as_json=json
        )
    )
