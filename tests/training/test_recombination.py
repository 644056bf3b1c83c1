"""Blocks are taken whole, from instances of the same structure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphs.instance import Instance
from training.families import FAMILIES, generate
from training.recombination import recombine, same_structure, structure_hash

PLAN = {"products": 2, "periods": 3, "resources": 1}


def plans(count: int) -> list[Instance]:
    return list(generate(FAMILIES["production-plan"], count, seed=1, size=PLAN))


def test_every_block_is_that_of_one_donor() -> None:
    first, *others = plans(4)
    seen = set()
    for seed in range(30):
        made = recombine(first, others, np.random.default_rng(seed))
        for name in ("objective_vector", "constraint_upper_bound", "variable_upper_bound"):
            donors = [np.array_equal(getattr(made, name), getattr(one, name)) for one in (first, *others)]
            assert any(donors)
            seen.add((name, donors.index(True)))
        lower = [
            np.array_equal(made.constraint_lower_bound, one.constraint_lower_bound)
            for one in (first, *others)
        ]
        upper = [
            np.array_equal(made.constraint_upper_bound, one.constraint_upper_bound)
            for one in (first, *others)
        ]
        assert lower == upper
    assert {donor for name, donor in seen if name == "objective_vector"} == {0, 1, 2, 3}


def test_what_has_the_same_structure() -> None:
    first, second = plans(2)
    assert first.sha256 != second.sha256
    assert same_structure(first, second)
    assert structure_hash(first) == structure_hash(second)


@pytest.mark.parametrize(
    "change",
    [
        {"variable_upper_bound": np.ones(18)},  # some were infinite
        {"integrality": np.ones(18, dtype=np.bool_)},
        {"maximize": True},
        {"variable_lower_bound": np.repeat([0.0, 1.0], [17, 1])},  # fixes the last
    ],
)
def test_what_has_another(change: dict[str, object]) -> None:
    (first,) = plans(1)
    other = replace(first, **change)  # type: ignore[arg-type]
    assert not same_structure(first, other)
    assert structure_hash(first) != structure_hash(other)


def test_another_pattern_of_the_same_size_is_another_structure() -> None:
    first, second = generate(FAMILIES["random-lp"], 2, seed=0, size={"rows": 3, "columns": 5, "nonzeros": 7})
    assert not same_structure(first, second)
    assert structure_hash(first) != structure_hash(second)
