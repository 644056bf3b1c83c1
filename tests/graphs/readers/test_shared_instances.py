"""Real files with known answers: what is read equals HiGHS's reading; other decisions are on the list here.

The list is the table of docs/formats.md; a test holds the two together.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graphs.errors import InstanceError, MalformedFile, UnsupportedSection
from graphs.instance import Instance
from graphs.readers import read_file

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("FARKAS_INSTANCES", ROOT.parent / "shared" / "instances"))

REFUSED: dict[str, type[InstanceError]] = {
    "format/comment.mps": MalformedFile,
    "format/duplicate_coefficient.mps": MalformedFile,
    "format/good-mps-rhs-cost.mps": MalformedFile,
    "format/lp_model_with_var_bounds.mps": MalformedFile,
    "malformed/bad-mps-1.mps": MalformedFile,
    "malformed/bad-mps-4.mps": MalformedFile,
    "malformed/bad-mps-7.mps": MalformedFile,
    "malformed/bad-mps-12.mps": MalformedFile,
    "malformed/bad-mps-13.mps": MalformedFile,
    "malformed/bad-mps-bound-1.mps": UnsupportedSection,
    "malformed/bounds_invalid_type.mps": MalformedFile,
    "malformed/garbage.mps": MalformedFile,
    "malformed/malformed_indicator.mps": UnsupportedSection,
    "malformed/nan0.mps": MalformedFile,
    "malformed/parse_items_single_2.mps": MalformedFile,
    "malformed/rhs_malformed.mps": MalformedFile,
    "malformed/rows_duplicate.mps": MalformedFile,
    "unsupported/qjh_quadobj.mps": UnsupportedSection,
    "unsupported/semi-continuous.mps": UnsupportedSection,
}
UNLIKE_HIGHS = "format/silly-names.mps"  # HiGHS loses the columns after one that is called like a section
DISCUSSED = {*REFUSED, UNLIKE_HIGHS, "format/objsense_max.mps", "format/good-mps-free-ranges.mps"}


def _index() -> list[dict[str, str]]:
    if not (FOLDER / "index.csv").is_file():
        return []
    with (FOLDER / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


INDEX = _index()
MPS = [row["file"] for row in INDEX if row["file"].endswith(".mps")]


@pytest.mark.parametrize("file", [file for file in MPS if file not in REFUSED and file != UNLIKE_HIGHS])
def test_files_are_read_as_highs_reads_them(
    file: str, shared_instances: Path, read_by_highs: Callable[[bytes], Instance]
) -> None:
    instance, theirs = (
        read_file(shared_instances / file),
        read_by_highs((shared_instances / file).read_bytes()),
    )
    assert instance.sha256 == theirs.sha256
    assert list(instance.constraint_names) == list(theirs.constraint_names)
    assert list(instance.variable_names) == list(theirs.variable_names)


@pytest.mark.parametrize("file", [file for file in REFUSED if file in MPS])
def test_files_are_refused_on_purpose(file: str, shared_instances: Path) -> None:
    with pytest.raises(REFUSED[file]) as caught:
        read_file(shared_instances / file)
    assert caught.value.file == Path(file).name
    assert caught.value.line
    assert caught.value.hint


@pytest.mark.parametrize("row", [row for row in INDEX if row["file"] in MPS], ids=lambda row: row["file"])
def test_only_files_that_are_discussed_differ_from_plain_agreement(row: dict[str, str]) -> None:
    plain = row["agree"] == "yes" and row["category"] not in ("malformed", "unsupported")
    assert plain or row["file"] in DISCUSSED


def test_columns_called_like_sections_are_kept(shared_instances: Path) -> None:
    instance = read_file(shared_instances / UNLIKE_HIGHS)
    assert list(instance.variable_names) == ["C0", "OBJSENSE", "RANGES", "RHS", "C1"]
    assert instance.constraint_matrix.toarray().tolist() == [[-1.0] * 5]


@pytest.mark.parametrize("file", [file for file in MPS if (FOLDER / f"{file}.gz").is_file()])
def test_compressed_files_are_read_alike(file: str, shared_instances: Path) -> None:
    plain, compressed = (read_file(shared_instances / f"{file}{suffix}") for suffix in ("", ".gz"))
    assert plain.sha256 == compressed.sha256
    assert plain.name == compressed.name


@pytest.mark.parametrize("file", [row["file"] for row in INDEX if row["file"].endswith(".lp")])
def test_lp_files_are_refused_with_a_hint(file: str, shared_instances: Path) -> None:
    with pytest.raises(UnsupportedSection, match="convert to MPS or JSON"):
        read_file(shared_instances / file)


def test_every_decision_is_documented(repository_root: Path) -> None:
    page = (repository_root / "docs" / "formats.md").read_text()
    assert all(f"`{file}`" in page for file in DISCUSSED)
