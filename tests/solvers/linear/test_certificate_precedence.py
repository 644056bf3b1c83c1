"""What a certificate claims of a MILP, which claim wins, and scaling games that must not earn one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.certificate import Certificate, CertificateKind, certify

INF = np.inf
Numbers = Sequence[float]


def instance(
    objective: Numbers,
    matrix: Sequence[Numbers],
    rows: tuple[Numbers, Numbers],
    box: tuple[Numbers, Numbers],
    integer: Sequence[bool] | None = None,
) -> Instance:
    columns = len(objective)
    return Instance(
        name="hand-solved",
        objective_vector=np.array(objective, dtype=np.float64),
        constraint_matrix=csr_array(np.array(matrix, dtype=np.float64).reshape(-1, columns)),
        constraint_lower_bound=np.array(rows[0], dtype=np.float64),
        constraint_upper_bound=np.array(rows[1], dtype=np.float64),
        variable_lower_bound=np.array(box[0], dtype=np.float64),
        variable_upper_bound=np.array(box[1], dtype=np.float64),
        integrality=np.array(integer if integer is not None else [False] * columns, dtype=np.bool_),
    )


def certified(
    model: Instance,
    point: Numbers | None = None,
    dual: Numbers | None = None,
    farkas_ray: Numbers | None = None,
    ray: Numbers | None = None,
) -> Certificate | None:
    def row(vector: Numbers | None) -> np.ndarray:
        return np.zeros((0, 0)) if vector is None else np.array([vector], dtype=np.float64)

    return certify(model, Candidate(row(point), row(dual), row(farkas_ray), row(ray)))


def verdict(claim: Certificate | None) -> Verdict | None:
    return None if claim is None else claim.verdict


INTEGER_PROGRAM = instance(
    [-5, -4],
    [[6, 4], [1, 2], [1, 1]],
    ([-INF, -INF, 1], [24, 6, INF]),
    ([0, 0], [INF, INF]),
    integer=[True, True],
)
"""LP optimum −21 at (3, 3/2) with y = (−3/4, −1/2, 0); integer optimum −20 at (4, 0)."""


# --- MILP scope -------------------------------------------------------------------------------------------


def test_integral_point_and_relaxation_bound_prove_a_gap_of_the_milp() -> None:
    claim = certified(INTEGER_PROGRAM, point=[4, 0], dual=[-0.75, -0.5, 0])

    assert claim is not None
    assert (claim.kind, claim.scope) == (CertificateKind.FEASIBLE, "instance")
    assert claim.verdict is Verdict.OPTIMAL
    assert claim.objective == -20.0
    assert claim.dual_bound == pytest.approx(-21.0)
    assert claim.gap == pytest.approx(0.05)
    assert "relaxation" in claim.statement


def test_points_are_rounded_first() -> None:
    claim = certified(INTEGER_PROGRAM, point=[3.8, 0.3])
    assert claim is not None
    assert claim.point is not None
    np.testing.assert_array_equal(claim.point, [4, 0])


def test_fractional_point_speaks_of_the_relaxation_only() -> None:
    claim = certified(INTEGER_PROGRAM, point=[3, 1.5], dual=[-0.75, -0.5, 0])

    assert claim is not None
    assert (claim.kind, claim.scope) == (CertificateKind.FEASIBLE, "relaxation")
    assert claim.verdict is None
    assert claim.residuals["integrality_residual"] == 0.5
    assert claim.dual_bound == pytest.approx(-21.0)


def test_trickle_through_a_big_coefficient_earns_no_verdict() -> None:
    # x ≤ 10⁶ z with x ≥ 1/2 and z ≤ 1/2 integer: z = 5·10⁻⁷ is integral within tolerance, the MILP is empty
    trickle = instance([1, 1], [[1, -1e6]], ([-INF], [0]), ([0.5, 0], [2, 0.5]), integer=[False, True])
    claim = certified(trickle, point=[0.5, 5e-7])
    assert verdict(claim) in (None, Verdict.INFEASIBLE)

    open_trickle = instance([1, 1], [[1, -1e6]], ([-INF], [0]), ([0.5, 0], [2, 1]), integer=[False, True])
    claim = certified(open_trickle, point=[0.5, 5e-7])
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.residuals["integrality_residual"] == pytest.approx(5e-7)
    assert claim.verdict is None


def test_integer_column_without_an_integer_in_its_bounds() -> None:
    claim = certified(instance([1, 0], [[1, 1]], ([0], [9]), ([0, 2.25], [5, 2.75]), integer=[False, True]))

    assert claim is not None
    assert claim.verdict is Verdict.INFEASIBLE
    assert "x1" in claim.statement
    assert claim.ray is not None
    assert not claim.ray.any()


def test_integer_bounds_are_rounded_inwards_but_not_past_noise() -> None:
    claim = certified(instance([2.0], [[1]], ([-INF], [9]), ([0.25], [7]), integer=[True]))
    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL
    assert claim.dual_bound == pytest.approx(2.0)

    noisy = certified(instance([2.0], [[1]], ([-INF], [9]), ([3 + 1e-9], [7]), integer=[True]))
    assert noisy is not None
    assert noisy.objective == 6.0


def test_farkas_ray_of_the_relaxation_proves_the_milp_infeasible() -> None:
    model = instance([1, 1], [[1, 1], [1, -1]], ([9, 4], [INF, INF]), ([0, 0], [6, 6]), [True, False])
    claim = certified(model, farkas_ray=[1, 1])  # 2a ≥ 13 although a ≤ 6
    assert claim is not None
    assert (claim.kind, claim.scope, claim.verdict) == ("infeasible", "instance", Verdict.INFEASIBLE)
    assert "MILP" in claim.statement


def test_unbounded_milp_needs_an_integral_point() -> None:
    model = instance([-1, 0], [[1, -2]], ([1], [1]), ([0, 0.25], [INF, INF]), integer=[True, False])
    claim = certified(model, point=[3, 1], ray=[2, 1])
    assert claim is not None
    assert claim.verdict is Verdict.UNBOUNDED
    assert "rational" in claim.statement

    fractional = certified(model, point=[1.5, 0.25], ray=[2, 1])
    assert verdict(fractional) is None


# --- precedence -------------------------------------------------------------------------------------------


def strip(width: float) -> Instance:
    """a + b ≥ 1 and a + b ≤ 1 − width: empty, but points within tolerance exist while width is small."""
    return instance([1, 2], [[1, 1], [1, 1]], ([1, -INF], [INF, 1 - width]), ([0, 0], [1, 1]))


def test_clear_farkas_ray_wins_over_a_point_within_tolerance() -> None:
    claim = certified(strip(4e-7), point=[0.5, 0.5], farkas_ray=[1, -1])
    assert verdict(claim) is Verdict.INFEASIBLE
    alone = certified(strip(4e-7), point=[0.5, 0.5])
    assert alone is not None
    assert alone.kind is CertificateKind.FEASIBLE
    assert 0 < alone.residuals["primal_residual"] <= 4.1e-7


def test_infeasibility_in_the_last_digits_yields_to_a_point_within_tolerance() -> None:
    assert verdict(certified(strip(1e-10), point=[0.5, 0.5], farkas_ray=[1, -1])) is Verdict.OPTIMAL
    assert verdict(certified(strip(1e-10), farkas_ray=[1, -1])) is Verdict.INFEASIBLE


def test_ray_and_bound_that_contradict_each_other_prove_nothing() -> None:
    step = 2.0**-43  # the rows differ by less than any tolerance: (−1, −1) seems a ray, y a dual solution
    model = instance([0, 1], [[1, -1], [1, step - 1]], ([0, 0], [0, 0]), ([-INF, -INF], [INF, INF]))
    ray, dual = [-1.0, -1.0], [-1 / step, 1 / step]
    assert verdict(certified(model, dual=dual)) is None  # beside such prices the costs are rounding
    assert verdict(certified(model, ray=ray)) is Verdict.UNBOUNDED

    both = certified(model, ray=ray, dual=dual)
    assert both is not None
    assert both.kind is CertificateKind.FEASIBLE
    assert both.verdict is None


# --- scaling games ----------------------------------------------------------------------------------------


def test_small_coefficient_is_no_zero() -> None:
    far = instance([1], [[1e-10]], ([1], [INF]), ([0], [INF]))  # feasible at x = 10¹⁰
    assert verdict(certified(far, farkas_ray=[1])) is None


def test_nearly_parallel_rows_are_not_parallel() -> None:
    far = instance([0, 1], [[1, -1], [-1, 1 + 1e-10]], ([1, 0], [INF, INF]), ([0, 0], [INF, INF]))
    assert verdict(certified(far, farkas_ray=[1, 1])) is None
    bounded = instance([-1, 0], [[1, -1], [1, 1e-10 - 1]], ([0, 0], [0, 0]), ([-INF] * 2, [INF] * 2))
    assert verdict(certified(bounded, point=[0, 0], ray=[1, 1])) is None  # only (0, 0) is feasible
    sloping = instance([1, -1 - 1e-10], [[1, -1]], ([0], [0]), ([-INF] * 2, [INF] * 2))
    assert verdict(certified(sloping, point=[0, 0], dual=[1])) is None  # unbounded along (1, 1)
    sharp = instance([-1e10, 1e10], [[1, -1]], ([-INF], [1]), ([0, 0], [INF, INF]))  # optimum −10¹⁰
    assert verdict(certified(sharp, ray=[1, 1 - 1e-13])) is None


def test_gain_left_over_from_cancelling_large_bounds_is_refused() -> None:
    thin = instance([0], [[1], [1 - 1e-13]], ([1e10, -INF], [INF, 1e10 - 5e-4]), ([-INF], [INF]))
    claim = certified(thin, point=[1e10], farkas_ray=[1, -1])  # feasible at 10¹⁰
    assert verdict(claim) is not Verdict.INFEASIBLE
    assert verdict(certified(thin, farkas_ray=[1, -1])) is not Verdict.INFEASIBLE


def test_small_objective_is_no_zero_objective() -> None:
    slope = instance([-1e-7, 0], [[1, -1]], ([-INF], [0]), ([0, 0], [INF, INF]))  # unbounded along (1, 1)
    assert verdict(certified(slope, point=[0, 0], dual=[0])) is None

    small = instance([1e-9, 1e-9], [[1, 1]], ([1], [INF]), ([0, 0], [9, 9]))
    claim = certified(small, point=[4, 1], dual=[1e-9])
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.gap == pytest.approx(4 / 5)


def test_small_row_is_no_satisfied_row() -> None:
    # a + b ≥ 1.8 and a − b ≥ 0.5 in the unit square, scaled by 10⁻⁹: empty
    scaled = instance([1, 1], [[1e-9, 1e-9], [1e-9, -1e-9]], ([1.8e-9, 5e-10], [INF, INF]), ([0, 0], [1, 1]))
    assert certified(scaled, point=[1, 0.7]) is None


def test_objective_below_the_bound_closes_no_gap() -> None:
    steep = instance([1e3], [[1]], ([1e-3], [INF]), ([0], [INF]))
    claim = certified(steep, point=[1e-3 - 9e-7], dual=[1e3])
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.residuals["violation_cost"] == pytest.approx(9e-4)
    assert claim.gap == pytest.approx(9e-4, rel=1e-2)


def test_rounding_error_of_huge_points_counts_as_violation() -> None:
    model = instance([-1, 0, 0], [[1, 1, -2]], ([0], [0]), ([-INF] * 3, [INF] * 3))
    claim = certified(model, point=[1e17, 4, 5e16])  # 10¹⁷ + 4 rounds to 10¹⁷, so the row seems to hold
    assert claim is not None
    assert claim.point is not None
    assert not claim.point.any()
