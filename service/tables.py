"""Rows of a scored folder, with typed columns, as Parquet, CSV or JSON lines.

`dual_bound`, `gap` and every other number is null where it does not exist or is infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from runtime.files import replace_atomically
from service.answers import Answer
from service.failures import Failure
from service.output import dumps

SECONDS = ("seconds_read", "seconds_predict", "seconds_certify", "seconds_total")
"""The only columns that differ from run to run."""

_TEXT, _WHOLE, _REAL = pa.string(), pa.int64(), pa.float64()
_COLUMNS: dict[str, pa.DataType] = {
    "file": _TEXT,
    "name": _TEXT,
    "sha256": _TEXT,
    "rows": _WHOLE,
    "columns": _WHOLE,
    "nonzeros": _WHOLE,
    "integers": _WHOLE,
    "verdict": _TEXT,
    "provenance": _TEXT,
    "p_optimal": _REAL,
    "p_infeasible": _REAL,
    "p_unbounded": _REAL,
    "confidence": _REAL,
    "objective": _REAL,
    "objective_provenance": _TEXT,
    "certificate_kind": _TEXT,
    "certificate_scope": _TEXT,
    "certificate_objective": _REAL,
    "dual_bound": _REAL,
    "gap": _REAL,
    "model": _TEXT,
    **dict.fromkeys(SECONDS, _REAL),
    "error_type": _TEXT,
    "error_detail": _TEXT,
    "error_line": _WHOLE,
}
SCHEMA = pa.schema(_COLUMNS)
"""The columns in order; every one but `file` may be null."""


def row(file: str, answer: Answer | Failure) -> dict[str, Any]:
    """One file's row; columns that do not apply are left out, which makes them null."""
    if isinstance(answer, Failure):
        problem = answer.problem
        return {
            "file": file,
            "error_type": problem.type,
            "error_detail": problem.detail,
            "error_line": problem.line,
        }
    return {"file": file, **_answer_row(answer)}


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a table of SCHEMA."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def write(rows: pa.Table, path: Path) -> None:
    """Write a table in the form of the path's suffix; the path holds the former file or the whole new one."""
    writer = _WRITERS[path.suffix.lower()]
    replace_atomically(path, lambda temporary: writer(rows, temporary))


def _answer_row(answer: Answer) -> dict[str, Any]:
    document = answer.to_json()
    instance, probabilities, seconds = document["instance"], document["probabilities"], document["seconds"]
    certificate, model = document["certificate"], document["model"]
    return {
        **instance,
        "verdict": document["verdict"],
        "provenance": document["provenance"],
        **{f"p_{name}": share for name, share in probabilities.items()},
        "confidence": document["confidence"],
        "objective": document["objective"],
        "objective_provenance": document["objective_provenance"],
        "certificate_kind": certificate["kind"] if certificate else None,
        "certificate_scope": certificate["scope"] if certificate else None,
        "certificate_objective": certificate["objective"] if certificate else None,
        "dual_bound": answer.dual_bound,
        "gap": answer.gap,
        "model": f"{model['name']}@{model['version']}",
        **{f"seconds_{name}": value for name, value in seconds.items()},
    }


def _write_parquet(rows: pa.Table, path: Path) -> None:
    parquet.write_table(rows, path)


def _write_csv(rows: pa.Table, path: Path) -> None:
    csv.write_csv(rows, path)


def _write_lines(rows: pa.Table, path: Path) -> None:
    with path.open("wb") as file:
        for line in rows.to_pylist():
            file.write(dumps(line) + b"\n")


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_lines,
}
FORMS = tuple(_WRITERS)
