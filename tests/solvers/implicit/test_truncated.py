from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import BackwardRecord, Implicit, JacobianFree, Neumann, OneApplication
from solvers.implicit.fixed_point import Picard
from solvers.implicit.gmres import Gmres


def setting() -> tuple[Tensor, Tensor, Tensor]:
    """W with ‖W‖ = 0.8, x, and a loss's direction."""
    generator = torch.Generator().manual_seed(4)
    weight = torch.randn(7, 7, generator=generator, dtype=torch.float64)
    x, direction = torch.randn(2, 3, 7, generator=generator, dtype=torch.float64)
    return 0.8 * weight / torch.linalg.matrix_norm(weight, ord=2), x, direction


def gradient(adjoint: OneApplication, told: list[BackwardRecord] | None = None) -> Tensor:
    weight, x, direction = setting()
    x.requires_grad_()
    z, _ = adjoint.solve(
        Picard(1e-14),
        lambda z: torch.tanh(z @ weight.T + x),
        torch.zeros_like(x),
        max_iterations=400,
        told=None if told is None else told.append,
    )
    return torch.autograd.grad((z * direction).sum(), x)[0]


@pytest.mark.parametrize("damping", [1.0, 0.6])
@pytest.mark.parametrize("terms", [0, 1, 4])
def test_neumann_is_the_gradient_of_so_many_damped_steps_more(terms: int, damping: float) -> None:
    weight, x, direction = setting()
    z = torch.zeros_like(x)
    for _ in range(400):
        z = torch.tanh(z @ weight.T + x)
    x.requires_grad_()
    for _ in range(terms + 1):
        z = z + damping * (torch.tanh(z @ weight.T + x) - z)
    expected = torch.autograd.grad((z * direction).sum(), x)[0]
    assert torch.allclose(gradient(Neumann(terms, damping)), expected, atol=1e-10)


def test_refining_jacobian_free_leads_to_the_exact_gradient() -> None:
    exact = gradient(Implicit(Gmres(1e-13)))
    errors = [float((gradient(JacobianFree(count)) - exact).norm()) for count in (0, 2, 5, 30)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-8
    one = gradient(JacobianFree(1))  # the first step of Broyden's method is that of the series
    assert torch.allclose(one, gradient(Neumann(1)), atol=1e-12)


def test_their_records_claim_nothing() -> None:
    told: list[BackwardRecord] = []
    gradient(JacobianFree(), told)
    gradient(Neumann(3), told)
    assert [(record.residual, record.reasons, record.fallback_rate) for record in told] == [
        (None, None, 0.0)
    ] * 2
