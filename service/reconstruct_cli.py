"""`farkas reconstruct`: what the command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solvers.implicit.imaging.methods import METHODS
from solvers.implicit.imaging.operator_kinds import OPERATORS

SUFFIXES = (".png", ".npy", ".npz", ".json")


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(reconstruct)


def reconstruct(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Measurements (.npy, .npz), or pictures (.png, .jpg); - is stdin."
        ),
    ],
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator",
            help=f"{', '.join(OPERATORS)}; as KIND, KIND:name=value,name=value, a JSON object, or "
            "a .json file of one. A .npz file may have it in `operator`, and an array of your own for it: "
            "`columns`, `mask`, `kernel` or `angles`.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the picture (.png, of several methods side by side; .npy), or the whole answer (.npz "
            "or .json); else a folder, for a PNG a file.",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help=f"{', '.join(METHODS)}; may be given several times. By default network, where there is one "
            "for the operator whose test pictures beat the classical inverse, else total-variation.",
        ),
    ] = None,
    degrade: Annotated[
        bool, typer.Option("--degrade", help="The files are pictures: degrade them by the operator first.")
    ] = False,
    noise: Annotated[
        float | None, typer.Option("--noise", help="With --degrade: σ; by default 0.01.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="With --degrade: of the noise; by default 0.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            help="With --degrade: pixels of the longer side; a larger file is shrunk. By default 256.",
        ),
    ] = None,
    image_shape: Annotated[
        str | None,
        typer.Option(
            "--image-shape", help="Rows and columns, such as 128x96, where the measurement does not tell."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A network: registry name or folder.")
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option("--max-iterations", help="By default the method's own.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="By default the method's own.")
    ] = None,
    regularization: Annotated[
        float | None,
        typer.Option("--regularization", help="λ of total variation, strength of plug-and-play."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds for all methods of a file; by default 30.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a line, in the files' order, without the pictures."),
    ] = False,
) -> None:
    """The pictures behind measurements, with the measures by which to judge them.

    Exit status 2: some files of several could not be answered.
    """
    from service import reconstruct_commands
    from service.fatal import command_settings
    from service.option_words import fatal_in_option_words
    from service.reconstruction_questions import Approach, asked_degradation, shape_of

    if output is not None and len(files) == 1 and output.suffix.lower() not in (*SUFFIXES, ""):
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(SUFFIXES)}", param_hint="--output"
        )
    approach = Approach(tuple(method or ()), model, max_iterations, tolerance, regularization, time_limit)
    settings = command_settings()
    with fatal_in_option_words():
        asked = reconstruct_commands.Asked(
            reconstruct_commands.operator_text(operator, settings),
            shape_of(image_shape),
            asked_degradation(degrade, noise, seed, size),
            size,
            approach,
        )
    raise typer.Exit(
        reconstruct_commands.reconstruct_files(files, asked, settings, target=output, as_json=json)
    )
