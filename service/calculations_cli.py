"""The commands that ask what is no instance: what each needs is imported when it runs."""

from __future__ import annotations

import typer

from service import equilibrium_cli, reconstruct_cli, sparse_cli


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    for commands in (sparse_cli, reconstruct_cli, equilibrium_cli):
        commands.register(app)
