"""The random LPs have the distribution their papers state."""

from __future__ import annotations

import numpy as np
import pytest

from training.families import FAMILIES, generate


def test_distribution() -> None:
    drawn = list(generate(FAMILIES["random-lp"], 300, seed=0))
    values = np.concatenate([instance.constraint_matrix.data for instance in drawn])
    costs = np.concatenate([instance.objective_vector for instance in drawn])
    equal = np.mean(
        [instance.constraint_lower_bound == instance.constraint_upper_bound for instance in drawn]
    )
    lower = np.concatenate([instance.variable_lower_bound for instance in drawn])
    upper = np.concatenate([instance.variable_upper_bound for instance in drawn])
    assert all((i.rows, i.columns, i.nonzeros) == (10, 50, 100) for i in drawn)
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.02)
    assert np.abs(costs).max() <= 0.01
    assert costs.std() == pytest.approx(0.01 / np.sqrt(3), rel=0.03)
    assert equal == pytest.approx(0.3, abs=0.03)
    # the smaller and larger of two N(0, 10²) draws have means ∓10/√π
    assert lower.mean() == pytest.approx(-10 / np.sqrt(np.pi), rel=0.03)
    assert upper.mean() == pytest.approx(10 / np.sqrt(np.pi), rel=0.03)


def test_infinite_bounds() -> None:
    drawn = list(generate(FAMILIES["random-lp-infinite"], 200, seed=0))
    sides = np.concatenate([[i.variable_lower_bound, i.variable_upper_bound] for i in drawn], axis=None)
    assert np.isinf(sides).mean() == pytest.approx(0.05, abs=0.006)


def test_a_stream_does_not_depend_on_how_it_is_cut() -> None:
    family = FAMILIES["random-lp"]
    whole = [instance.sha256 for instance in generate(family, 6, seed=4)]
    parts = [instance.sha256 for k in (0, 3) for instance in generate(family, 3, seed=4, first=k)]
    other = [instance.sha256 for instance in generate(family, 6, seed=5)]
    assert whole == parts
    assert not set(whole) & set(other)


def test_families_share_nothing() -> None:
    one, other = (
        {instance.sha256 for instance in generate(FAMILIES[name], 50, seed=1, size={"infinite": 0.0})}
        for name in ("random-lp", "random-lp-infinite")
    )
    assert not one & other


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no size parameter 'row'"):
        list(generate(FAMILIES["random-lp"], 1, seed=0, size={"row": 3}))
