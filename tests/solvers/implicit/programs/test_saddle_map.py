"""The map's fixed points are the solutions, whatever the scaling, and it expands nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from solvers.implicit.programs.convex_program import Program, make_program
from solvers.implicit.programs.guarded_anderson import GuardedAnderson
from solvers.implicit.programs.program_residuals import residuals
from solvers.implicit.programs.saddle_map import SaddleMap, equilibrated
from solvers.iteration import iterate


def program(seed: int = 0) -> Program:
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((4, 5, 8)) * 10.0 ** generator.uniform(-3, 3, (4, 5, 1))
    sides = np.einsum("bmn,bn->bm", matrix, generator.random((4, 8)))
    factor, root = generator.standard_normal((2, 8)), generator.standard_normal((8, 3))
    return make_program(
        generator.standard_normal((4, 8)), matrix, sides - 0.5, sides, 0.0, 2.0,
        diagonal=0.1, factor=factor, hessian=root @ root.T,
    )  # fmt: skip


def test_equilibrated_matrices_have_norm_one() -> None:
    matrix = program().matrix
    rows, columns = equilibrated(matrix)
    scaled = rows[:, :, None] * matrix * columns[:, None]
    assert torch.allclose(torch.linalg.matrix_norm(scaled, ord=2), torch.ones(4, dtype=torch.float64))
    assert float(scaled.abs().amax(2).max() / scaled.abs().amax(2).min()) < 10.0


def test_a_matrix_without_rows_and_one_of_zeros_are_left() -> None:
    assert equilibrated(torch.zeros(0, 3))[1].tolist() == [1.0, 1.0, 1.0]
    rows, columns = equilibrated(torch.zeros(2, 3))
    assert rows.tolist() == [1.0, 1.0]
    assert columns.tolist() == [1.0, 1.0, 1.0]


def test_fixed_points_solve_whatever_the_weight() -> None:
    saddle = SaddleMap.of(program())
    found = []
    for factor in (1.0, 0.1, 10.0):
        other = replace(saddle, weight=factor * saddle.weight)
        start = torch.zeros(4, 13, dtype=torch.float64)
        z = iterate(GuardedAnderson(1e-12), other, start, max_iterations=5000).value
        x, y = other.split(other(z))
        assert float(residuals(program(), x, y).largest.max()) < 1e-8
        found.append(x)
    assert torch.allclose(found[0], found[1], atol=1e-7)
    assert torch.allclose(found[0], found[2], atol=1e-7)


def test_picard_steps_never_grow_in_the_metric_of_the_map() -> None:
    """In the metric of Condat and Vũ the map is averaged, so successive steps don't lengthen: here with every
    number of the programs drawn at random, and a rest P that takes the largest step it may."""
    saddle = SaddleMap.of(program())
    z = torch.randn(4, 13, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    of_x, of_y = saddle.steps

    def length(step: torch.Tensor) -> torch.Tensor:
        x, y = saddle.split(step)
        across = (y[:, None] @ saddle.program.matrix @ x[:, :, None])[:, 0, 0]
        return (x**2 / of_x).sum(1) + (y**2 / of_y).sum(1) - 2.0 * across

    last = saddle(z)
    size = length(last - z)
    for _ in range(50):
        following = saddle(last)
        grown = length(following - last)
        assert bool((grown <= size * (1.0 + 1e-9) + 1e-14).all())
        last, size = following, grown


def test_reweighting_keeps_the_point() -> None:
    saddle = SaddleMap.of(program())
    z = torch.randn(4, 13, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    other, moved = saddle.reweighted(z)
    assert not torch.allclose(other.weight, saddle.weight)
    for before, after in zip(saddle.split(z), other.split(moved), strict=True):
        assert torch.allclose(before, after)
