"""Progress of a solve as JSON lines: the child appends, the parent reads while it runs.

A line is one `Incumbent`: what the solver had in hand at a moment. Objective and bound are minimising, the
offset included, as everywhere inside farkas; `Instance.in_own_sense` shows them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_PERIOD: Final = 0.5
"""Seconds between lines that bring no better point."""


@dataclass(frozen=True)
class Incumbent:
    """A moment of a solve.

    Attributes:
        seconds: since this solver began; a second opinion begins anew.
        solver: "HiGHS" or "SCIP".
        objective: of the best point, None without one.
        bound: the solver's own lower bound, None without one.
        gap: |objective − bound| / max(|c·x|, min(1, ‖c‖_∞)), None where either is missing: an offset does not
            hide it.
        nodes: branch-and-bound nodes.
        improved: the line brings a better point.
    """

    seconds: float
    solver: str
    objective: float | None
    bound: float | None
    gap: float | None
    nodes: int
    improved: bool


class IncumbentLog:
    """The child's end. A file that cannot be written to stops no solve.

    Args:
        path: None to keep only `first_objective`.
        costs, offset: the solver's values are γ c·x; ours are c·x + offset.
        unit: min(1, ‖c‖_∞), of the gap's denominator.
    """

    def __init__(
        self, path: Path | None, solver: str, *, costs: float = 1.0, offset: float = 0.0, unit: float = 1.0
    ) -> None:
        self._path = path
        self._costs, self._offset, self._unit = costs, offset, unit
        self._solver = solver
        self._started = time.perf_counter()
        self._best = math.inf
        self._last = -math.inf
        self.first_objective: float | None = None

    def note(self, objective: float, bound: float, nodes: int) -> None:
        """Writes a line where the point is better than the last, or the last line is old enough.

        Args:
            objective, bound: in the solver's units, without the offset; infinite where there is none.
        """
        seconds = time.perf_counter() - self._started
        improved = _is_number(objective) and objective < self._best - 1e-12 * abs(objective)
        if improved:
            self._best = objective
            if self.first_objective is None:
                self.first_objective = self._shown(objective)
        if self._path is None or not (improved or seconds - self._last >= _PERIOD):
            return
        self._last = seconds
        best = self._best if _is_number(self._best) else None
        lower = bound if _is_number(bound) else None
        gap = None
        if best is not None and lower is not None:
            difference = abs(best - lower) / self._costs
            gap = difference / (max(abs(best) / self._costs, self._unit) or 1.0)
        best, lower = self._shown(best), self._shown(lower)
        self._write(Incumbent(round(seconds, 4), self._solver, best, lower, gap, nodes, improved))

    def _shown(self, value: float | None) -> float | None:
        """In our units, with the offset."""
        return None if value is None else value / self._costs + self._offset

    def _write(self, incumbent: Incumbent) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(incumbent)) + "\n")
        except OSError:
            self._path = None


class IncumbentReader:
    """The parent's end: each `poll` gives what has come since the last one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def poll(self) -> list[Incumbent]:
        """New complete lines; what is no line of ours (its writer was killed in the middle) is left out."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return []
        complete = text[: text.rfind(b"\n") + 1]
        self._offset += len(complete)
        found = (_parsed(line) for line in complete.splitlines())
        return [incumbent for incumbent in found if incumbent is not None]


def follow(path: Path, is_over: Callable[[], bool], *, period: float = 0.1) -> Iterator[Incumbent]:
    """Lines as they come, until `is_over` says that the solve has ended; the last ones are not lost."""
    reader = IncumbentReader(path)
    while True:
        over = is_over()
        yield from reader.poll()
        if over:
            return
        time.sleep(period)


def _parsed(line: bytes) -> Incumbent | None:
    try:
        return Incumbent(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _is_number(value: float) -> bool:
    return math.isfinite(value) and abs(value) < 1e20
