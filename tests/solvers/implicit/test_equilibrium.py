"""A cell made a layer: what it is differentiated by, and that no gradient is lost without a word."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from solvers.implicit import equilibrium
from solvers.implicit.adjoint import (
    Adjoint,
    BackwardRecord,
    Implicit,
    JacobianFree,
    Neumann,
    Shine,
    Unrolled,
)
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Broyden, Picard
from solvers.iteration import TerminationReason


class Cell(nn.Module):
    """A contraction on pictures of two channels."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2, 2, 3, padding=1)
        with torch.no_grad():
            self.mix.weight.mul_(0.3)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        return torch.tanh(self.mix(z) + x)


@pytest.mark.parametrize("adjoint", [JacobianFree(), Implicit(), Shine()], ids=repr)
def test_a_cell_becomes_a_layer_that_learns(adjoint: Adjoint) -> None:
    torch.manual_seed(0)
    layer = FixedPointLayer(Cell(), Broyden(1e-5), adjoint)
    x = torch.randn(8, 2, 5, 5)
    target = 0.5 * torch.tanh(x)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = (layer(x, like=x) - target).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    z = layer(x, like=x)
    assert z.shape == x.shape
    assert torch.allclose(layer.cell(z, x), z, atol=1e-3)
    assert layer.last is not None
    assert len(layer.last.reasons) == 8


def affine_layer(adjoint: Adjoint, solver: Any = None) -> tuple[FixedPointLayer, nn.Linear]:
    torch.manual_seed(1)
    weights = nn.Linear(3, 3).double()
    with torch.no_grad():
        weights.weight.mul_(0.5 / torch.linalg.matrix_norm(weights.weight, ord=2))
    layer = FixedPointLayer(
        lambda z, x, y: torch.tanh(weights(z) + x * y), solver or Broyden(1e-12), adjoint, max_iterations=200
    )
    return layer, weights


ADJOINTS = [JacobianFree(), Neumann(3), Implicit(), Shine(), Unrolled()]


@pytest.mark.parametrize("adjoint", ADJOINTS, ids=repr)
def test_gradients_reach_the_parameters_and_every_input(adjoint: Adjoint) -> None:
    layer, weights = affine_layer(adjoint)
    x, y = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    layer(x, y).square().sum().backward()
    with pytest.raises(RuntimeError, match="does not require grad"), torch.no_grad():
        layer(x, y).sum().backward()
    for parameter in weights.parameters():
        assert parameter.grad is not None
        assert float(parameter.grad.abs().min()) > 0.0


@pytest.mark.parametrize("adjoint", ADJOINTS, ids=repr)
def test_evaluation_mode_keeps_the_gradients_of_training_mode(adjoint: Adjoint) -> None:
    """A layer that went without them in evaluation mode would lose them without a word."""
    layer, weights = affine_layer(adjoint)
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    found = []
    for mode in (True, False):
        layer.train(mode)
        weights.zero_grad()
        layer(x, y).square().sum().backward()
        assert weights.weight.grad is not None
        found.append(weights.weight.grad.clone())
    assert torch.equal(found[0], found[1])


@pytest.mark.parametrize("adjoint", ADJOINTS, ids=repr)
def test_gradients_of_inputs_come_where_parameters_have_none(adjoint: Adjoint) -> None:
    layer, weights = affine_layer(adjoint)
    weights.requires_grad_(False)
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    y = (2.0 * x).exp()  # no leaf
    layer(x, y).sum().backward()
    assert x.grad is not None
    assert float(x.grad.abs().min()) > 0.0


@pytest.mark.parametrize("adjoint", [*ADJOINTS[:4], Shine(refinements=2)], ids=repr)
def test_a_graph_can_be_gone_through_twice(adjoint: Adjoint) -> None:
    layer, weights = affine_layer(adjoint)
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    loss = layer(x, y).square().sum()
    first = torch.autograd.grad(loss, weights.weight, retain_graph=True)[0]
    assert torch.equal(torch.autograd.grad(loss, weights.weight)[0], first)


@pytest.mark.parametrize("adjoint", ADJOINTS[:4], ids=repr)
def test_a_second_derivative_is_refused(adjoint: Adjoint) -> None:
    layer, weights = affine_layer(adjoint)
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(layer(x, y).square().sum(), weights.weight, create_graph=True)


def test_unrolled_has_second_derivatives() -> None:
    x = torch.full((1, 1), 0.3, dtype=torch.float64, requires_grad=True)
    layer = FixedPointLayer(
        lambda z, x: 0.5 * x.square() * z + x, Picard(1e-14), Unrolled(), max_iterations=200
    )
    (first,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    z = lambda x: x / (1 - 0.5 * x * x)  # noqa: E731
    h = 1e-4
    assert float(first.detach()) == pytest.approx((z(0.3 + h) - z(0.3 - h)) / (2 * h), rel=1e-6)
    assert float(second) == pytest.approx((z(0.3 + h) - 2 * z(0.3) + z(0.3 - h)) / h**2, rel=1e-5)


def test_what_is_remembered_of_the_runs() -> None:
    layer, _ = affine_layer(Shine())
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    assert layer.last is None
    assert layer.last_backward is None
    layer(x, y).sum().backward()
    assert layer.last is not None
    assert layer.last.reasons == (TerminationReason.CONVERGED,) * 4
    assert layer.last.unconverged == 0
    assert float(layer.last.residual.max()) <= 1e-12
    assert layer.last.iterations.shape == (4,)
    assert isinstance(layer.last_backward, BackwardRecord)
    assert 0.0 <= layer.last_backward.fallback_rate <= 1.0
    short = FixedPointLayer(layer.cell, Picard(1e-12), max_iterations=2)
    with torch.no_grad():
        short(x, y)
    assert short.last is not None
    assert short.last.unconverged == 4


def test_a_start_is_gone_on_from() -> None:
    layer, _ = affine_layer(JacobianFree(), Picard(1e-10))
    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    z = layer(x, y)
    again = layer(x, y, start=z)
    assert layer.last is not None
    assert int(layer.last.iterations.max()) <= 1
    assert torch.allclose(again, z, atol=1e-9)


def test_wrong_shapes_are_said() -> None:
    layer = FixedPointLayer(lambda z, x: z.sum(1, keepdim=True) + x[:, :1])
    with pytest.raises(ValueError, match=r"makes \(2, 1\) of z of shape \(2, 3\)"):
        layer(torch.ones(2, 3))
    with pytest.raises(ValueError, match="as `like`"):
        layer("no tensor")
    with pytest.raises(ValueError, match="as `like`"):
        layer()


def test_the_example_of_the_docstring() -> None:
    assert doctest.testmod(equilibrium).attempted >= 6
    assert doctest.testmod(equilibrium).failed == 0
