"""Linear programs with known answers, agreement with HiGHS, proofs that `certify` accepts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import PrimalDualPoint
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.pdhg import PdhgOutcome, PdhgSettings, TerminationReason, solve_pdhg
from training.families import FAMILIES, generate

TIGHT = PdhgSettings(tolerance=1e-8)
INF = np.inf


def linear(
    cost: Sequence[float],
    matrix: Sequence[Sequence[float]],
    rows: Sequence[tuple[float, float]],
    columns: Sequence[tuple[float, float]],
    integers: Sequence[bool] | None = None,
) -> Instance:
    shape = (len(rows), len(columns))
    lower, upper = (np.array([side[k] for side in rows], dtype=float) for k in (0, 1))
    least, most = (np.array([side[k] for side in columns], dtype=float) for k in (0, 1))
    return Instance(
        name="by-hand",
        objective_vector=np.array(cost, dtype=float),
        constraint_matrix=csr_array(np.array(matrix, dtype=float).reshape(shape)),
        constraint_lower_bound=lower,
        constraint_upper_bound=upper,
        variable_lower_bound=least,
        variable_upper_bound=most,
        integrality=np.zeros(len(columns), dtype=bool) if integers is None else np.array(integers),
    )


def solved(instance: Instance, settings: PdhgSettings = TIGHT) -> PdhgOutcome:
    return solve_pdhg([instance], settings=settings)[0]


# min −3x − 5y: x ≤ 4, 2y ≤ 12, 3x + 2y ≤ 18, x, y ≥ 0. Optimum (2, 6) with −36; y = (0, −3/2, −1):
# c − Aᵀy = (−3 + 3, −5 + 3 + 2) = 0, and −3/2 · 12 − 18 = −36.
DANTZIG = linear(
    [-3, -5], [[1, 0], [0, 2], [3, 2]], [(-INF, 4), (-INF, 12), (-INF, 18)], [(0, INF), (0, INF)]
)


def test_a_program_solved_by_hand() -> None:
    found = solved(DANTZIG)
    assert found.reason is TerminationReason.CONVERGED
    np.testing.assert_allclose(found.primal, [2.0, 6.0], atol=1e-6)
    np.testing.assert_allclose(found.dual, [0.0, -1.5, -1.0], atol=1e-6)
    assert max(found.primal_error, found.dual_error, found.gap) <= 1e-8


def test_equality_range_free_and_fixed_columns() -> None:
    """min x + 2y − z + w: x + y + z = 4 (free x), 1 ≤ y − z ≤ 3, −inf ≤ 5x ≤ inf, 0 ≤ y ≤ 2, 0 ≤ z ≤
    1, w = 3.

    x = 4 − y − z makes the objective 4 + y − 2z + 3, which y = z + 1 makes 8 − z: least at z = 1, y =
    2, x = 1.
    """
    instance = linear(
        [1, 2, -1, 1],
        [[1, 1, 1, 0], [0, 1, -1, 0], [5, 0, 0, 0]],
        [(4, 4), (1, 3), (-INF, INF)],
        [(-INF, INF), (0, 2), (0, 1), (3, 3)],
    )
    found = solved(instance)
    assert found.reason is TerminationReason.CONVERGED
    np.testing.assert_allclose(found.primal, [1.0, 2.0, 1.0, 3.0], atol=1e-6)
    assert found.dual[2] == 0.0
    np.testing.assert_allclose(found.dual[0], 1.0, atol=1e-6)  # the free column's reduced cost is zero


def test_programs_without_rows_columns_or_entries() -> None:
    box = linear([1, -2, 0], [], [], [(-1, 5), (-3, 4), (-INF, INF)])
    nothing = linear([], [[], []], [(-1, 1), (0, INF)], [])
    impossible = linear([], [[], []], [(-1, 1), (2, INF)], [])
    empty_row = linear([1], [[0.0]], [(0, 3)], [(2, INF)])
    wrong_row = linear([1], [[0.0]], [(1, 3)], [(2, INF)])
    falls = linear([-1, 1], [[0, 1]], [(1, 2)], [(0, INF), (0, INF)])
    found = solve_pdhg([box, nothing, impossible, empty_row, wrong_row, falls], settings=TIGHT)
    reasons = [outcome.reason.name for outcome in found]
    assert reasons == ["CONVERGED", "CONVERGED", "INFEASIBLE", "CONVERGED", "INFEASIBLE", "UNBOUNDED"]
    np.testing.assert_allclose(found[0].primal, [-1.0, 4.0, 0.0])
    np.testing.assert_allclose(found[3].primal, [2.0])
    assert certify(falls, found[5].candidate()).kind is CertificateKind.UNBOUNDED  # type: ignore[union-attr]
    assert solve_pdhg([]) == []


def test_integers_are_relaxed_into_rounded_bounds() -> None:
    instance = linear([-1, -1], [[1, 1]], [(-INF, 3.5)], [(0.3, 2.7), (0, 9)], [True, False])
    found = solved(instance)
    assert 1.0 <= found.primal[0] <= 2.0
    assert instance.objective(found.primal) == pytest.approx(-3.5, abs=1e-6)
    without = linear([1], [[1]], [(0, 9)], [(0.2, 0.8)], [True])
    outcome = solved(without)
    assert outcome.reason is TerminationReason.INFEASIBLE
    assert certify(without, outcome.candidate()).kind is CertificateKind.INFEASIBLE  # type: ignore[union-attr]


@cache
def sample(family: str) -> tuple[list[Instance], list[ExactSolution]]:
    instances = [instance.relaxation() for instance in generate(FAMILIES[family], 24, seed=31)]
    return instances, [solve_highs(instance, time_limit=10.0) for instance in instances]


LPS = ("random-lp", "random-lp-infinite", "planted-lp", "transportation", "multicommodity-flow")
REASONS = {
    SolveStatus.OPTIMAL: TerminationReason.CONVERGED,
    SolveStatus.INFEASIBLE: TerminationReason.INFEASIBLE,
    SolveStatus.UNBOUNDED: TerminationReason.UNBOUNDED,
}


@pytest.mark.parametrize("family", LPS)
def test_agrees_with_highs(family: str) -> None:
    instances, truths = sample(family)
    found = solve_pdhg(instances, settings=replace(TIGHT, tolerance=1e-6))
    for instance, outcome, truth in zip(instances, found, truths, strict=True):
        assert outcome.reason is REASONS[truth.status]
        if truth.status is SolveStatus.OPTIMAL:
            assert truth.objective is not None
            assert instance.objective(outcome.primal) == pytest.approx(truth.objective, rel=1e-4, abs=1e-4)
        else:
            claim = certify(instance, outcome.candidate())
            assert claim is not None
            assert claim.kind.value == truth.status.value


def test_a_mixed_batch_is_what_its_items_are_alone() -> None:
    instances = [instance for family in LPS for instance in sample(family)[0][:3]]
    together = solve_pdhg(instances)
    for instance, outcome in zip(instances, together, strict=True):
        alone = solve_pdhg([instance])[0]
        assert outcome.reason is alone.reason
        if outcome.reason is TerminationReason.CONVERGED:
            scale = 1.0 + np.abs(alone.primal).max()
            assert outcome.iterations == alone.iterations
            np.testing.assert_allclose(outcome.primal, alone.primal, atol=1e-6 * scale)


def test_is_deterministic() -> None:
    instances = sample("random-lp-infinite")[0]
    first, second = solve_pdhg(instances), solve_pdhg(instances)
    for one, other in zip(first, second, strict=True):
        assert (one.reason, one.iterations) == (other.reason, other.iterations)
        np.testing.assert_array_equal(one.primal, other.primal)
        np.testing.assert_array_equal(one.dual, other.dual)


def test_a_start_at_the_optimum_ends_at_the_first_look() -> None:
    instances, truths = sample("planted-lp")
    optimal = [k for k, truth in enumerate(truths) if truth.status is SolveStatus.OPTIMAL]
    starts = [PrimalDualPoint(truths[k].primal, truths[k].dual) for k in optimal]  # type: ignore[arg-type]
    found = solve_pdhg([instances[k] for k in optimal], starts=starts)
    assert [outcome.iterations for outcome in found] == [0] * len(optimal)


def test_a_start_near_the_optimum_saves_iterations() -> None:
    start = PrimalDualPoint(np.array([2.01, 5.98]), np.array([0.0, -1.49, -1.01]))
    warm = solve_pdhg([DANTZIG, DANTZIG], starts=[start, None])
    assert warm[0].iterations < warm[1].iterations
    np.testing.assert_allclose(warm[0].primal, warm[1].primal, atol=1e-2)


def test_starts_are_moved_into_box_and_signs_and_checked() -> None:
    wild = PrimalDualPoint(np.array([-7.0, np.nan]), np.array([3.0, np.inf, -1.0]))
    found = solve_pdhg([DANTZIG], starts=[wild], settings=TIGHT)[0]
    np.testing.assert_allclose(found.primal, [2.0, 6.0], atol=1e-6)
    with pytest.raises(ValueError, match="shapes"):
        solve_pdhg([DANTZIG], starts=[PrimalDualPoint(np.zeros(3), np.zeros(3))])
    with pytest.raises(ValueError, match="2 starts for 1"):
        solve_pdhg([DANTZIG], starts=[None, None])


def test_limits_say_which() -> None:
    few = solved(DANTZIG, PdhgSettings(tolerance=1e-8, max_iterations=5))
    assert (few.reason, few.iterations) == (TerminationReason.ITERATION_LIMIT, 5)
    work = solved(DANTZIG, PdhgSettings(tolerance=1e-8, max_products=4 * 20))  # four nonzeros
    assert work.reason is TerminationReason.WORK_LIMIT
    assert work.iterations == 24  # the first look, one every eight steps, that finds twenty spent
    late = solve_pdhg([DANTZIG], settings=TIGHT, deadline=time.monotonic() - 1.0)[0]
    assert (late.reason, late.iterations) == (TerminationReason.TIME_LIMIT, 0)


def test_the_history_ends_with_the_outcome() -> None:
    instances = sample("transportation")[0][:6]
    for outcome in solve_pdhg(instances, history=True):
        looks = outcome.history
        assert looks[0].iterations == 0
        assert looks[-1].iterations == outcome.iterations
        assert (looks[-1].primal, looks[-1].dual, looks[-1].gap) == (
            outcome.primal_error,
            outcome.dual_error,
            outcome.gap,
        )
    assert solved(DANTZIG).history == ()


def test_the_offset_changes_nothing() -> None:
    moved = replace(DANTZIG, objective_offset=1e6)
    assert solved(moved).iterations == solved(DANTZIG).iterations


def test_units_change_nothing() -> None:
    """Sides and objective in other units: the same iterates, up to the ones in the tolerances."""
    other = replace(
        DANTZIG,
        objective_vector=1024.0 * DANTZIG.objective_vector,
        constraint_upper_bound=4.0 * DANTZIG.constraint_upper_bound,
    )
    found = solved(other, replace(TIGHT, tolerance=1e-10))
    np.testing.assert_allclose(found.primal, [8.0, 24.0], atol=1e-6)
    np.testing.assert_allclose(found.dual, [0.0, -1536.0, -1024.0], rtol=1e-6, atol=1e-4)
