"""Listening to HiGHS and SCIP while they solve a MILP, and giving them a point to begin with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import highspy
import pyscipopt

from graphs.instance import Vector
from solvers.linear.lane.incumbents import IncumbentLog


def listen_to_highs(log: IncumbentLog, point: Vector | None) -> Callable[[Any], None]:
    """What `solve_highs` shall do before it runs.

    Args:
        log: told of every better point and of HiGHS's own progress lines, in HiGHS's units.
        point: a feasible point, shape (n,), in HiGHS's units (`Handover`), given as a MIP start.
    """

    def note(event: Any) -> None:
        data = event.data_out
        log.note(float(data.objective_function_value), float(data.mip_dual_bound), int(data.mip_node_count))

    def prepare(highs: Any) -> None:
        if point is not None:
            solution = highspy.HighsSolution()
            solution.col_value = point.tolist()
            highs.setSolution(solution)
        highs.cbMipImprovingSolution.subscribe(note)
        highs.cbMipLogging.subscribe(note)

    return prepare


def listen_to_scip(log: IncumbentLog, point: Vector | None) -> Callable[[Any, list[Any]], None]:
    """The same for `solve_scip`, which passes the model and its variables."""

    def prepare(model: Any, variables: list[Any]) -> None:
        if point is not None:
            solution = model.createSol()
            for variable, value in zip(variables, point.tolist(), strict=True):
                model.setSolVal(solution, variable, value)
            model.addSol(solution)
        model.includeEventhdlr(_Listener(log), "farkas", "notes incumbents and bounds")

    return prepare


_EVENTS = (pyscipopt.SCIP_EVENTTYPE.BESTSOLFOUND, pyscipopt.SCIP_EVENTTYPE.NODESOLVED)


class _Listener(pyscipopt.Eventhdlr):  # type: ignore[misc]
    def __init__(self, log: IncumbentLog) -> None:
        self._log = log

    def eventinit(self) -> None:
        for event in _EVENTS:
            self.model.catchEvent(event, self)
        if self.model.getNSols():
            self._tell()  # what the start and the presolving brought

    def eventexit(self) -> None:
        for event in _EVENTS:
            self.model.dropEvent(event, self)

    def eventexec(self, event: Any) -> None:
        self._tell()

    def _tell(self) -> None:
        """The best solution's own value: during its event SCIP's primal bound is still the one before."""
        model = self.model
        infinity = model.infinity()
        best = float(model.getSolObjVal(model.getBestSol())) if model.getNSols() else math.inf
        bound = float(model.getDualbound())
        self._log.note(
            best if abs(best) < infinity else math.inf,
            bound if abs(bound) < infinity else -math.inf,
            int(model.getNTotalNodes()),
        )
