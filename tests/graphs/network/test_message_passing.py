"""Sparse products against dense ones, gradients included."""

from __future__ import annotations

import torch

from graphs.network.message_passing import (
    SparseMatrix,
    Structure,
    graph_maximum,
    graph_sum,
    leaky_clip,
    signed_log,
)


def example() -> tuple[SparseMatrix, torch.Tensor]:
    dense = torch.tensor([[0.0, 2.0, -1.0], [3.0, 0.0, 0.5]], dtype=torch.float64)
    row, column = dense.nonzero(as_tuple=True)
    order = torch.argsort(column, stable=True)
    structure = Structure(
        row_start=torch.tensor([0, 2, 4]),
        column=column,
        column_start=torch.tensor([0, 1, 2, 4]),
        row=row[order],
        column_order=order,
    )
    return SparseMatrix.of(structure, dense[row, column]), dense


def test_products_equal_dense_products() -> None:
    sparse, dense = example()
    right, left = torch.randn(3, 4, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    torch.testing.assert_close(sparse @ right, dense @ right)
    torch.testing.assert_close(sparse.transposed @ left, dense.T @ left)


def test_gradient_of_a_product() -> None:
    sparse, _ = example()
    dense = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: sparse @ value, (dense,))


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
