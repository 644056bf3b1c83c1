"""Safe dual bounds and Farkas values through the public functions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.bounds import dual_bound, dual_bounds, farkas_values, with_offset
from solvers.linear.residuals import Tolerances

INF = np.inf
RANGED = Instance(
    name="ranged",
    objective_vector=np.array([3.0, -2.0, 1.0]),
    constraint_matrix=csr_array(np.array([[1.0, 1.0, 0.0], [2.0, 0.0, -1.0]])),
    constraint_lower_bound=np.array([2.0, -INF]),
    constraint_upper_bound=np.array([7.0, 5.0]),
    variable_lower_bound=np.array([0.0, -1.0, 0.0]),
    variable_upper_bound=np.array([INF, 4.0, INF]),
    integrality=np.zeros(3, dtype=np.bool_),
    objective_offset=10.0,
)


@pytest.mark.parametrize(
    ("dual", "bound"),
    [
        ([0.0, 0.0], 10 - 2 * 4),  # the box alone: d = c
        ([1.5, 0.0], 10 + 3 - 3.5 * 4),  # d = (3/2, −7/2, 1), lower side of row one
        ([-2.0, 0.0], 10 - 14 + 0),  # d = (5, 0, 1), upper side of row one
        ([0.0, -1.0], 10 - 5 - 2 * 4),  # d = (5, −2, 0), upper side of row two
        ([0.0, 4.0], 10 - 2 * 4),  # row two has no lower side: projected to zero
        ([4.0, 0.0], -INF),  # d_1 = −1 although x_1 is unbounded above
    ],
)
def test_dual_bound_by_hand(dual: list[float], bound: float) -> None:
    value = dual_bound(RANGED, np.array(dual))
    assert value <= bound
    assert value == pytest.approx(bound, rel=1e-6)


def test_bounds_come_a_row_each_and_survive_bad_rows() -> None:
    values = dual_bounds(RANGED, np.array([[0.0, 0.0], [np.nan, 0.0], [1e300, -1e300], [1.5, 0.0]]))
    assert values.shape == (4,)
    np.testing.assert_allclose(values[[0, 3]], [2.0, -1.0])
    assert values[1] == values[2] == -INF
    tiny = replace(RANGED, objective_vector=np.array([1e-200, 1.0, 1.0]))
    assert dual_bound(tiny, np.zeros(2)) == -INF


def test_bound_holds_for_the_milp_with_its_integer_bounds_rounded() -> None:
    half = replace(
        RANGED, variable_upper_bound=np.array([INF, 3.5, INF]), integrality=np.array([False, True, False])
    )
    assert dual_bound(half, np.zeros(2)) == pytest.approx(10 - 2 * 3)


def test_offset_is_added_downwards() -> None:
    bound = np.array([1.0, -INF])
    shifted = with_offset(replace(RANGED, objective_offset=1e16), bound)
    assert shifted[0] <= 1e16
    assert shifted[1] == -INF
    assert with_offset(replace(RANGED, objective_offset=0.0), bound)[0] == 1.0


def test_farkas_values_by_hand() -> None:
    empty = replace(
        RANGED, constraint_lower_bound=np.array([6.0, -INF]), variable_upper_bound=np.array([1.0, 4.0, INF])
    )
    rays = np.array([[1.0, 0.0], [3e200, 0.0], [-1.0, 0.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0]])
    values = farkas_values(empty, rays)
    # a + b ≥ 6 although a ≤ 1, b ≤ 4: gain 6 − 5 = 1; with row two subtracted it is 6 − 5 − (5 + ...) < 0
    np.testing.assert_allclose(values, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0], rtol=1e-12)


def exact_sum(terms: NDArray[np.float64], factors: NDArray[np.float64]) -> Fraction:
    pairs = zip(terms.tolist(), factors.tolist(), strict=True)
    return sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0))


def boxed(
    objective: NDArray[np.float64], matrix: NDArray[np.float64], lower: NDArray[np.float64], box: float
) -> Instance:
    """Rows A x ≥ lower over the cube of half-width box."""
    m, n = matrix.shape
    return Instance(
        "boxed",
        objective,
        csr_array(matrix),
        lower,
        np.full(m, INF),
        np.full(n, -box),
        np.full(n, box),
        np.zeros(n, dtype=np.bool_),
    )


def test_rounding_of_the_row_terms_never_flatters_the_bound() -> None:
    rng = np.random.default_rng(11)
    for _ in range(100):
        lower, dual = -rng.random(40), rng.random(40)
        model = boxed(np.zeros(1), np.zeros((40, 1)), lower, 1.0)
        assert Fraction(dual_bound(model, dual)) <= exact_sum(dual, lower)


def test_rounding_of_cancelling_reduced_costs_never_flatters_the_bound() -> None:
    rng = np.random.default_rng(12)
    for _ in range(100):
        matrix, dual = rng.random((6, 1)), rng.random(6)
        objective = dual @ matrix  # d = 0 but for rounding, which a box of 10⁹ makes visible
        model = boxed(objective, matrix, np.zeros(6), 1e9)
        reduced = Fraction(float(objective[0])) - exact_sum(dual, matrix[:, 0])
        assert Fraction(dual_bound(model, dual)) <= -abs(reduced) * 10**9


def test_bound_is_lowered_for_what_an_infinite_side_assumes() -> None:
    free = boxed(np.ones(1), np.ones((1, 1)), np.array([2.0]), INF)
    value = dual_bound(free, np.ones(1))
    assert 2.0 - 1e-10 < value < 2.0 - 1e-12  # reach 10⁴ times a rounding bound of some 10⁻¹⁵
    farther = Tolerances(reach=1e6)
    assert 2.0 - 1e-8 < dual_bound(free, np.ones(1), farther) < 2.0 - 1e-10


def test_gain_must_outweigh_the_violation_in_the_instances_own_units() -> None:
    matrix, lower = np.array([[1.0, -1.0], [-2.0, 2.0]]), np.array([5.0, -6.0])
    small = boxed(np.zeros(2), matrix, lower, INF)
    large = boxed(np.zeros(2), 1e8 * matrix, lower, INF)
    ray = np.array([[1.0, 0.5]])
    assert farkas_values(small, ray)[0] == pytest.approx(2.0)
    assert farkas_values(large, ray)[0] == 0.0
