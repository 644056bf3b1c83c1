"""Rows of a scored folder, with typed columns, as Parquet, CSV or JSON lines.

`dual_bound`, `gap` and every other number is null where it does not exist or is infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from runtime.files import replace_atomically
from service.answers import Answer
from service.failures import Failure
from service.output import dumps

SECONDS = (
    "seconds_read",
    "seconds_predict",
    "seconds_certify",
    "seconds_polish",
    "seconds_solve",
    "seconds_total",
)
"""The only columns that differ from run to run."""

_TEXT, _WHOLE, _REAL, _TRUTH = pa.string(), pa.int64(), pa.float64(), pa.bool_()
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
    "lane": _TEXT,
    "p_optimal": _REAL,
    "p_infeasible": _REAL,
    "p_unbounded": _REAL,
    "confidence": _REAL,
    "objective": _REAL,
    "objective_provenance": _TEXT,
    "certificate_kind": _TEXT,
    "certificate_scope": _TEXT,
    "certificate_rigour": _TEXT,
    "certificate_objective": _REAL,
    "dual_bound": _REAL,
    "gap": _REAL,
    "solver": _TEXT,
    "solver_status": _TEXT,
    "solver_accepted": _TRUTH,
    "model": _TEXT,
    **dict.fromkeys(SECONDS, _REAL),
    "error_type": _TEXT,
    "error_detail": _TEXT,
    "error_line": _WHOLE,
}
SCHEMA = pa.schema(_COLUMNS)
"""The columns in order; every one but `file` may be null."""
_NOTHING = (None,) * (len(_COLUMNS) - 4)


def table(files: Sequence[str], answers: Sequence[Answer | Failure]) -> pa.Table:
    """A table of SCHEMA with a row for each file; columns that do not apply to it are null.

    Raises:
        ValueError: there are not as many answers as files.
    """
    rows = [_cells(file, answer) for file, answer in zip(files, answers, strict=True)]
    columns = zip(*rows, strict=True) if rows else ([] for _ in SCHEMA)
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, _COLUMNS.values(), strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def write(rows: pa.Table, path: Path) -> None:
    """Write a table in the form of the path's suffix; the path holds the former file or the whole new one."""
    writer = _WRITERS[path.suffix.lower()]
    replace_atomically(path, lambda temporary: writer(rows, temporary))


def _cells(file: str, answer: Answer | Failure) -> tuple[Any, ...]:
    """A file's row, in the order of SCHEMA."""
    if isinstance(answer, Failure):
        problem = answer.problem
        return (file, *_NOTHING, problem.type, problem.detail, problem.line)
    return (file, *_answer_cells(answer), None, None, None)


def _answer_cells(answer: Answer) -> tuple[Any, ...]:
    """An answer's cells, from `name` to `seconds_total`."""
    instance, prediction, certificate, seconds = (
        answer.instance,
        answer.prediction,
        answer.certificate,
        answer.seconds,
    )
    objective = answer.objective
    return (
        instance.name,
        instance.sha256,
        instance.rows,
        instance.columns,
        instance.nonzeros,
        instance.integers,
        answer.verdict.value,
        answer.provenance,
        answer.lane.value,
        *prediction.probabilities,
        prediction.confidence,
        objective,
        None if objective is None else answer.value_provenance,
        None if certificate is None else certificate.kind.value,
        None if certificate is None else certificate.scope,
        None if certificate is None else certificate.rigour,
        answer.certificate_objective,
        answer.dual_bound,
        answer.gap,
        *_solver_cells(answer),
        f"{answer.model.name}@{answer.model.version}",
        seconds.read,
        seconds.predict,
        seconds.certify,
        seconds.polish,
        seconds.solve,
        seconds.total,
    )


def _solver_cells(answer: Answer) -> tuple[Any, ...]:
    """Which solver, its own status, and whether our recheck accepts it."""
    solver = answer.solver
    return (None,) * 3 if solver is None else (solver.solver, solver.status.value, solver.accepted)


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
