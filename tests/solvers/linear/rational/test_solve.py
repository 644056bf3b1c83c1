"""Exact solutions of square systems, against elimination in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from solvers.linear.rational.solve import SolveLimits, solve_exactly

Matrix = list[list[int]]


def rows_of(matrix: Matrix) -> list[list[tuple[int, int]]]:
    return [[(j, value) for j, value in enumerate(row) if value] for row in matrix]


def eliminated(matrix: Matrix, rhs: list[int]) -> list[Fraction] | None:
    """Gauss–Jordan in fractions; None for a singular matrix."""
    size = len(matrix)
    table = [[Fraction(value) for value in [*row, right]] for row, right in zip(matrix, rhs, strict=True)]
    for k in range(size):
        pivot = next((i for i in range(k, size) if table[i][k]), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [value / table[k][k] for value in table[k]]
        for i in range(size):
            if i != k and table[i][k]:
                factor = table[i][k]
                table[i] = [a - factor * b for a, b in zip(table[i], table[k], strict=True)]
    return [row[-1] for row in table]


@pytest.mark.parametrize("seed", range(60))
def test_solutions_are_those_of_elimination(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, most = int(rng.integers(1, 9)), int(rng.choice([3, 1000, 10**9]))
    matrix = [[int(v) for v in row] for row in rng.integers(-most, most + 1, size=(size, size))]
    rhs = [int(v) for v in rng.integers(-most, most + 1, size=size)]
    expected = eliminated(matrix, rhs)
    found = solve_exactly(rows_of(matrix), rhs, SolveLimits())
    if expected is None:
        assert found is None or not any(rhs)
        return
    assert found is not None
    assert list(found.fractions()) == expected


def test_large_systems_have_long_solutions() -> None:
    rng = np.random.default_rng(1)
    size = 60
    matrix = [[int(v) for v in row] for row in rng.integers(-(10**6), 10**6, size=(size, size))]
    rhs = [int(v) for v in rng.integers(-(10**6), 10**6, size=size)]
    found = solve_exactly(rows_of(matrix), rhs, SolveLimits())
    assert found is not None
    assert found.denominator.bit_length() > 1000
    for row, right in zip(matrix, rhs, strict=True):
        products = zip(row, found.numerators, strict=True)
        assert sum(a * b for a, b in products) == right * found.denominator


def test_rows_of_very_different_sizes_are_solved() -> None:
    found = solve_exactly([[(0, 3 * 10**200), (1, 1)], [(1, 7)]], [10**200, 14], SolveLimits())
    assert found is not None
    assert found.fractions() == (Fraction(10**200 - 2, 3 * 10**200), 2)


@pytest.mark.parametrize("limits", [SolveLimits(bits=60), SolveLimits(steps=1)])
def test_beyond_the_limits_there_is_no_result(limits: SolveLimits) -> None:
    rng = np.random.default_rng(2)
    matrix = [[int(v) for v in row] for row in rng.integers(-(10**9), 10**9, size=(12, 12))]
    assert solve_exactly(rows_of(matrix), [1] * 12, limits) is None


@pytest.mark.parametrize("matrix", [[[1, 2], [2, 4]], [[0, 0], [0, 1]], [[1, 0], [1, 0]]])
def test_singular_systems_have_no_result(matrix: Matrix) -> None:
    assert solve_exactly(rows_of(matrix), [1, 1], SolveLimits()) is None


def test_a_zero_right_hand_side_needs_no_work() -> None:
    found = solve_exactly([[(0, 5)]], [0], SolveLimits(steps=0))
    assert found is not None
    assert found.fractions() == (0,)
