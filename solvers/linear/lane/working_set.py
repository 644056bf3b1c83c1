"""Working sets: an LP with many more columns than rows, solved over few of them (sifting).

Columns outside the set J stand at a bound v_j (the finite one nearest zero), so that with x = v + z the
restricted LP is

    min Σ_J c_j z_j    L − A v ≤ A_J z ≤ U − A v,    l_J − v_J ≤ z_J ≤ u_J − v_J,

whose dual y prices every column left out: d_j = c_j − a_j·y. Where d_j ≥ −ε at a lower and ≤ ε at an upper
bound for all of them, (v + z, y) is optimal for the whole LP; else the worst offenders join J and the simplex
method goes on from its basis. An infeasible restricted LP is priced by its Farkas ray with c = 0 instead, and
if no column offends, the ray proves the whole LP infeasible. A ray of the restricted LP is one of the whole.
Either way the last step's y is the proof; J only decides how soon it comes.

Bixby, Gregory, Lustig, Marsten, Shanno, Very large-scale linear programming, Operations Research 40 (1992).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from graphs.instance import Instance, Mask, Vector
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.highs import NAME, use_threads
from solvers.linear.exact.highs_problem import HighsProblem
from solvers.linear.exact.problem import Problem
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.exact.units import Units

_ROUNDS: Final = 100
_GROWTH: Final = 0.5
"""Most columns that join in a round, over the rows."""

Columns = NDArray[np.int32]


@dataclass(frozen=True)
class Sifting:
    """How a working set went: rounds of pricing, columns at the beginning, at the end, and in all."""

    rounds: int
    first: int
    last: int
    columns: int

    def __str__(self) -> str:
        share = f"{self.first} of {self.columns} columns at first, {self.last} at last"
        return f"{share}, {self.rounds} rounds of pricing"


def solve_working_set(
    instance: Instance, chosen: Mask, *, time_limit: float, tolerance: float = 1e-7
) -> tuple[ExactSolution, Sifting] | None:
    """An LP's exact answer, beginning with the chosen columns, shape (n,); free ones always take part.

    Returns:
        None where the method gives up (a limit, numerical trouble): a cold solve has the word then.
    """
    started = time.perf_counter()
    handed = Handover.of(instance)
    if handed.outside is not None:
        return None
    search = _Search(handed.problem, chosen, tolerance, started + time_limit)
    if not search.loaded:
        return None
    first = search.size
    for rounds in range(1, _ROUNDS + 1):
        answer = search.step()
        if answer is None:
            continue
        if answer.status is SolveStatus.UNKNOWN:
            return None
        sifting = Sifting(rounds, first, search.size, instance.columns)
        answer = _in_own_units(answer, instance, handed.units)
        return replace(answer, seconds=time.perf_counter() - started), sifting
    return None


class _Search:
    def __init__(self, problem: Problem, chosen: Mask, tolerance: float, deadline: float) -> None:
        self.problem = problem
        self.matrix: csc_array = problem.matrix.tocsc()
        self.tolerance = tolerance
        self.deadline = deadline
        self.loaded = False  # HiGHS has taken all it was given, unchanged
        lower, upper = problem.lower, problem.upper
        self.at_upper: Mask = np.abs(upper) < np.abs(lower)
        self.rest = np.where(self.at_upper, upper, lower)
        free = ~np.isfinite(self.rest)
        self.rest = np.where(free, 0.0, self.rest)
        self.inside = chosen | free
        self.order: Columns = np.flatnonzero(self.inside).astype(np.int32)
        self.highs = self._load()

    @property
    def size(self) -> int:
        return len(self.order)

    def step(self) -> ExactSolution | None:
        """Solves over the set; the answer for the whole LP, or None where columns joined."""
        highs = self.highs
        highs.setOptionValue("time_limit", highs.getRunTime() + max(0.0, self.deadline - time.perf_counter()))
        if not self.loaded or highs.run() == highspy.HighsStatus.kError:
            return _unknown()
        match highs.getModelStatus().name:
            case "kOptimal":
                return self._priced()
            case "kInfeasible":
                return self._infeasible()
            case "kUnbounded":
                return self._unbounded()
            case _:
                return _unknown()

    def _priced(self) -> ExactSolution | None:
        dual = np.array(self.highs.getSolution().row_dual)
        reduced = self.problem.cost - self.matrix.T @ dual
        if self._join(reduced):
            return None
        return ExactSolution(
            SolveStatus.OPTIMAL, NAME, 0.0, primal=self._point(), dual=dual, detail="kOptimal"
        )

    def _infeasible(self) -> ExactSolution | None:
        status, found, ray = self.highs.getDualRay()
        if not found or status == highspy.HighsStatus.kError:
            return _unknown()
        direction = np.array(ray)
        if self._join(-(self.matrix.T @ direction)):
            return None
        return ExactSolution(SolveStatus.INFEASIBLE, NAME, 0.0, farkas_ray=direction, detail="kInfeasible")

    def _unbounded(self) -> ExactSolution | None:
        status, found, ray = self.highs.getPrimalRay()
        feasible = self.highs.getInfo().primal_solution_status == highspy.kSolutionStatusFeasible
        if not found or status == highspy.HighsStatus.kError or not feasible:
            return _unknown()
        direction = np.zeros(len(self.rest))
        direction[self.order] = np.array(ray)
        return ExactSolution(
            SolveStatus.UNBOUNDED,
            NAME,
            0.0,
            primal=self._point(),
            unbounded_ray=direction,
            detail="kUnbounded",
        )

    def _point(self) -> Vector:
        point = self.rest.copy()
        point[self.order] += np.array(self.highs.getSolution().col_value)
        return point

    def _join(self, reduced: Vector) -> bool:
        """Adds the worst of the columns outside whose reduced cost, shape (n,), has the wrong sign."""
        problem = self.problem
        fixed = problem.lower == problem.upper
        wrong = np.where(self.at_upper, reduced, -reduced)
        wrong[self.inside | fixed] = 0.0
        offenders = np.flatnonzero(wrong > self.tolerance)
        if not len(offenders):
            return False
        most = max(100, int(_GROWTH * problem.matrix.shape[0]))
        if len(offenders) > most:
            offenders = offenders[np.argpartition(-wrong[offenders], most)[:most]]
        self._add(np.sort(offenders).astype(np.int32))
        return True

    def _add(self, columns: Columns) -> None:
        part = self.matrix[:, columns]
        problem, rest = self.problem, self.rest[columns]
        added = self.highs.addCols(
            len(columns),
            problem.cost[columns],
            problem.lower[columns] - rest,
            problem.upper[columns] - rest,
            part.nnz,
            part.indptr[:-1].astype(np.int32),
            part.indices.astype(np.int32),
            part.data,
        )
        self.loaded = self.loaded and added == highspy.HighsStatus.kOk
        self.inside[columns] = True
        self.order = np.concatenate([self.order, columns])

    def _load(self) -> Any:
        use_threads(1)
        highs = highspy.Highs()
        highs.silent()
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            highs.setOptionValue(option, self.tolerance)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("presolve", "off")
        problem, columns = self.problem, self.order
        shift = problem.matrix @ self.rest
        rest = self.rest[columns]
        restricted = HighsProblem(
            problem.cost[columns],
            csr_array(self.matrix[:, columns]),
            problem.row_lower - shift,
            problem.row_upper - shift,
            problem.lower[columns] - rest,
            problem.upper[columns] - rest,
            np.zeros(len(columns), dtype=np.bool_),
        )
        self.loaded = restricted.load(highs) == highspy.HighsStatus.kOk
        return highs


def _in_own_units(answer: ExactSolution, instance: Instance, units: Units) -> ExactSolution:
    point = units.point(answer.primal)
    value = None if point is None else instance.objective(point)
    is_optimal = answer.status is SolveStatus.OPTIMAL
    return replace(
        answer,
        objective=value,
        primal=point,
        dual=units.dual(answer.dual),
        farkas_ray=units.farkas_ray(answer.farkas_ray),
        unbounded_ray=units.point(answer.unbounded_ray),
        dual_bound=value if is_optimal else None,
    )


def _unknown() -> ExactSolution:
    return ExactSolution(SolveStatus.UNKNOWN, NAME, 0.0)
