"""The exact adjoint with each solver; how its solve ended is said."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import BackwardRecord, Implicit, UnconvergedBackward, Unrolled
from solvers.implicit.fixed_point import Anderson, Broyden, Picard
from solvers.implicit.gmres import Gmres
from solvers.iteration import TerminationReason

SOLVERS = (Gmres(1e-11), Gmres(1e-11, memory=3), Picard(1e-12), Anderson(1e-12, memory=8), Broyden(1e-12))


def setting(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(5, 5, generator=generator, dtype=dtype)
    return 0.8 * weight / torch.linalg.matrix_norm(weight, ord=2), torch.randn(
        4, 5, generator=generator, dtype=dtype
    )


def gradient(adjoint: Any, scale: float = 1.0, dtype: torch.dtype = torch.float64, **more: Any) -> Tensor:
    weight, x = setting(dtype)
    weight.requires_grad_()
    z, _ = adjoint.solve(
        Picard(1e-12 if dtype == torch.float64 else 1e-6),
        lambda z: torch.tanh(z @ weight.T + x),
        torch.zeros_like(x),
        max_iterations=400,
        **more,
    )
    return torch.autograd.grad(scale * (z * torch.arange(5.0, dtype=dtype)).sum(), weight)[0]


@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_every_solver_gives_the_gradient_of_a_long_unroll(solver: Any) -> None:
    assert torch.allclose(gradient(Implicit(solver)), gradient(Unrolled()), atol=1e-8)


@pytest.mark.parametrize("solver", [Gmres(), Picard(1e-9), Anderson(1e-9), Broyden(1e-9)], ids=repr)
def test_small_gradients_are_as_exact_as_large_ones(solver: Any) -> None:
    """Loss scales of 1e-15 and 1e15 change nothing but the scale."""
    expected = gradient(Implicit(Gmres(1e-12)))
    for scale in (1e-15, 1.0, 1e15):
        assert torch.allclose(gradient(Implicit(solver), scale) / scale, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_the_record_says_how_each_item_ended(solver: Any) -> None:
    told: list[BackwardRecord] = []
    gradient(Implicit(solver), told=told.append)
    (record,) = told
    assert record.reasons == (TerminationReason.CONVERGED,) * 4
    assert record.unconverged == 0
    assert record.residual is not None
    assert float(record.residual.max()) < 1e-10
    assert record.iterations is not None
    assert bool((record.iterations > 0).all())
    assert record.fell_back is None


@pytest.mark.parametrize("solver", [Gmres(1e-11), Picard(1e-12)], ids=repr)
def test_items_short_of_the_tolerance_are_warned_of(solver: Any) -> None:
    told: list[BackwardRecord] = []
    with pytest.warns(UnconvergedBackward, match="short of its tolerance"):
        gradient(Implicit(solver, max_iterations=2), told=told.append)
    assert told[0].unconverged == 4
    assert set(told[0].reasons or ()) == {TerminationReason.ITERATION_LIMIT}
    assert float(told[0].residual.min()) > 1e-6  # type: ignore[union-attr]


def test_a_tolerance_below_rounding_is_not_claimed() -> None:
    """In float32 the recurrence of GMRES goes below what w's own residual can be."""
    told: list[BackwardRecord] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnconvergedBackward)
        gradient(Implicit(Gmres(1e-11)), dtype=torch.float32, told=told.append)
    assert TerminationReason.CONVERGED not in (told[0].reasons or ())
    assert float(told[0].residual.max()) < 1e-5  # type: ignore[union-attr]


def test_an_item_without_a_gradient_has_none() -> None:
    x = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    z, _ = Implicit().solve(
        Picard(1e-12), lambda z: 0.5 * z + x, torch.zeros(2, 3).double(), max_iterations=99
    )
    (found,) = torch.autograd.grad(z[1].sum(), x)
    assert torch.allclose(found, torch.tensor([[0.0], [2.0]], dtype=torch.float64).expand(2, 3))
