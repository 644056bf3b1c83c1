"""`farkas equilibrium`: what the command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SUFFIXES = (".npy", ".npz", ".json")


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(equilibrium)


def equilibrium(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A network, whose game is meant: registry name or folder.")
    ],
    contexts: Annotated[
        str,
        typer.Argument(
            metavar="CONTEXTS",
            help="A .npy file, or .npz with `contexts`, a row each; numbers such as 0.3,0.7; - is stdin.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the equilibria (.npy), or all measures too (.npz, .json)."
        ),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option("--gap", help="Go on from the prediction until the gap is proved to be at most this."),
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option("--max-iterations", help="Of the network; by default 1000.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Of the network's fixed point.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds for all contexts; by default 30.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object; the equilibria are in it unless written to a file."),
    ] = False,
) -> None:
    """The equilibrium of a game for every context, with a proved bound on its gap.

    Exit status 2: of some of them the gap that was asked for is not proved; or, outside what the network was
    trained on, the one that it states.
    """
    from service import equilibrium_commands
    from service.equilibrium_questions import Seeking
    from service.fatal import command_settings

    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(
            f"the file to write must end in one of: {', '.join(SUFFIXES)}", param_hint="--output"
        )
    seeking = Seeking(gap, max_iterations, tolerance, time_limit)
    raise typer.Exit(
        equilibrium_commands.find_file(
            model, contexts, seeking, command_settings(), target=output, as_json=json
        )
    )
