"""Every instance is in one class of size, and there are few."""

from __future__ import annotations

import numpy as np

from training.size_classes import MOST, size_classes


def test_few_sizes_are_classes_of_their_own() -> None:
    sizes = np.array([[10, 50, 100], [5, 25, 40], [10, 50, 99]])
    classes = {name: members.tolist() for name, members in size_classes(sizes)}
    assert classes == {"5 × 25": [False, True, False], "10 × 50": [True, False, True]}
    assert list(classes) == ["5 × 25", "10 × 50"]


def test_many_sizes_are_parted_by_doubling_nonzeros() -> None:
    nonzeros = [100, 150, 199, 200, 399, 1600, 3300]
    sizes = np.array([[k, k, nonzero] for k, nonzero in enumerate(nonzeros, start=1)])
    classes = {name: np.flatnonzero(members).tolist() for name, members in size_classes(sizes)}
    assert classes == {
        "100–199 nz": [0, 1, 2],
        "200–399 nz": [3, 4],
        "1,600 nz": [5],
        "3,300 nz": [6],
    }


def test_a_wide_range_has_few_classes_that_share_nothing_out_twice() -> None:
    generator = np.random.default_rng(0)
    nonzeros = np.exp2(generator.uniform(0, 20, 500)).astype(np.int64)
    nonzeros[0] = 0
    sizes = np.stack([np.arange(500), np.arange(500), nonzeros], axis=1)
    members = np.stack([chosen for _, chosen in size_classes(sizes)])
    assert 2 < len(members) <= MOST
    assert (members.sum(0) == 1).all()
    tops = [nonzeros[chosen].max() for chosen in members]
    assert tops == sorted(tops)
