"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from service.cli import app
from service.http.schemas import AnswerShape, CertificateShape
from service.reference import SECTIONS, renewed

DOCUMENTS = ("cli.md", "api.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_sections_are_up_to_date(repository_root: Path, name: str) -> None:
    text = (repository_root / "docs" / name).read_text()
    assert renewed(text) == text, f"run: python -m service.reference docs/{name}"


def test_every_section_is_used(repository_root: Path) -> None:
    text = "".join((repository_root / "docs" / name).read_text() for name in DOCUMENTS)
    assert set(re.findall(r"<!-- reference: (\w+) -->", text)) == set(SECTIONS)


def options(command: Any) -> set[str]:
    found = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    return found.union(*(options(child) for child in getattr(command, "commands", {}).values()))


def helps(command: Any) -> set[str]:
    found = {parameter.help or "" for parameter in command.params} | {command.help or ""}
    return found.union(*(helps(child) for child in getattr(command, "commands", {}).values()))


def test_no_help_holds_what_a_terminal_would_take_for_markup() -> None:
    """`[words]` is left out where rich prints it."""
    found = helps(typer.main.get_command(app))
    assert len(found) > 50
    assert [text for text in found if re.search(r"\[[a-z#/@]", text)] == []


def test_every_option_is_in_the_documentation(repository_root: Path) -> None:
    text = (repository_root / "docs" / "cli.md").read_text()
    found = options(typer.main.get_command(app)) - {"--help"}
    assert {"--model", "--json", "--fresh", "--port"} <= found
    assert [option for option in sorted(found) if f"`{option}`" not in text] == []


def test_every_member_of_an_answer_is_in_the_documentation(repository_root: Path) -> None:
    text = (repository_root / "docs" / "api.md").read_text()
    members = [*AnswerShape.model_fields, *CertificateShape.model_fields]
    assert [member for member in members if f"`{member}`" not in text] == []


def test_a_stale_section_is_renewed() -> None:
    text = "before\n<!-- reference: problems -->\nold\n<!-- end -->\nafter\n"
    assert "`malformed-file`" in renewed(text)
    assert "old" not in renewed(text)
    assert renewed(text).startswith("before\n")
    assert renewed(text).endswith("<!-- end -->\nafter\n")
    with pytest.raises(KeyError):
        renewed("<!-- reference: nothing -->\n<!-- end -->")
