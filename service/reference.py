"""The parts of the documentation that are made from the code: commands, settings, problems.

    python -m service.reference docs/cli.md docs/api.md

replaces what stands between `<!-- reference: NAME -->` and `<!-- end -->` in these files; a test holds that
nothing is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from service import errors, settings
from service.cli import app

_SECTION = re.compile(r"(<!-- reference: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str) -> str:
    """The document with every generated section as the code has it now."""
    return _SECTION.sub(lambda found: f"{found[1]}\n{SECTIONS[found[2]]()}\n{found[3]}", text)


def commands() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    return "\n".join(_command(root, "farkas"))


def settings_table() -> str:
    """Every setting: variable, default, meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for row in settings.rows():
        meaning = row.help.replace("|", "\\|")
        lines.append(f"| `{row.variable}` | `{row.default}` | {meaning} |")
    return "\n".join(lines) + "\n"


def problem_table() -> str:
    """Every problem: status, type, title."""
    lines = ["| status | type: `urn:farkas:problem:`… | title |", "|---|---|---|"]
    lines += [f"| {status} | `{slug}` | {title} |" for status, slug, title in errors.documented()]
    return "\n".join(lines) + "\n"


SECTIONS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings_table,
    "problems": problem_table,
}


def _command(command: Any, name: str) -> Iterator[str]:
    yield f"### `{name}`\n"
    yield f"{_first_paragraph(command.help)}\n"
    yield from _parameter_table(command)
    for child, inner in getattr(command, "commands", {}).items():
        yield from _command(inner, f"{name} {child}")


def _parameter_table(command: Any) -> Iterator[str]:
    parameters = [parameter for parameter in command.params if "--help" not in parameter.opts]
    if parameters:
        yield "| argument or option | meaning |\n|---|---|"
        yield from (f"| {_spelling(parameter)} | {_meaning(parameter)} |" for parameter in parameters)
        yield ""


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{option}`" for option in [*parameter.opts, *parameter.secondary_opts])


def _meaning(parameter: Any) -> str:
    text = parameter.help or ""
    default = parameter.default
    if default is None or default is False or callable(default):
        return f"{text}{' Required.' if parameter.required else ''}".strip()
    return f"{text} Default: `{getattr(default, 'value', default)}`.".strip()


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        Path(argument).write_text(renewed(Path(argument).read_text()))
