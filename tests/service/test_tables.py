"""The table of a scored folder in its three forms."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from graphs.errors import MalformedFile
from graphs.instance import Instance
from service import tables
from service.answer_json import answer_json
from service.answers import Answer
from service.errors import problem_of
from service.failures import Failure
from service.pipeline import score


@pytest.fixture
def table(fake: Any, instance: Instance) -> pa.Table:
    bad = Failure(problem_of(MalformedFile('wrong, "quoted"\nname', line=3)))
    return tables.table(["a.mps", "b.mps"], [score([instance], fake)[0], bad])


def test_columns_and_types(table: pa.Table) -> None:
    assert table.schema == tables.SCHEMA
    first, second = table.to_pylist()
    assert (first["file"], first["name"], first["rows"], first["columns"]) == ("a.mps", "TINY", 1, 2)
    assert (first["verdict"], first["provenance"], first["model"]) == ("optimal", "certified", "fake@1")
    assert first["p_optimal"] == 0.7
    assert (first["certificate_kind"], first["error_type"]) == ("feasible", None)
    assert first["seconds_total"] > 0
    assert (second["file"], second["error_type"], second["error_line"]) == ("b.mps", "malformed-file", 3)
    assert all(second[name] is None for name in ("name", "verdict", "p_optimal", "seconds_total"))


def test_the_three_forms_say_the_same(table: pa.Table, tmp_path: Path) -> None:
    for suffix in tables.FORMS:
        tables.write(table, tmp_path / f"out{suffix}")
    assert parquet.read_table(tmp_path / "out.parquet").equals(table)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines == table.to_pylist()
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["a.mps", "b.mps"]
    assert rows[1]["error_detail"] == 'wrong, "quoted"\nname'
    assert rows[1]["verdict"] == ""
    assert float(rows[0]["p_optimal"]) == 0.7


def test_a_row_says_what_the_answer_says(fake: Any, instance: Instance) -> None:
    answer = score([instance], fake)[0]
    assert isinstance(answer, Answer)
    (row,) = tables.table(["a"], [answer]).to_pylist()
    document = answer_json(answer)
    certificate = document["certificate"]
    assert row == {
        "file": "a",
        **document["instance"],
        **{key: document[key] for key in ("verdict", "provenance", "lane", "confidence")},
        **{key: document[key] for key in ("objective", "objective_provenance")},
        **{f"p_{name}": share for name, share in document["probabilities"].items()},
        **{f"certificate_{key}": certificate[key] for key in ("kind", "scope", "rigour", "objective")},
        **{key: certificate[key] for key in ("dual_bound", "gap")},
        **dict.fromkeys(("solver", "solver_status", "solver_accepted")),
        "model": "fake@1",
        **{f"seconds_{name}": value for name, value in document["seconds"].items()},
        **dict.fromkeys(("error_type", "error_detail", "error_line")),
    }


def test_there_are_as_many_answers_as_files(fake: Any, instance: Instance) -> None:
    with pytest.raises(ValueError, match="shorter"):
        tables.table(["a", "b"], score([instance], fake))


def test_a_write_that_fails_leaves_the_former_file(
    table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.parquet"
    target.write_bytes(b"former")

    def full(rows: pa.Table, where: object) -> None:
        Path(str(where)).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        tables.write(table, target)
    assert target.read_bytes() == b"former"
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
