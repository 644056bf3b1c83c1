"""Real files with known answers: what is read equals HiGHS's reading; other decisions are on the list here.

The list is the table of docs/formats.md; a test holds the two together.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from graphs.errors import InstanceError, MalformedFile, UnsupportedSection
from graphs.instance import Instance
from graphs.readers import read_file
from solvers.linear.exact.highs import solve_highs

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
REFUSED_LP: dict[str, type[InstanceError]] = {
    "format/1451.lp": MalformedFile,
    "malformed/1449a.lp": MalformedFile,
    "malformed/ex3.lp": MalformedFile,
    "malformed/invalid_after_end.lp": MalformedFile,
    "malformed/invalid_constraint.lp": MalformedFile,
    "unsupported/qcqp.lp": UnsupportedSection,
    "unsupported/sparse2.lp": UnsupportedSection,
}
UNLIKE_HIGHS = "format/silly-names.mps"  # HiGHS loses the columns after one that is called like a section
DISCUSSED = {
    *REFUSED,
    *REFUSED_LP,
    UNLIKE_HIGHS,
    "format/objsense_max.mps",
    "format/good-mps-free-ranges.mps",
}


def _index() -> list[dict[str, str]]:
    if not (FOLDER / "index.csv").is_file():
        return []
    with (FOLDER / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


INDEX = _index()
LP = [row for row in INDEX if row["file"].endswith(".lp")]
MPS = [row["file"] for row in INDEX if row["file"].endswith(".mps")]


@pytest.mark.parametrize("file", [file for file in MPS if file not in REFUSED and file != UNLIKE_HIGHS])
def test_files_are_read_as_highs_reads_them(
    file: str,
    shared_instances: Path,
    read_by_highs: Callable[[bytes], Instance],
    forgive_sums: Callable[[Instance, Instance], Instance],
) -> None:
    instance, theirs = (
        read_file(shared_instances / file),
        read_by_highs((shared_instances / file).read_bytes()),
    )
    assert instance.sha256 == forgive_sums(theirs, instance).sha256
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


def _columns(instance: Instance) -> dict[str, tuple[object, ...]]:
    """Everything about each column by its name, rows by theirs: what does not depend on any order."""
    matrix = instance.constraint_matrix.tocsc()
    entries = [
        {instance.constraint_names[row]: value for row, value in zip(rows, values, strict=True)}
        for rows, values in (
            (matrix.indices[start:end].tolist(), matrix.data[start:end].tolist())
            for start, end in pairwise(matrix.indptr.tolist())
        )
    ]
    numbers = zip(
        instance.objective_vector.tolist(),
        instance.variable_lower_bound.tolist(),
        instance.variable_upper_bound.tolist(),
        instance.integrality.tolist(),
        entries,
        strict=True,
    )
    return dict(zip(instance.variable_names, numbers, strict=True))


def _rows(instance: Instance) -> dict[str, tuple[float, float]]:
    sides = (instance.constraint_lower_bound.tolist(), instance.constraint_upper_bound.tolist())
    return dict(zip(instance.constraint_names, zip(*sides, strict=True), strict=True))


def _without_names(instance: Instance) -> dict[str, object]:
    """Sizes, and every number of the instance, sorted."""
    return {
        "shape": instance.constraint_matrix.shape,
        "numbers": [
            np.sort(part).tolist()
            for part in (
                instance.objective_vector,
                instance.constraint_matrix.data,
                instance.constraint_lower_bound,
                instance.constraint_upper_bound,
                instance.variable_lower_bound,
                instance.variable_upper_bound,
                instance.integrality,
            )
        ],
    }


@pytest.mark.parametrize("row", LP, ids=lambda row: row["file"])
def test_lp_files_are_read_with_the_numbers_that_solvers_agree_on_or_refused(
    row: dict[str, str], shared_instances: Path
) -> None:
    file = row["file"]
    if file in REFUSED_LP:
        with pytest.raises(REFUSED_LP[file]) as caught:
            read_file(shared_instances / file)
        assert caught.value.line
        assert caught.value.hint
        return
    assert row["agree"] == "yes"
    instance = read_file(shared_instances / file)
    assert (instance.rows, instance.columns) == (int(row["rows"]), int(row["cols"]))
    assert (instance.nonzeros, instance.integers) == (int(row["nnz"]), int(row["ints"]))
    assert instance.maximize == (row["sense"] == "Maximize")
    solved = solve_highs(instance, time_limit=60.0)
    assert solved.status.value == row["highs_status"]
    if row["highs_obj"]:
        assert solved.objective is not None
        assert instance.in_own_sense(solved.objective) == pytest.approx(float(row["highs_obj"]), rel=1e-9)


def test_lp_files_and_their_mps_twins_are_alike(shared_instances: Path) -> None:
    lp, mps = (read_file(shared_instances / f"netlib/afiro{suffix}") for suffix in (".lp", ".mps"))
    assert _columns(lp) == _columns(mps)
    assert _rows(lp) == _rows(mps)
    lp, mps = (read_file(shared_instances / f"mip/p0033{suffix}") for suffix in (".lp", ".mps"))
    assert _without_names(lp) == _without_names(mps)


def test_every_decision_is_documented(repository_root: Path) -> None:
    page = (repository_root / "docs" / "formats.md").read_text()
    assert all(f"`{file}`" in page for file in DISCUSSED)
