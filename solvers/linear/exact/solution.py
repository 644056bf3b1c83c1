"""What an exact solver says of an instance, and the one place where foreign statuses are translated.

Every HiGHS model status and every SCIP status appears in the tables below; a test enumerates the installed
solvers' statuses against them, so that a new one cannot arrive unnoticed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Vector


class SolveStatus(StrEnum):
    """FEASIBLE: a limit was hit with an incumbent in hand; UNKNOWN: a limit was hit with nothing to show."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    FEASIBLE = "feasible"
    UNKNOWN = "unknown"
    INFEASIBLE_OR_UNBOUNDED = "infeasible-or-unbounded"
    ERROR = "error"


HIGHS_STATUS: Final = {
    "kNotset": SolveStatus.ERROR,
    "kLoadError": SolveStatus.ERROR,
    "kModelError": SolveStatus.ERROR,
    "kPresolveError": SolveStatus.ERROR,
    "kSolveError": SolveStatus.ERROR,
    "kPostsolveError": SolveStatus.ERROR,
    "kModelEmpty": SolveStatus.ERROR,  # instances without columns are decided before HiGHS sees them
    "kOptimal": SolveStatus.OPTIMAL,
    "kInfeasible": SolveStatus.INFEASIBLE,
    "kUnboundedOrInfeasible": SolveStatus.INFEASIBLE_OR_UNBOUNDED,
    "kUnbounded": SolveStatus.UNBOUNDED,
    "kObjectiveBound": SolveStatus.UNKNOWN,
    "kObjectiveTarget": SolveStatus.UNKNOWN,
    "kTimeLimit": SolveStatus.UNKNOWN,
    "kIterationLimit": SolveStatus.UNKNOWN,
    "kUnknown": SolveStatus.UNKNOWN,
    "kSolutionLimit": SolveStatus.UNKNOWN,
    "kInterrupt": SolveStatus.UNKNOWN,
    "kMemoryLimit": SolveStatus.UNKNOWN,
    "kHighsInterrupt": SolveStatus.UNKNOWN,
}
"""HighsModelStatus by name. UNKNOWN becomes FEASIBLE where HiGHS holds a feasible point."""

SCIP_STATUS: Final = {
    "unknown": SolveStatus.UNKNOWN,
    "userinterrupt": SolveStatus.UNKNOWN,
    "terminate": SolveStatus.UNKNOWN,
    "nodelimit": SolveStatus.UNKNOWN,
    "totalnodelimit": SolveStatus.UNKNOWN,
    "stallnodelimit": SolveStatus.UNKNOWN,
    "timelimit": SolveStatus.UNKNOWN,
    "memlimit": SolveStatus.UNKNOWN,
    "gaplimit": SolveStatus.OPTIMAL,  # the only gap limit ever set is the caller's own mip_gap
    "sollimit": SolveStatus.UNKNOWN,
    "bestsollimit": SolveStatus.UNKNOWN,
    "restartlimit": SolveStatus.UNKNOWN,
    "primallimit": SolveStatus.UNKNOWN,
    "duallimit": SolveStatus.UNKNOWN,
    "optimal": SolveStatus.OPTIMAL,
    "infeasible": SolveStatus.INFEASIBLE,
    "unbounded": SolveStatus.UNBOUNDED,
    "inforunbd": SolveStatus.INFEASIBLE_OR_UNBOUNDED,
}
"""`Model.getStatus()` of SCIP. UNKNOWN becomes FEASIBLE where SCIP holds a solution."""


@dataclass(frozen=True)
class Outside:
    """A part of an instance whose numbers a solver cannot take as they are: it has solved another instance.

    Attributes:
        part: a row (its entries or sides), a column (its bounds), the objective, or what a solver warned of.
        place: number of the row or column.
    """

    part: Literal["row", "column", "objective", "model"]
    place: int = 0

    def name_in(self, instance: Instance) -> str:
        match self.part:
            case "row":
                return f"row {instance.constraint_names[self.place]}"
            case "column":
                return f"column {instance.variable_names[self.place]}"
            case _:
                return f"the {self.part}"


@dataclass(frozen=True, eq=False)
class ExactSolution:
    """A solver's answer in the instance's own units, minimising, in farkas's sign conventions.

    Nothing here is proved: `solvers.linear.certificate.certify` is the judge.

    Attributes:
        status: the verdict.
        objective: c·x + offset of `primal` by our own arithmetic, minimising; None without a point.
        primal: x, shape (n,): optimal for OPTIMAL, feasible for FEASIBLE and UNBOUNDED.
        dual: y, shape (m,), of an optimal LP (of a MILP its relaxation's, where somebody asked for it):
            y_i > 0 prices L_i, y_i < 0 prices U_i, d = c − Aᵀy.
        farkas_ray: y, shape (m,), with g(y) > 0 for c = 0, where the LP (relaxation) is infeasible.
        unbounded_ray: r, shape (n,), with c·r < 0 in the recession cone of rows and bounds.
        dual_bound: the solver's own lower bound on the minimum, offset included; None if it has none.
        linear_bound: the same without the offset, as the solver had it: beside a large offset digits of
            `dual_bound` are lost.
        seconds: wall clock time, model building included.
        solver: name and version.
        detail: the solver's own word for its status, for people.
        pool: feasible points of a MILP, shape (K, n), distinct, best first: the first is `primal`.
        pool_objectives: c·x + offset of each by our own arithmetic, shape (K,).
        outside: what of the instance lay outside the solver's range; the answer may then be another's.
    """

    status: SolveStatus
    solver: str
    seconds: float
    objective: float | None = None
    primal: Vector | None = None
    dual: Vector | None = None
    farkas_ray: Vector | None = None
    unbounded_ray: Vector | None = None
    dual_bound: float | None = None
    detail: str = ""
    pool: NDArray[np.float64] | None = None
    pool_objectives: Vector | None = None
    linear_bound: float | None = None
    outside: Outside | None = None

    def bound_without_offset(self, offset: float) -> float | None:
        """The bound on the minimum of c·x."""
        if self.dual_bound is None or self.linear_bound is None or not math.isfinite(self.linear_bound):
            return None if self.dual_bound is None else self.dual_bound - offset
        agrees = self.linear_bound + offset == self.dual_bound
        return self.linear_bound if agrees else self.dual_bound - offset


def solve_without_columns(instance: Instance) -> ExactSolution:
    """Decides an instance with n = 0: every row then says L_i ≤ 0 ≤ U_i, which holds or does not."""
    lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
    ray: NDArray[np.float64] = np.where(lower > 0, 1.0, 0.0) - np.where(upper < 0, 1.0, 0.0)
    if ray.any():
        return ExactSolution(SolveStatus.INFEASIBLE, "farkas", 0.0, farkas_ray=ray)
    value = instance.objective_offset
    return ExactSolution(
        SolveStatus.OPTIMAL,
        "farkas",
        0.0,
        objective=value,
        primal=np.zeros(0),
        dual=np.zeros(instance.rows),
        dual_bound=value,
        linear_bound=0.0,
    )
