"""What is wrong with prices, by name; a solver's own tolerance is no fault."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.certificate import DEFAULT_TOLERANCES
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.recheck_dual import dual_objection

# min x + 2y, x + y ≥ 2 (demand), x ≤ 1.5 (a row), x and y ≥ 0: x = (1.5, 0.5), y = (2, −1)
CASE = Instance(
    name="case",
    objective_vector=np.array([1.0, 2.0]),
    constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, 0.0]])),
    constraint_lower_bound=np.array([2.0, -np.inf]),
    constraint_upper_bound=np.array([np.inf, 1.5]),
    variable_lower_bound=np.zeros(2),
    variable_upper_bound=np.full(2, np.inf),
    integrality=np.zeros(2, dtype=bool),
    constraint_names=["demand", "limit"],
    variable_names=["x", "y"],
)


def claim(dual: list[float] | None, point: tuple[float, float] = (1.5, 0.5)) -> ExactSolution:
    prices = None if dual is None else np.array(dual)
    return ExactSolution(SolveStatus.OPTIMAL, "HiGHS", 0.0, primal=np.array(point), dual=prices)


@pytest.mark.parametrize(
    ("dual", "words"),
    [
        ([2.0, -1.0], ""),
        ([2.0 + 1e-8, -1.0], ""),
        (None, ""),
        ([-1.0, 0.0], "the price of row demand has the wrong sign"),
        ([2.0, 1.0], "the price of row limit has the wrong sign"),
        ([3.0, -2.0], "the reduced cost of y has the wrong sign (-1)"),
        ([1.0, 0.0], "its prices leave a gap: 2.5 against 2.0"),
        ([np.nan, 0.0], "its prices are not a vector of finite numbers"),
    ],
)
def test_objections(dual: list[float] | None, words: str) -> None:
    assert dual_objection(CASE, claim(dual), DEFAULT_TOLERANCES) == words


def test_a_dearer_point_leaves_a_gap() -> None:
    assert "leave a gap" in dual_objection(CASE, claim([2.0, -1.0], (1.5, 0.6)), DEFAULT_TOLERANCES)
