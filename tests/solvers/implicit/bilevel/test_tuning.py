"""The penalty found is that of a fine search, by whatever hypergradients; limits and bad input are said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from solvers.implicit.bilevel.hypergradient import FullImplicit, Inverse, ShineInverse
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression
from solvers.implicit.bilevel.tuning import TuningOptions, TuningStep, search, tune, tune_regularization
from solvers.implicit.errors import InvalidProgram
from solvers.iteration import TerminationReason

WIDTH = 30


def arrays(seed: int = 0) -> tuple[Any, ...]:
    generator = np.random.default_rng(seed)
    features = generator.standard_normal((200, WIDTH))
    labels = (features[:, :5].sum(1) + 1.5 * generator.standard_normal(200) > 0.0).astype(int)
    return features[:80], labels[:80], features[80:], labels[80:]


def problem() -> LogisticRegression:
    training, labels, held_out, others = (torch.from_numpy(array) for array in arrays())
    return LogisticRegression(Examples.of(training, labels), Examples.of(held_out, others))


@pytest.fixture(scope="module")
def least() -> tuple[float, float]:
    """log λ and the loss held out of a fine search."""
    found = search(problem(), np.linspace(1.0, -6.0, 71).tolist(), TuningOptions(least_tolerance=1e-6))
    return found.alpha, found.outer


@pytest.mark.parametrize(
    "inverse",
    [
        FullImplicit(),
        FullImplicit(5),
        ShineInverse(),
        ShineInverse(refinements=5),
        ShineInverse(outer_every=3),
    ],
    ids=repr,
)
def test_the_penalty_is_that_of_a_fine_search(inverse: Inverse, least: tuple[float, float]) -> None:
    seen: list[TuningStep] = []
    found = tune(problem(), TuningOptions(inverse), watch=lambda step, w: seen.append(step))
    assert found.reason is TerminationReason.CONVERGED
    assert found.outer <= 1.002 * least[1]
    assert abs(found.alpha - least[0]) < 0.4
    assert tuple(seen) == found.steps
    assert found.outer == pytest.approx(problem().validation.loss(found.w))
    assert float(problem().inner(found.w, found.alpha).gradient.norm()) < 1e-4
    needs_products = inverse in (FullImplicit(), FullImplicit(5), ShineInverse(refinements=5))
    assert (sum(step.products for step in found.steps) > 0) == needs_products


def test_the_range_is_kept() -> None:
    found = tune(problem(), TuningOptions(FullImplicit(), start=1.0, least=0.5, most=2.0))
    assert found.alpha == 0.5
    assert found.reason is TerminationReason.CONVERGED


def test_limits_are_said() -> None:
    found = tune(problem(), TuningOptions(max_steps=3))
    assert found.reason is TerminationReason.ITERATION_LIMIT
    assert len(found.steps) == 3
    found = tune(problem(), TuningOptions(time_limit=1e-9))
    assert found.reason is TerminationReason.TIME_LIMIT
    found = tune(problem(), TuningOptions(max_iterations=1, first_tolerance=1e-6))
    assert found.reason is TerminationReason.ITERATION_LIMIT
    assert len(found.steps) == 1


def test_a_search_keeps_its_best_and_not_its_last() -> None:
    found = search(problem(), [2.0, -2.0, -8.0])
    assert found.alpha == -2.0
    assert found.outer == min(step.outer for step in found.steps)
    assert problem().validation.loss(found.w) == pytest.approx(found.outer)


def test_arrays_of_numpy_will_do(least: tuple[float, float]) -> None:
    found = tune_regularization(*arrays())
    assert found.outer <= 1.002 * least[1]
    training, labels, held_out, others = arrays()
    with pytest.raises(InvalidProgram, match="other features"):
        tune_regularization(training, labels, held_out[:, 1:], others)


@pytest.mark.parametrize(
    "setting",
    [{"start": 11.0}, {"decrease": 0.0}, {"settled": 0.0}, {"first_step": float("nan")}, {"memory": 0}],
)
def test_settings_out_of_range_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        TuningOptions(**setting)
