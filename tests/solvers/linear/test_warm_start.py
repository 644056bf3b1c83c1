"""Warm starts: completed predictions, limits, order, and what they prove and save."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate, PrimalDualPoint
from graphs.prediction import Prediction, Verdict
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.pdhg import solve_pdhg
from solvers.linear.proximal import ProximalSettings
from solvers.linear.warm_start import completed_points, is_completed, warm_starts
from training.families import FAMILIES, generate

SHARE = (1.0, 0.0, 0.0)
LPS = ("random-lp", "random-lp-infinite", "transportation", "planted-lp")


def said(point: np.ndarray, dual: np.ndarray) -> Prediction:
    return Prediction(Verdict.OPTIMAL, SHARE, 1.0, 0.0, 0.0, point, dual, Candidate())


def solved(families: tuple[str, ...], number: int, seed: int) -> tuple[list[Instance], list[Prediction]]:
    """Instances with an optimum, and what a network a tenth off says of them."""
    generator = np.random.default_rng(seed)
    instances, predictions = [], []
    for family in families:
        for instance in generate(FAMILIES[family], number, seed=seed):
            exact = solve_highs(instance, time_limit=10.0)
            if exact.status is SolveStatus.OPTIMAL:
                assert exact.primal is not None
                assert exact.dual is not None
                noisy = [
                    vector + 0.1 * np.abs(vector).mean() * generator.standard_normal(len(vector))
                    for vector in (exact.primal, exact.dual)
                ]
                instances.append(instance)
                predictions.append(said(*noisy))
    return instances, predictions


def test_most_are_optima_and_are_certified_before_any_iteration() -> None:
    instances, predictions = solved(LPS, 14, 11)
    starts = warm_starts(instances, predictions)
    kinds = [
        certify(instance, Candidate(start.primal[None, :], start.dual[None, :]))
        for instance, start in zip(instances, starts, strict=True)
    ]
    optimal = [claim is not None and claim.kind is CertificateKind.OPTIMAL for claim in kinds]
    as_said = [
        certify(instance, Candidate(told.solution[None, :], told.dual[None, :]))
        for instance, told in zip(instances, predictions, strict=True)
    ]
    assert not any(claim is not None and claim.kind is CertificateKind.OPTIMAL for claim in as_said)
    assert np.mean(optimal) >= 0.6


def test_fewer_iterations_than_from_the_prediction_itself() -> None:
    instances, predictions = solved(LPS, 10, 12)
    starts = [PrimalDualPoint(told.solution, told.dual) for told in predictions]
    before = [outcome.iterations for outcome in solve_pdhg(instances, starts=starts)]
    after = [
        outcome.iterations for outcome in solve_pdhg(instances, starts=warm_starts(instances, predictions))
    ]
    assert np.log(np.maximum(after, 1)).mean() <= np.log(np.maximum(before, 1)).mean() + np.log(0.5)


def test_order_and_repetition() -> None:
    instances, predictions = solved(("transportation", "planted-lp"), 5, 13)
    first, again = warm_starts(instances, predictions), warm_starts(instances, predictions)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.primal, other.primal)
        np.testing.assert_array_equal(one.dual, other.dual)
    turned = warm_starts(instances[::-1], predictions[::-1])[::-1]
    for instance, one, other in zip(instances, first, turned, strict=True):
        assert one.primal.shape == (instance.columns,)
        assert one.dual.shape == (instance.rows,)
        value, other_value = (instance.objective_vector @ start.primal for start in (one, other))
        assert value == pytest.approx(other_value, rel=1e-3, abs=1e-3)


def chain(rows: int) -> Instance:
    """min Σ x over x_i + x_{i+1} ≥ 1, 0 ≤ x ≤ 1."""
    matrix = csr_array(np.eye(rows, rows + 1) + np.eye(rows, rows + 1, 1))
    return Instance(
        name=f"chain-{rows}",
        objective_vector=np.ones(rows + 1),
        constraint_matrix=matrix,
        constraint_lower_bound=np.ones(rows),
        constraint_upper_bound=np.full(rows, np.inf),
        variable_lower_bound=np.zeros(rows + 1),
        variable_upper_bound=np.ones(rows + 1),
        integrality=np.zeros(rows + 1, dtype=bool),
    )


def test_too_many_rows_start_at_the_prediction() -> None:
    small, large = chain(100), chain(101)
    assert is_completed(small)
    assert not is_completed(large)
    told = [said(np.full(i.columns, 0.5), np.zeros(i.rows)) for i in (large, small)]
    started, completed = warm_starts([large, small], told)
    np.testing.assert_array_equal(started.primal, told[0].solution)
    np.testing.assert_array_equal(started.dual, told[0].dual)
    assert np.abs(completed.dual).max() > 0.0
    assert completed_points([large], [None]) == [None]


def test_only_where_an_optimum_is_likeliest() -> None:
    instance = chain(5)
    told = said(np.full(6, 0.5), np.zeros(5))
    doubtful = replace(told, verdict=Verdict.ABSTAIN, probabilities=(0.4, 0.3, 0.3))
    infeasible = replace(told, verdict=Verdict.INFEASIBLE, probabilities=(0.3, 0.6, 0.1))
    completed, also, left = warm_starts([instance] * 3, [told, doubtful, infeasible])
    assert np.abs(completed.dual).max() > 0.0
    np.testing.assert_array_equal(also.dual, completed.dual)
    np.testing.assert_array_equal(left.dual, told.dual)


def test_nothing_finite_nothing_at_all_and_empty_instances() -> None:
    instance = chain(3)
    [start] = warm_starts([instance], [said(np.full(4, np.nan), np.full(3, np.inf))])
    assert np.isfinite(start.primal).all()
    assert np.isfinite(start.dual).all()
    assert warm_starts([], []) == []
    empty = replace(
        instance,
        constraint_matrix=csr_array((0, 4)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        constraint_names=[],
    )
    assert not is_completed(empty)
    [start] = warm_starts([empty], [said(np.ones(4), np.zeros(0))])
    np.testing.assert_array_equal(start.primal, np.ones(4))


def test_no_steps_give_the_prediction_in_its_box_and_starts_are_counted() -> None:
    instance = chain(3)
    told = said(np.array([2.0, -1.0, 0.5, 0.0]), np.array([1.0, -1.0, 0.0]))
    [start] = warm_starts([instance], [told], settings=ProximalSettings(steps=0))
    np.testing.assert_allclose(start.primal, [1.0, 0.0, 0.5, 0.0])
    np.testing.assert_allclose(start.dual, [1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="starts"):
        completed_points([instance], [])
