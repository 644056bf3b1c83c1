"""docs/families.md: every family with its defaults, and statistics that are computed again here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphs.prediction import Verdict
from training.families import FAMILIES, generate
from training.families.statistics import family_statistics
from training.labelling import Label, Labeller

DOCUMENT = (Path(__file__).parents[3] / "docs" / "families.md").read_text(encoding="utf-8")


def table(text: str) -> list[list[str]]:
    """The cells of a Markdown table's body, back quotes removed."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def sizes(cell: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+)=(\S+)", cell)}


OVERVIEW = table(DOCUMENT.partition("<!-- families: statistics -->")[0])
STATISTICS = table(DOCUMENT.partition("<!-- families: statistics -->")[2].partition("<!-- end -->")[0])


def test_every_family_is_in_both_tables_with_its_defaults() -> None:
    assert {row[0]: sizes(row[3]) for row in OVERVIEW} == {
        name: dict(family.size) for name, family in FAMILIES.items()
    }
    assert [row[0] for row in STATISTICS] == [row[0] for row in OVERVIEW]


@pytest.mark.parametrize("row", STATISTICS, ids=lambda row: row[0])
def test_statistics(row: list[str]) -> None:
    name, size, count, *cells = row
    labeller = Labeller(time_limit=10.0, cross_check_share=0.0)
    instances = list(generate(FAMILIES[name], int(count), seed=0, size=sizes(size)))
    labels = [labeller.label(instance) for instance in instances]
    verdicts = [Verdict(label.status.value) if isinstance(label, Label) else None for label in labels]
    assert list(family_statistics(instances, verdicts).cells()) == cells
