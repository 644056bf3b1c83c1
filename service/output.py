"""What people and programs read: JSON without NaN, and a table with a line an instance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.answer_json import answer_json
from service.answers import SOLVED, Answer
from service.errors import Problem
from service.failures import Failure
from service.reading import display_name
from solvers.linear.certificate import Certificate
from solvers.linear.exact.solution import SolveStatus

_STYLES = {
    "optimal": "green",
    "infeasible": "red",
    "unbounded": "magenta",
    "abstain": "yellow",
    "error": "bold red",
}
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("verdict", "left"),
    ("provenance", "left"),
    ("network", "right"),
    ("objective", "right"),
    ("which is", "left"),
    ("gap", "right"),
    ("certificate", "left"),
    ("lane", "left"),
    ("time", "right"),
)
_NOTHING = "–"
_WIDE = 10_000


def dumps(document: object, *, pretty: bool = False) -> bytes:
    """JSON bytes; unlike orjson alone, never turns a NaN or an infinity into null silently.

    Raises:
        ValueError: the document holds a number that JSON cannot say.
    """
    if not _finite(document):
        raise ValueError("a number in this document is not finite")
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 if pretty else None)


def answer_line(path: Path, answer: Answer | Failure, *, solution: bool, vectors: bool) -> dict[str, Any]:
    """The command line's object for one file: the answer with the file's name, or the error in its place."""
    if isinstance(answer, Failure):
        return {"instance": {"name": display_name(path)}, "error": answer.problem.to_line()}
    document = answer_json(answer, solution=solution, vectors=vectors)
    document["instance"]["file"] = display_name(path)
    return document


def answer_table(answered: Sequence[tuple[Path, Answer | Failure]]) -> Table:
    """A line an instance; failures are marked here and explained by `problem_text`."""
    table = _table()
    table.add_column("file", no_wrap=True, overflow="ellipsis")
    for name, justify in _COLUMNS:
        table.add_column(name, no_wrap=True, justify=justify)
    for path, answer in answered:
        table.add_row(Text(display_name(path)), *_cells(answer))
    return table


def solution_table(path: Path, answer: Answer) -> Table:
    """The nonzeros of the answer's solution; empty where there is none."""
    table = _table()
    table.add_column(Text(display_name(path)), no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    for name, value in (answer_json(answer, solution=True)["solution"] or {}).items():
        table.add_row(Text(name), f"{value:.9g}")
    return table


def problem_text(path: Path, problem: Problem) -> str:
    """file:line:column: what is wrong (what to do)."""
    where = ":".join(str(part) for part in (display_name(path), problem.line, problem.column) if part)
    return f"{where}: {problem.detail}" + (f" ({problem.hint})" if problem.hint else "")


def console(*, stderr: bool = False) -> Console:
    """A console that never cuts lines when its output is not a terminal."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=_WIDE)


def seconds_text(seconds: float) -> str:
    """A duration to three figures: 1.23 s, 45.6 ms, 789 µs."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _cells(answer: Answer | Failure) -> tuple[Text | str, ...]:
    if isinstance(answer, Failure):
        return (Text("error", _STYLES["error"]), *[_NOTHING] * 5, Text(answer.problem.title), *[_NOTHING] * 2)
    said = answer.prediction
    return (
        Text(answer.verdict, _STYLES[answer.verdict]),
        answer.provenance,
        f"{said.confidence:.1%}"
        if said.verdict is answer.verdict
        else f"{said.verdict.value} {said.confidence:.1%}",
        _NOTHING if answer.objective is None else f"{answer.objective:.9g}",
        worth(answer),
        _NOTHING if answer.gap is None else f"{answer.gap:.2g}",
        _NOTHING if answer.certificate is None else _proof(answer.certificate),
        answer.lane.value,
        seconds_text(answer.seconds.total),
    )


def worth(answer: Answer) -> str:
    """Whose objective it is; of a solver that a limit stopped, the best it found."""
    if answer.objective is None:
        return ""
    stopped = answer.solver is not None and answer.solver.status is SolveStatus.FEASIBLE
    return "best found" if stopped and answer.objective_provenance == SOLVED else answer.value_provenance


def _proof(certificate: Certificate) -> str:
    """The certificate's kind, that it is exact, and that it speaks only of the relaxation, where it is so."""
    marks = [
        mark
        for mark, is_so in (
            ("exact", certificate.rigour == "exact"),
            ("relaxation", certificate.scope == "relaxation"),
        )
        if is_so
    ]
    return certificate.kind.value + (f" ({', '.join(marks)})" if marks else "")


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_finite, value))
    return True
