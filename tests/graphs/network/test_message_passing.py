"""Sparse products against dense ones, gradients included."""

from __future__ import annotations

import pytest
import torch

from graphs.network.message_passing import (
    SparseMatrix,
    Structure,
    graph_maximum,
    graph_sum,
    leaky_clip,
    mixture,
    signed_log,
    split_by_sign,
    standardise,
)


def structure_of(row: torch.Tensor, column: torch.Tensor, shape: torch.Size) -> Structure:
    """Of entries in row-major order."""
    order = torch.argsort(column, stable=True)
    starts = [
        torch.cat([torch.zeros(1, dtype=torch.int64), torch.bincount(index, minlength=size).cumsum(0)])
        for index, size in zip((row, column), shape, strict=True)
    ]
    parts = (starts[0], column, starts[1], row[order], order)
    return Structure(*(part.to(torch.int32) for part in parts))


def random_matrix(seed: int, rows: int, columns: int) -> tuple[SparseMatrix, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    dense = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    dense[torch.rand(rows, columns, generator=generator) < 0.6] = 0.0
    row, column = dense.nonzero(as_tuple=True)
    return SparseMatrix(structure_of(row, column, dense.shape), dense[row, column]), dense


def example() -> tuple[SparseMatrix, torch.Tensor]:
    dense = torch.tensor([[0.0, 2.0, -1.0], [3.0, 0.0, 0.5]], dtype=torch.float64)
    row, column = dense.nonzero(as_tuple=True)
    structure = structure_of(row, column, dense.shape)
    return SparseMatrix(structure, dense[row, column]), dense


def test_products_equal_dense_products() -> None:
    sparse, dense = example()
    right, left = torch.randn(3, 4, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    torch.testing.assert_close(sparse @ right, dense @ right)
    torch.testing.assert_close(sparse.transposed @ left, dense.T @ left)


def test_gradient_of_a_product() -> None:
    sparse, _ = example()
    dense = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: sparse @ value, (dense,))


@pytest.mark.parametrize("grad", [False, True])
def test_adding_a_product(grad: bool) -> None:
    sparse, dense = random_matrix(1, 5, 7)
    right, left = torch.randn(7, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    with torch.set_grad_enabled(grad):
        added = sparse.add_to(torch.ones(5, 3, dtype=torch.float64), right.requires_grad_(grad), alpha=-2.0)
        turned = sparse.transposed.add_to(torch.ones(7, 3, dtype=torch.float64), left)
    torch.testing.assert_close(added.detach(), 1 - 2 * (dense @ right.detach()))
    torch.testing.assert_close(turned, 1 + dense.T @ left)


def test_a_product_does_not_read_the_memory_it_is_given() -> None:
    """Without gradients it is computed in place of uninitialised numbers, NaN perhaps."""
    sparse, dense = random_matrix(2, 40, 30)
    right = torch.randn(30, 64, dtype=torch.float64)
    with torch.no_grad():
        for _ in range(20):
            torch.full((40, 64), torch.nan, dtype=torch.float64)  # freed at once, and likely to be reused
            torch.testing.assert_close(sparse @ right, dense @ right)


@pytest.mark.parametrize(("seed", "rows", "columns"), [(0, 6, 9), (1, 9, 6), (2, 1, 4), (3, 4, 1), (4, 0, 3)])
def test_split_by_sign_separates_positive_from_negative_entries(seed: int, rows: int, columns: int) -> None:
    sparse, dense = random_matrix(seed, rows, columns)
    structure, order = split_by_sign(sparse.structure, sparse.values)
    halves = SparseMatrix(structure, sparse.values[order].abs())
    identity = torch.eye(columns, dtype=torch.float64)
    split = torch.stack([dense.clamp_min(0), (-dense).clamp_min(0)], dim=1).reshape(2 * rows, columns)
    torch.testing.assert_close(halves @ identity, split)
    torch.testing.assert_close(halves.transposed @ torch.eye(2 * rows, dtype=torch.float64), split.T)


def test_transposing_a_structure() -> None:
    sparse, dense = random_matrix(5, 6, 4)
    turned = SparseMatrix(sparse.structure.transposed, sparse.values[sparse.structure.column_order])
    torch.testing.assert_close(turned @ torch.eye(6, dtype=torch.float64), dense.T)
    torch.testing.assert_close(turned.transposed @ torch.eye(4, dtype=torch.float64), dense)


def test_standardise_is_layer_norm_with_and_without_gradients() -> None:
    values = 3 + 2 * torch.randn(50, 48)
    expected = torch.nn.LayerNorm(48)(values).detach()
    torch.testing.assert_close(standardise(values), expected)
    with torch.no_grad():
        torch.testing.assert_close(standardise(values), expected, rtol=1e-4, atol=1e-5)


def test_mixture_weighs_by_softmax_and_does_not_overflow() -> None:
    weights, values = torch.tensor([[1000.0, 1000.0, -1000.0]]), torch.tensor([[1.0, 3.0, 7.0]])
    torch.testing.assert_close(mixture(weights, values), torch.tensor([2.0]))


def test_leaky_clip_projects_and_lets_a_tenth_of_the_gradient_through() -> None:
    value = torch.tensor([-2.0, 0.5, 3.0], requires_grad=True)
    clipped = leaky_clip(value, torch.zeros(3), torch.ones(3))
    clipped.sum().backward()  # type: ignore[no-untyped-call]
    assert clipped.tolist() == [0.0, 0.5, 1.0]
    torch.testing.assert_close(value.grad, torch.tensor([0.1, 1.0, 0.1]))


def test_pooling_over_graphs() -> None:
    values = torch.tensor([[1.0], [-5.0], [-2.0]])
    graph = torch.tensor([0, 0, 2])
    assert graph_sum(values, graph, 3).flatten().tolist() == [-4.0, 0.0, -2.0]
    assert graph_maximum(values, graph, 3).flatten().tolist() == [1.0, 0.0, -2.0]


def test_signed_log_is_odd() -> None:
    values = torch.tensor([-3.0, 0.0, 3.0])
    torch.testing.assert_close(
        signed_log(values), torch.tensor([-1.0, 0.0, 1.0]) * torch.log(torch.tensor(4.0))
    )
