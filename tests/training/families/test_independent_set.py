"""Independent set instances stand for their graph, and the graph grows as Barabási and Albert state."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families.family import generate
from training.families.independent_set import (
    INDEPENDENT_SET,
    barabasi_albert,
    clique_partition,
    inequalities,
)


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(INDEPENDENT_SET, count, seed=0, size=size))


def edges_of(instance: Instance) -> list[tuple[int, int]]:
    """All pairs of nodes that share a row, one entry a shared row."""
    matrix = instance.constraint_matrix
    rows = np.split(matrix.indices, matrix.indptr[1:-1])
    return [pair for row in rows for pair in combinations(row.tolist(), 2)]


def test_the_standard_size() -> None:
    (instance,) = drawn(1)
    assert instance.columns == instance.integers == 500
    assert len(edges_of(instance)) == 496 * 4
    assert instance.maximize
    assert set(instance.objective_vector.tolist()) == {-1.0}
    assert set(instance.constraint_matrix.data.tolist()) == {1.0}
    assert set(instance.constraint_upper_bound.tolist()) == {1.0}
    assert set(instance.constraint_lower_bound.tolist()) == {-np.inf}


@pytest.mark.parametrize(("nodes", "affinity"), [(30, 4), (12, 3), (7, 1), (5, 4), (2, 1)])
def test_every_edge_lies_in_exactly_one_row_and_rows_hold_nothing_else(nodes: int, affinity: int) -> None:
    for seed in range(20):
        edges = barabasi_albert(np.random.default_rng(seed), nodes, affinity)
        pairs = [tuple(edge) for edge in edges.tolist()]
        assert len(set(pairs)) == len(pairs) == (nodes - affinity) * affinity
        assert (edges[:, 0] < edges[:, 1]).all()
        rows = inequalities(nodes, edges)
        covered = [pair for row in rows for pair in combinations(row, 2)]
        assert sorted(covered) == sorted(pairs)
        assert set().union(*rows) == set(range(nodes))


def test_neighbours_are_drawn_by_degree() -> None:
    """After node 2 the degrees are 1, 1 and 2: node 3 takes node 2 with probability ½ + 2 · ¼ · ⅔ = ⅚."""
    generator = np.random.default_rng(0)
    taken = np.array([barabasi_albert(generator, 4, 2)[2:, 0] for _ in range(3000)])
    assert (taken[:, 0] != taken[:, 1]).all()
    assert (taken == 2).any(axis=1).mean() == pytest.approx(5 / 6, abs=0.02)
    assert (taken == 0).any(axis=1).mean() == pytest.approx(7 / 12, abs=0.03)


def test_degrees_have_a_heavy_tail() -> None:
    edges = barabasi_albert(np.random.default_rng(0), 2000, 2)
    degree = np.bincount(edges.ravel())
    assert degree.min() >= 1
    # P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)): a half has m = 2 edges, a fifth has 3
    assert (degree == 2).mean() == pytest.approx(1 / 2, abs=0.04)
    assert (degree == 3).mean() == pytest.approx(1 / 5, abs=0.03)
    assert degree.max() > 40


def test_the_clique_partition_is_greedy() -> None:
    """Two triangles joined by an edge, and a node alone."""
    neighbours = [{1, 2}, {0, 2}, {0, 1, 3}, {2, 4, 5}, {3, 5}, {3, 4}, set()]
    assert clique_partition(neighbours) == [(2, 3), (0, 1), (4, 5), (6,)]
    assert clique_partition([{1, 2}, {0, 2}, {0, 1}]) == [(0, 1, 2)]


def test_optima_are_maximum_independent_sets() -> None:
    sets = np.array(list(product([0, 1], repeat=12)))
    for instance in drawn(5, nodes=12, affinity=3):
        independent = np.ones(len(sets), dtype=bool)
        for u, v in edges_of(instance):
            independent &= sets[:, u] + sets[:, v] <= 1
        solution = solve_highs(instance, time_limit=10.0)
        assert solution.status.value == "optimal"
        assert solution.primal is not None
        chosen = set(np.flatnonzero(solution.primal > 0.5).tolist())
        assert not any({u, v} <= chosen for u, v in edges_of(instance))
        assert len(chosen) == sets[independent].sum(axis=1).max()
        assert instance.in_own_sense(instance.objective(solution.primal)) == pytest.approx(len(chosen))


@pytest.mark.parametrize(
    "size",
    [{"affinity": 30}, {"affinity": 0}, {"nodes": 1}, {"nodes": 9.5}],
    ids=lambda size: "-".join(f"{key}{value}" for key, value in size.items()),
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"affinity must be smaller|whole number"):
        drawn(1, **{"nodes": 30, "affinity": 4, **size})
