"""Colour refinement against an exact one of dictionaries and tuples, and on instances with known colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from graphs.blocks import stack
from graphs.instance import Instance
from graphs.refinement import (
    ambiguous,
    are_indistinguishable,
    colour,
    foldable,
    is_foldable,
    refine,
    rounded,
    signatures,
)
from graphs.scaling import equilibrate

SEEDS = st.integers(0, 2**32 - 1)


def uniform(dense: ArrayLike, *, integer: bool = True) -> Instance:
    """min Σ x, A x = 1, 0 ≤ x ≤ 1: every node has the same data, so that only A tells nodes apart."""
    matrix = np.asarray(dense, dtype=np.float64)
    rows, columns = matrix.shape
    return Instance(
        name="uniform",
        objective_vector=np.ones(columns),
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=np.ones(rows),
        constraint_upper_bound=np.ones(rows),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.full(columns, integer),
    )


def cycles(*lengths: int) -> Instance:
    """x_j + x_k = 1 for each edge jk of disjoint cycles."""
    blocks = [np.eye(length) + np.roll(np.eye(length), 1, axis=1) for length in lengths]
    dense = np.zeros((sum(lengths), sum(lengths)))
    start = 0
    for block in blocks:
        dense[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return uniform(dense)


def path(columns: int) -> Instance:
    """x_1 + x_2 = 1, x_2 + x_3 = 1, …"""
    return uniform(np.eye(columns - 1, columns) + np.eye(columns - 1, columns, 1))


def tied(seed: int) -> Instance:
    """A small MILP with so few different numbers that many nodes look alike at first."""
    generator = np.random.default_rng(seed)
    rows, columns = int(generator.integers(1, 15)), int(generator.integers(1, 17))
    present = generator.random((rows, columns)) < 1.3 / np.sqrt(rows * columns)
    dense = present * generator.choice([1.0, 2.0], (rows, columns), p=[0.95, 0.05])
    return replace(
        uniform(dense),
        constraint_lower_bound=np.where(generator.random(rows) < 0.95, 1.0, -np.inf),
        variable_upper_bound=np.where(generator.random(columns) < 0.95, 1.0, np.inf),
        integrality=generator.random(columns) < 0.95,
    )


def normal(generator: np.random.Generator, rows: int, columns: int, entries: int) -> Instance:
    """A MILP with normal data, in the manner of the unfoldable ones of 2210.10759."""
    places = generator.choice(rows * columns, entries, replace=False)
    dense = np.zeros(rows * columns)
    dense[places] = generator.standard_normal(entries)
    bounds = np.sort(generator.normal(0, 10, (2, columns)), axis=0)
    return replace(
        uniform(dense.reshape(rows, columns)),
        objective_vector=0.01 * generator.standard_normal(columns),
        constraint_lower_bound=np.full(rows, -np.inf),
        constraint_upper_bound=generator.standard_normal(rows),
        variable_lower_bound=bounds[0],
        variable_upper_bound=bounds[1],
        integrality=generator.random(columns) < 0.5,
    )


def permuted(instance: Instance, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Instance:
    return replace(
        instance,
        constraint_matrix=csr_array(instance.constraint_matrix.toarray()[rows][:, columns]),
        constraint_lower_bound=instance.constraint_lower_bound[rows],
        constraint_upper_bound=instance.constraint_upper_bound[rows],
        objective_vector=instance.objective_vector[columns],
        variable_lower_bound=instance.variable_lower_bound[columns],
        variable_upper_bound=instance.variable_upper_bound[columns],
        integrality=instance.integrality[columns],
        constraint_names=(),
        variable_names=(),
    )


def shuffled(instance: Instance, generator: np.random.Generator) -> Instance:
    return permuted(instance, generator.permutation(instance.rows), generator.permutation(instance.columns))


def exact_colours(instances: Sequence[Instance]) -> list[tuple[list[int], list[int]]]:
    """Row and column colours of each instance, refined jointly without hashing; both sides at once."""
    names: dict[Hashable, int] = {}

    def name(key: Hashable) -> int:
        return names.setdefault(key, len(names))

    dense = [instance.constraint_matrix.toarray().tolist() for instance in instances]
    state = [
        (
            [
                name(("r", *pair))
                for pair in zip(
                    i.constraint_lower_bound.tolist(), i.constraint_upper_bound.tolist(), strict=True
                )
            ],
            [
                name(("c", *data))
                for data in zip(
                    i.objective_vector.tolist(),
                    i.variable_lower_bound.tolist(),
                    i.variable_upper_bound.tolist(),
                    i.integrality.tolist(),
                    strict=True,
                )
            ],
        )
        for i in instances
    ]
    for _ in range(sum(i.rows + i.columns for i in instances)):
        state = [
            (
                [name((c, _neighbours(a, columns))) for c, a in zip(rows, matrix, strict=True)],
                [name((c, _neighbours([line[j] for line in matrix], rows))) for j, c in enumerate(columns)],
            )
            for matrix, (rows, columns) in zip(dense, state, strict=True)
        ]
    return state


def _neighbours(coefficients: Sequence[float], colours: Sequence[int]) -> Hashable:
    return tuple(sorted((a, c) for a, c in zip(coefficients, colours, strict=True) if a))


def partition(colours: Sequence[int]) -> list[int]:
    """For each node the first one of its colour: equal for equal partitions."""
    first: dict[int, int] = {}
    return [first.setdefault(c, k) for k, c in enumerate(colours)]


@pytest.mark.parametrize("start", range(0, 160, 40))
def test_partitions_are_those_of_exact_refinement(start: int) -> None:
    instances = [tied(seed) for seed in range(start, start + 40)]
    blocks = stack(instances)
    found = colour(blocks)
    row_masks, column_masks = ambiguous(blocks, found)
    for k, instance in enumerate(instances):
        ((rows, columns),) = exact_colours([instance])
        row_mask, column_mask = row_masks[blocks.row_block == k], column_masks[blocks.column_block == k]
        assert partition(found.row_colour[blocks.row_block == k].tolist()) == partition(rows)
        assert partition(found.column_colour[blocks.column_block == k].tolist()) == partition(columns)
        assert (found.row_classes[k], found.column_classes[k]) == (len(set(rows)), len(set(columns)))
        assert row_mask.tolist() == [Counter(rows)[c] > 1 for c in rows]
        assert column_mask.tolist() == [Counter(columns)[c] > 1 for c in columns]
        assert is_foldable(instance) == (row_mask.any() or column_mask.any())
    assert len(set(found.rounds.tolist())) > 2, "the instances should need different numbers of rounds"
    assert 0 < np.count_nonzero(found.row_classes < blocks.row_sizes) < len(instances)


def test_indistinguishable_is_what_exact_refinement_says_of_pairs() -> None:
    generator = np.random.default_rng(5)
    shapes = [tuple(sorted(generator.integers(2, 6, 3).tolist())) for _ in range(12)]
    pool = [cycles(*shape) for shape in shapes] + [cycles(12), cycles(6, 6), path(7), path(5)]
    # the same degrees everywhere on one side, different ones on the other: stable at once, yet not alike
    pool += [uniform(np.ones((6, 6))), uniform(np.kron(np.eye(2), np.ones((3, 3))))]
    answers = Counter[bool]()
    for one in pool:
        for other in pool:
            (rows, columns), (other_rows, other_columns) = exact_colours([one, other])
            expected = Counter(rows) == Counter(other_rows) and Counter(columns) == Counter(other_columns)
            assert are_indistinguishable(one, other) == expected
            answers[expected] += one is not other
    assert min(answers[True], answers[False]) > 10


def test_the_hexagon_and_two_triangles() -> None:
    hexagon, triangles = cycles(6), cycles(3, 3)
    assert are_indistinguishable(hexagon, triangles)
    assert foldable([hexagon, triangles]).all()
    assert not are_indistinguishable(hexagon, replace(triangles, objective_vector=np.full(6, 2.0)))
    assert not are_indistinguishable(hexagon, cycles(5))
    found = colour([hexagon, triangles])
    assert len(set(found.row_colour.tolist())) == len(set(found.column_colour.tolist())) == 1
    assert found.rounds.tolist() == [0, 0]


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_permutations_permute_the_colours(seed: int) -> None:
    generator = np.random.default_rng(seed)
    instance = tied(seed)
    rows, columns = generator.permutation(instance.rows), generator.permutation(instance.columns)
    found, moved = colour([instance]), colour([permuted(instance, rows, columns)])
    np.testing.assert_array_equal(moved.row_colour, found.row_colour[rows])
    np.testing.assert_array_equal(moved.column_colour, found.column_colour[columns])
    assert are_indistinguishable(instance, shuffled(instance, generator))


def test_normal_data_is_unfoldable_until_something_is_repeated() -> None:
    generator = np.random.default_rng(1)
    instances = [normal(generator, 10, 50, 100) for _ in range(40)]
    assert not foldable(instances).any()
    for instance in instances[:5]:
        rows, columns = np.arange(10), np.arange(50)
        twin_column = permuted(instance, rows, np.append(columns, 7))
        twin_row = permuted(instance, np.append(rows, 3), columns)
        assert foldable([twin_column, twin_row]).tolist() == [True, True]
        blocks = stack([twin_row, instance, twin_column])
        row_mask, column_mask = ambiguous(blocks, colour(blocks))
        assert np.flatnonzero(row_mask).tolist() == [3, 10]
        assert np.flatnonzero(column_mask).tolist() == [100 + 7, 100 + 50]


@pytest.mark.parametrize("column", range(3))
@pytest.mark.parametrize(
    "attribute", ["objective_vector", "variable_lower_bound", "variable_upper_bound", "integrality"]
)
def test_every_datum_of_a_variable_counts(attribute: str, column: int) -> None:
    plain = uniform(np.ones((2, 3)))
    changed = getattr(plain, attribute).copy()
    changed[column] = 0.5 if attribute != "integrality" else False
    data: dict[str, Any] = {attribute: changed}
    found = colour([replace(plain, **data)])
    others = np.delete(found.column_colour, column)
    assert others[0] == others[1] != found.column_colour[column]


@pytest.mark.parametrize("attribute", ["constraint_lower_bound", "constraint_upper_bound"])
def test_every_side_of_a_constraint_counts(attribute: str) -> None:
    plain = uniform(np.ones((3, 2)))
    side = -np.inf if attribute == "constraint_lower_bound" else np.inf
    data: dict[str, Any] = {attribute: np.array([1.0, side, 1.0])}
    found = colour([replace(plain, **data)])
    assert found.row_colour[0] == found.row_colour[2] != found.row_colour[1]


def test_which_coefficient_goes_with_which_neighbour_counts() -> None:
    """Both rows hold a 1 and a 2, and one column of each cost; only the pairs differ."""
    instance = replace(uniform([[1, 2], [2, 1]]), objective_vector=np.array([1.0, 3.0]))
    assert not is_foldable(instance)
    assert is_foldable(replace(instance, objective_vector=np.ones(2)))


def test_knowledge_travels_down_a_path() -> None:
    found = colour([path(20)])
    np.testing.assert_array_equal(found.column_colour, found.column_colour[::-1])
    assert found.column_classes == 10
    assert found.row_classes == 10  # nine mirrored pairs and the row in the middle
    assert found.rounds[0] > 3
    marked = replace(path(20), objective_vector=np.append(np.ones(19), 2.0))
    assert not is_foldable(marked)


def test_rounds_can_be_bounded() -> None:
    """A path of 200 nodes looks the same from its middle until the ends are known there."""
    blocks = stack([path(200)])
    keys = (np.ones((len(blocks.row_block), 1)), np.ones((len(blocks.column_block), 1)))
    few = refine(blocks, *keys, blocks.values, most_rounds=3)
    assert few.rounds.tolist() == [3]
    whole = refine(blocks, *keys, blocks.values)
    assert whole.rounds[0] > 30
    assert few.column_classes[0] < whole.column_classes[0]


def test_a_batch_gives_what_each_instance_gives_alone() -> None:
    generator = np.random.default_rng(3)
    instances = [tied(seed) for seed in range(30)] + [
        path(9),
        cycles(6),
        normal(generator, 4, 6, 9),
        path(30),
    ]
    instances = [instances[k] for k in generator.permutation(len(instances))]
    blocks = stack(instances)
    batch = colour(blocks)
    words = signatures(blocks, batch)
    for k, instance in enumerate(instances):
        alone = colour([instance])
        np.testing.assert_array_equal(batch.row_colour[blocks.row_block == k], alone.row_colour)
        np.testing.assert_array_equal(batch.column_colour[blocks.column_block == k], alone.column_colour)
        assert batch.rounds[k] == alone.rounds[0]
        assert words[k] == signatures(stack([instance]), alone)[0]


def test_an_lp_is_not_its_integer_twin() -> None:
    lp = uniform(np.eye(2, 3), integer=False)
    assert not are_indistinguishable(lp, uniform(np.eye(2, 3)))
    assert are_indistinguishable(lp, lp.relaxation())


def test_minus_zero_is_zero() -> None:
    instance = uniform(np.eye(3))
    minus = replace(instance, variable_lower_bound=np.array([-0.0, 0.0, -0.0]))
    np.testing.assert_array_equal(colour([minus]).column_colour, colour([instance]).column_colour)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 2)])
def test_instances_without_rows_columns_or_entries(shape: tuple[int, int]) -> None:
    empty = uniform(np.zeros(shape))
    assert is_foldable(empty) == (max(shape) > 1)
    assert are_indistinguishable(empty, empty)
    assert not are_indistinguishable(empty, uniform(np.zeros((4, 4))))
    assert foldable([cycles(3), empty, path(2)]).tolist() == [True, max(shape) > 1, True]


def test_no_instances_at_all() -> None:
    found = colour([])
    assert foldable([]).shape == found.rounds.shape == found.row_colour.shape == (0,)


def test_rounded_keeps_what_is_special_and_moves_little() -> None:
    np.testing.assert_array_equal(rounded(np.array([np.inf, -np.inf, 1.0, -3.0])), [np.inf, -np.inf, 1, -3])
    assert not np.signbit(rounded(np.array([-0.0])))[0]
    generator = np.random.default_rng(0)
    values = generator.standard_normal((500, 3)) * 10.0 ** generator.integers(-200, 200, (500, 3))
    kept = rounded(values)
    assert np.all(np.abs(kept - values) <= 2.0**-21 * np.abs(values))
    np.testing.assert_array_equal(rounded(kept), kept)
    np.testing.assert_array_equal(rounded(-values), -kept)
    assert len(set(rounded(np.array([0.3, 0.1 + 0.2, 0.3 - 1e-15])).tolist())) == 1
    assert len(set(rounded(np.array([1.0, 1.0 - 1e-6, 1.0 + 2e-6, -1.0])).tolist())) == 4


def test_rounding_errors_of_equilibration_split_nothing() -> None:
    """Columns that differ in their units alone become equal up to rounding errors."""
    generator = np.random.default_rng(2)
    base = normal(generator, 6, 4, 20)
    twins = permuted(base, np.arange(6), np.repeat(np.arange(4), 3))
    units = np.exp(generator.normal(size=12))
    instance = replace(
        twins,
        constraint_matrix=csr_array(twins.constraint_matrix.toarray() * units),
        variable_lower_bound=twins.variable_lower_bound / units,
        variable_upper_bound=twins.variable_upper_bound / units,
        integrality=np.zeros(12, dtype=np.bool_),
    )
    blocks = stack([instance])
    factors = equilibrate(blocks)
    sides = np.stack([blocks.row_lower, blocks.row_upper], axis=1) * factors.row_scale[:, None]
    boxes = np.stack([blocks.column_lower, blocks.column_upper], axis=1) / factors.column_scale[:, None]
    values = factors.row_scale[blocks.entry_row] * blocks.values * factors.column_scale[blocks.entry_column]
    found = refine(blocks, rounded(sides), rounded(boxes), rounded(values))
    assert partition(found.column_colour.tolist()) == np.repeat([0, 3, 6, 9], 3).tolist()
    assert refine(blocks, sides, boxes, values).column_classes[0] > 4


def test_colours_are_the_same_on_every_machine() -> None:
    blocks = stack([cycles(6)])
    assert hex(signatures(blocks, colour(blocks))[0]) == "0xf1a3e8307d7e3b04"
