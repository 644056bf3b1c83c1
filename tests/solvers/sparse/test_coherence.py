"""The closed forms are optima: feasible, and no feasible neighbour is better."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.sparse.coherence import (
    analytic_weight,
    generalised_coherence,
    mutual_coherence,
    symmetric_jacobian,
)
from tests.solvers.sparse.planted import gaussian


def off_identity(gram: Tensor) -> float:
    return float(torch.linalg.matrix_norm(gram - torch.eye(len(gram), dtype=gram.dtype)))


def test_analytic_weight_is_the_optimum(unit: Tensor) -> None:
    weight = analytic_weight(unit).weight
    assert torch.allclose((weight * unit).sum(0), torch.ones(120, dtype=torch.float64))
    least = torch.linalg.matrix_norm(weight.T @ unit)
    generator = torch.Generator().manual_seed(5)
    for size in (1e-3, 1e-2, 1e-1):
        step = size * torch.randn(unit.shape, generator=generator, dtype=torch.float64)
        other = weight + step - unit * (step * unit).sum(0)
        assert torch.allclose((other * unit).sum(0), torch.ones(120, dtype=torch.float64))
        assert torch.linalg.matrix_norm(other.T @ unit) > least


def test_analytic_weight_is_the_scaled_pseudo_inverse(unit: Tensor) -> None:
    found = analytic_weight(unit)
    assert torch.allclose(found.weight / found.scale, torch.linalg.pinv(unit).T)


def test_analytic_weight_has_less_coherence_than_the_dictionary(unit: Tensor) -> None:
    weight = analytic_weight(unit).weight
    assert generalised_coherence(unit, unit) == pytest.approx(mutual_coherence(unit))
    assert off_identity(weight.T @ unit) < off_identity(unit.T @ unit)


def test_symmetric_jacobian_is_the_optimum(unit: Tensor) -> None:
    """Directions X + Π S Π with a zero diagonal lead nowhere better: the gradient is orthogonal to them."""
    found = symmetric_jacobian(unit)
    assert torch.allclose(found.transform @ unit, found.frame)
    assert torch.allclose(torch.linalg.vector_norm(found.frame, dim=0), torch.ones(120, dtype=torch.float64))
    gram = found.frame.T @ found.frame
    assert off_identity(gram) < off_identity(unit.T @ unit)
    projection = torch.linalg.pinv(unit) @ unit
    generator = torch.Generator().manual_seed(6)
    for _ in range(3):
        random = torch.randn(120, 120, generator=generator, dtype=torch.float64)
        direction = projection @ (random + random.T) @ projection
        flat = torch.linalg.solve(projection.square(), direction.diagonal())
        direction = direction - projection @ torch.diag(flat) @ projection
        assert direction.diagonal().abs().max() < 1e-9
        slope = float(((gram - torch.eye(120, dtype=torch.float64)) * direction).sum())
        assert abs(slope) < 1e-8 * float(torch.linalg.matrix_norm(direction))
        for size in (-1e-2, 1e-2):
            assert off_identity(gram + size * direction) > off_identity(gram)


@pytest.mark.parametrize(("rows", "columns"), [(30, 20), (20, 20), (1, 5)])
def test_other_shapes_have_weights_too(rows: int, columns: int) -> None:
    matrix = gaussian(rows, columns).unit
    weight = analytic_weight(matrix).weight
    assert torch.allclose((weight * matrix).sum(0), torch.ones(columns, dtype=torch.float64))


def test_rank_deficient_dictionaries_have_weights_too() -> None:
    matrix = gaussian(6, 15).unit
    matrix = torch.cat([matrix, matrix[:3] + matrix[3:]])
    matrix = matrix / torch.linalg.vector_norm(matrix, dim=0)
    weight = analytic_weight(matrix).weight
    assert torch.isfinite(weight).all()
    assert torch.allclose((weight * matrix).sum(0), torch.ones(15, dtype=torch.float64))
