"""Sharpening near misses by least squares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from solvers.linear.purify import near_misses, purified


@pytest.mark.parametrize("sparse", [False, True])
def test_near_zero_entries_are_made_zero_and_zero_components_kept(sparse: bool) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(6, 4))
    vector = np.array([1.0, -2.0, 0.5, 0.0, 3.0, -1.0])
    matrix[0, :2] -= (vector @ matrix)[:2] / vector[0]  # entries 0 and 1 of the product vanish
    noisy = vector * (1 + 1e-6 * rng.normal(size=6))
    value, size = noisy @ matrix, np.abs(noisy) @ np.abs(matrix)
    noise = float((np.abs(value) / size)[:2].max())
    sharp = purified(
        noisy,
        -value,
        size,
        noise,
        csr_array(matrix) if sparse else matrix,
        np.array([True, True, True, False]),
    )
    np.testing.assert_allclose((sharp @ matrix)[:2], 0.0, atol=1e-15)
    np.testing.assert_allclose(sharp, vector, rtol=1e-5)
    assert sharp[3] == 0.0


def test_vector_without_near_zero_entries_is_returned() -> None:
    vector = np.array([1.0, 2.0])
    assert (
        purified(vector, np.array([-5.0]), np.array([5.0]), 1e-9, np.array([[1.0], [2.0]]), np.array([True]))
        is vector
    )


def test_near_misses_are_few_near_and_best_first() -> None:
    violation = np.array([0.0, 1e-6, 1e-9, 0.5, 1e-5, 1e-4])
    score = np.array([9.0, 2.0, 5.0, 8.0, -np.inf, 3.0])
    assert list(near_misses(violation, score)) == [2, 5]
    assert not len(near_misses(np.zeros(2), np.ones(2)))
