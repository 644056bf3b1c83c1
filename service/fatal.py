"""Whatever is fatal to a command is one line on stderr and exit status 1; torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError

from service.choices import FATAL
from service.effort import Effort
from service.errors import OWN
from service.settings import PREFIX, Settings, settings_from


@contextmanager
def fatal_in_one_line() -> Iterator[None]:
    """Turn the errors that a person can act on into a line; a broken pipe is left to the shell."""
    try:
        yield
    except OWN as error:
        raise fatal(error.detail + (f" ({error.hint})" if error.hint else "")) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise fatal(str(error)) from error


def command_settings(**flags: Any) -> Settings:
    """The settings in force, flags before environment before defaults; or exit saying what is wrong."""
    try:
        return settings_from(**flags)
    except ValidationError as error:
        wrong = [(str(item["loc"][0]), item["msg"]) for item in error.errors(include_input=False)]
        lines = [f"{PREFIX}{name.upper()} (or its flag): {message}" for name, message in wrong]
        raise fatal("; ".join(lines)) from error


def command_effort(settings: Settings, **asked: Any) -> Effort:
    """What the options ask for, to the settings' tolerances; or exit saying what is wrong."""
    with fatal_in_one_line():
        return Effort(**asked, tolerances=settings.tolerances)


def fatal(message: str) -> typer.Exit:
    """Say why on stderr; the exception to raise."""
    typer.echo(f"farkas: {message}", err=True)
    return typer.Exit(FATAL)
