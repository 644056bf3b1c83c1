"""The area under the ROC curve is the share of pairs in the right order."""

from __future__ import annotations

import numpy as np
import pytest

from training.families import FAMILIES, generate
from training.separation import Separation, binaries


def area(values: list[float], labels: list[float]) -> float:
    separation = Separation()
    separation.add(np.array(values), np.array(labels))
    return separation.area


def test_area_by_hand() -> None:
    """Pairs (one, zero): 0.9 beats both; 0.4 beats 0.1 and ties with 0.4: 3.5 of 4."""
    assert area([0.1, 0.4, 0.4, 0.9], [0.0, 0.0, 1.0, 1.0]) == pytest.approx(3.5 / 4)
    assert area([0.0, 1.0], [1.0, 0.0]) == 0.0
    assert np.isnan(area([0.3, 0.4], [1.0, 1.0]))


def test_area_of_many_is_the_share_of_pairs() -> None:
    generator = np.random.default_rng(0)
    values = generator.random(400)
    labels = (generator.random(400) < values**2).astype(np.float64)
    ones, zeros = values[labels == 1], values[labels == 0]
    share = (ones[:, None] > zeros[None, :]).mean()
    separation = Separation()
    for part in np.split(np.arange(400), 8):
        separation.add(values[part], labels[part])
    assert len(separation) == 400
    assert separation.area == pytest.approx(share, abs=1e-4)


def test_values_that_are_no_numbers_help_nobody() -> None:
    assert area([np.nan, np.nan, 0.2, 0.6], [0.0, 1.0, 0.0, 1.0]) == pytest.approx(1 / 4)


def test_binaries_are_integer_columns_between_0_and_1() -> None:
    (lp,) = generate(FAMILIES["random-lp"], 1, seed=0)
    assert not binaries(lp).any()
    size = {"rows": 5, "columns": 10, "density": 0.4}
    (cover,) = generate(FAMILIES["set-cover"], 1, seed=0, size=size)
    assert binaries(cover).all()
    cover.variable_upper_bound[0] = 2.0
    cover.variable_lower_bound[1] = 1.0
    assert binaries(cover).tolist() == [False, False, *([True] * 8)]
