"""Normal equations of stacked blocks against numpy's of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.proximal.normal_equations import NormalEquations
from training.families import FAMILIES, generate

Dense = NDArray[np.float64]


def problem() -> StackedProblem:
    """Blocks of several heights and widths."""
    drawn = [*generate(FAMILIES["planted-lp"], 4, seed=3), *generate(FAMILIES["random-lp"], 1, seed=4)]
    return StackedProblem.of(drawn, device=torch.device("cpu"))


def blocks(stacked: StackedProblem) -> Iterator[tuple[Dense, slice, slice]]:
    """Each block's dense A', and where its rows and columns are."""
    products = stacked.products
    identity = torch.eye(len(stacked.columns.item), dtype=torch.float64)
    whole = torch.stack([products.forward(column) for column in identity], dim=1).numpy()
    row_ends, column_ends = stacked.rows.sizes.cumsum(0).tolist(), stacked.columns.sizes.cumsum(0).tolist()
    for place in range(stacked.count):
        rows = slice(row_ends[place] - int(stacked.rows.sizes[place]), row_ends[place])
        columns = slice(column_ends[place] - int(stacked.columns.sizes[place]), column_ends[place])
        yield whole[rows, columns], rows, columns


def test_each_block_is_solved() -> None:
    stacked = problem()
    generator = np.random.default_rng(5)
    kept = generator.integers(0, 2, len(stacked.columns.item)).astype(np.float64)
    diagonal = generator.uniform(0.1, 1.0, len(stacked.rows.item))
    goal = generator.standard_normal(len(stacked.rows.item))
    equations = NormalEquations.of(stacked)
    found = equations.solve(*(torch.as_tensor(vector) for vector in (kept, diagonal, goal))).numpy()
    for matrix, rows, columns in blocks(stacked):
        system = (matrix * kept[columns]) @ matrix.T + np.diag(diagonal[rows])
        np.testing.assert_allclose(found[rows], np.linalg.solve(system, goal[rows]), rtol=1e-9, atol=1e-12)


def test_a_block_that_is_not_definite_spoils_no_other() -> None:
    stacked = problem()
    kept = torch.zeros(len(stacked.columns.item), dtype=torch.float64)
    diagonal = torch.where(stacked.rows.item == 1, -1.0, 2.0).double()
    found = NormalEquations.of(stacked).solve(kept, diagonal, torch.ones_like(diagonal))
    assert torch.isnan(found[stacked.rows.item == 1]).all()
    assert (found[stacked.rows.item != 1] - 0.5).abs().max() < 1e-12


def test_other_products_are_refused() -> None:
    class Other:
        pass

    stacked = problem()
    object.__setattr__(stacked, "products", Other())
    with pytest.raises(TypeError, match="StackedMatrix"):
        NormalEquations.of(stacked)
