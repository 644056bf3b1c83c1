"""What the relaxation's verdict means for a MILP whose costs the boxes do not bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.exact.unboundedness import costs_can_escape, over_unbounded_relaxation, without_costs

INF = np.inf


def instance(cost: float, lower: float, upper: float) -> Instance:
    return Instance(
        name="one",
        objective_vector=np.array([cost]),
        constraint_matrix=csr_array((0, 1)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        variable_lower_bound=np.array([lower]),
        variable_upper_bound=np.array([upper]),
        integrality=np.array([True]),
        objective_offset=7.0,
    )


@pytest.mark.parametrize(
    ("cost", "lower", "upper", "escapes"),
    [
        (1.0, -INF, 3.0, True),
        (-1.0, -3.0, INF, True),
        (1.0, -3.0, INF, False),
        (-1.0, -INF, 3.0, False),
        (0.0, -INF, INF, False),
        (2.0, -3.0, 3.0, False),
    ],
)
def test_costs_escape_only_downhill(cost: float, lower: float, upper: float, escapes: bool) -> None:
    assert costs_can_escape(instance(cost, lower, upper)) is escapes


def test_without_costs_the_feasible_set_stays() -> None:
    bare = without_costs(instance(-1.0, 0.0, INF))
    assert bare.objective(np.array([9.0])) == 0.0
    assert bare.variable_upper_bound[0] == INF
    assert bare.is_mip


def test_an_integral_point_decides() -> None:
    model = instance(-1.0, 0.0, INF)
    relaxed = ExactSolution(SolveStatus.UNBOUNDED, "HiGHS", 0.1, unbounded_ray=np.array([1.0]))
    found = ExactSolution(
        SolveStatus.OPTIMAL, "SCIP", 0.1, objective=0.0, primal=np.array([2.0]), dual_bound=0.0
    )
    verdict = over_unbounded_relaxation(model, relaxed, found)
    assert verdict.status is SolveStatus.UNBOUNDED
    assert verdict.objective == 5.0
    assert verdict.dual_bound is None
    assert verdict.unbounded_ray is relaxed.unbounded_ray
    nothing = replace(found, status=SolveStatus.INFEASIBLE, primal=None, objective=None)
    assert over_unbounded_relaxation(model, relaxed, nothing) is nothing
