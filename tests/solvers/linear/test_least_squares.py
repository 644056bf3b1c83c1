"""Least squares in three forms, within a budget of work."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear import least_squares
from solvers.linear.least_squares import LeastSquares
from training.families import FAMILIES, generate


def instance() -> Instance:
    return next(iter(generate(FAMILIES["random-lp"], 1, seed=0)))


def block(rows: int, columns: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(rows, columns)) * (generator.random((rows, columns)) < 0.4)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6)])
@pytest.mark.parametrize("form", ["dense", "direct", "iterative"])
def test_the_shortest_solution(shape: tuple[int, int], form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dense, wanted = block(*shape), np.arange(1.0, shape[0] + 1.0)
    if form == "iterative":
        monkeypatch.setattr(least_squares, "_DIRECT_PER_NONZERO", 0.0)
    given = dense if form == "dense" else csr_array(dense)
    found = LeastSquares(instance()).solve(given, wanted)
    np.testing.assert_allclose(found, np.linalg.pinv(dense) @ wanted, rtol=1e-6, atol=1e-8)


def test_dependent_and_empty_rows() -> None:
    """Twice the same row and an empty one: the shortest solution of what can be solved."""
    dense = np.array([[1.0, 2.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = LeastSquares(instance()).solve(csr_array(dense), np.array([5.0, 5.0, 1.0]))
    np.testing.assert_allclose(found, [1.0, 2.0, 0.0, 0.0], atol=1e-9)


def test_nothing_to_solve() -> None:
    solver = LeastSquares(instance())
    assert solver.solve(np.zeros((0, 3)), np.zeros(0)).tolist() == [0.0, 0.0, 0.0]
    assert solver.solve(csr_array((3, 0)), np.ones(3)).shape == (0,)


@pytest.mark.parametrize("form", ["dense", "direct", "iterative"])
def test_every_form_spends_the_budget(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if form == "iterative":
        monkeypatch.setattr(least_squares, "_DIRECT_PER_NONZERO", 0.0)
    dense = block(4, 9)
    given = dense if form == "dense" else csr_array(dense)
    solver = LeastSquares(instance())
    solves = 0
    while not solver.exhausted:
        solver.solve(given, np.ones(4))
        solves += 1
        assert solves < 1000
    assert solves > 5
    assert not solver.solve(given, np.ones(4)).any()


def test_iterations_are_cut_to_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_squares, "_DIRECT_PER_NONZERO", 0.0)
    monkeypatch.setattr(least_squares, "_WORK", 4.5 * 25e3)
    monkeypatch.setattr(least_squares, "_WORK_PER_NONZERO", 0.0)
    solver = LeastSquares(instance())
    assert not solver.solve(csr_array(block(4, 9)), np.ones(4)).any()
    assert solver.exhausted


def test_small_instances_are_dense() -> None:
    size = {"rows": 150, "columns": 150, "nonzeros": 300}
    assert isinstance(LeastSquares(instance()).matrix, np.ndarray)
    large = next(iter(generate(FAMILIES["random-lp"], 1, seed=0, size=size)))
    assert not isinstance(LeastSquares(large).matrix, np.ndarray)
