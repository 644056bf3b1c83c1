"""Set covering instances have the distribution their papers state."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families import FAMILIES, generate
from training.families.set_cover import _distinct

SMALL = {"rows": 20, "columns": 30, "density": 0.15}


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(FAMILIES["set-cover"], count, seed=0, size=size))


def test_the_standard_size() -> None:
    (instance,) = drawn(1)
    assert (instance.rows, instance.columns, instance.nonzeros) == (500, 1000, 25_000)
    assert instance.integers == 1000
    assert instance.objective_vector.mean() == pytest.approx(50.5, abs=4)


def test_every_row_and_column_has_what_it_needs() -> None:
    instances = drawn(200, **SMALL)
    costs = np.concatenate([instance.objective_vector for instance in instances])
    assert set(costs.tolist()) == set(map(float, range(1, 101)))
    least = []
    for instance in instances:
        matrix = instance.constraint_matrix
        assert instance.nonzeros == 90
        assert set(matrix.data.tolist()) == {1.0}
        least.append((np.diff(matrix.indptr).min(), np.bincount(matrix.indices, minlength=30).min()))
    assert np.min(least, axis=0).tolist() == [2, 1]


def test_places_are_uniform() -> None:
    total = sum(instance.constraint_matrix.toarray() for instance in drawn(2000, **SMALL)) / 2000
    assert total.min() > 0.1
    assert total.max() < 0.2
    assert total.mean() == pytest.approx(0.15)


def test_distinct_numbers() -> None:
    found = _distinct(np.random.default_rng(0), 4000, 4, 3)
    assert all(len(set(row)) == 3 for row in found.tolist())
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 24
    assert counts.min() > 110


def test_ones_cover_everything() -> None:
    (instance,) = drawn(1, **SMALL)
    assert (instance.constraint_matrix @ np.ones(30) >= 1).all()
    assert solve_highs(instance, time_limit=10.0).status.value == "optimal"


@pytest.mark.parametrize(
    "size",
    [{"density": 0.1}, {"density": 1.01}, {"rows": 1.5}, {"columns": 1}],
    ids=lambda size: next(iter(size)),
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"density|whole number"):
        drawn(1, **{**SMALL, **size})
