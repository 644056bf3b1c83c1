"""What the commands that make a model share: how they speak, and where models are found."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Device = Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="Where the network runs.")]


@dataclass(frozen=True)
class Models:
    """Where the checkpoint of a model lies that a person names.

    Attributes:
        find: for reading; exits where there is none.
        find_writable: for writing into its card; exits where that may not be as well.
    """

    find: Callable[[str], Path] = Path
    find_writable: Callable[[str], Path] = Path


def recorded_command() -> list[str]:
    """This command as the card keeps it: without paths of the machine."""
    return ["farkas", *map(_without_folders, sys.argv[1:])]


def _without_folders(word: str) -> str:
    """An absolute path's last part, also behind `--option=`."""
    option, equals, path = word.rpartition("=")
    return option + equals + (Path(path).name if path.startswith("/") else path)


def say(message: str) -> None:
    typer.echo(message, err=True)


def interrupted() -> Any:
    say("farkas: interrupted; the same command goes on where this one stopped")
    raise typer.Exit(130)


def fail(message: str) -> Any:
    say(f"farkas: {message}")
    raise typer.Exit(1)


class Lines:
    """Progress where there is no terminal: lines, so many seconds apart at least."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, -math.inf

    def __call__(self, done: int, total: int, line: str) -> None:
        now = time.monotonic()
        if done == total or now - self._last >= self._seconds:
            self._last = now
            say(f"{done}/{total} {line}")
