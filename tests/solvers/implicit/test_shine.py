"""SHINE with each inverse, its refinements, its fallback on the record, and outer-problem awareness."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint, BackwardRecord, Implicit, JacobianFree, OneApplication, Shine
from solvers.implicit.anderson import AndersonState
from solvers.implicit.fixed_point import Anderson, Broyden, FixedPointMethod
from solvers.implicit.gmres import Gmres
from solvers.implicit.shine import multisecant
from solvers.iteration import iterate

WIDTH, ITEMS = 12, 6


def affine(seed: int, factor: float = 0.9) -> tuple[Tensor, Tensor, Tensor]:
    """W with ‖W‖ = factor, x, and the direction of a loss."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    weight = factor * weight / torch.linalg.matrix_norm(weight, ord=2)
    x, direction = torch.randn(2, ITEMS, WIDTH, generator=generator, dtype=torch.float64)
    return weight, x, direction


def cotangent(adjoint: OneApplication, solver: FixedPointMethod[Any], seed: int, **more: Any) -> Tensor:
    """w, by the gradient with respect to x in f(z) = W z + x."""
    weight, x, direction = affine(seed)
    x.requires_grad_()
    z, _ = adjoint.solve(
        solver,
        lambda z: z @ weight.T + x,
        torch.zeros(ITEMS, WIDTH, dtype=torch.float64),
        max_iterations=60,
        **more,
    )
    return torch.autograd.grad((z * direction).sum(), x)[0]


@pytest.mark.parametrize("seed", range(6))
def test_with_andersons_inverse_it_is_never_farther_than_jacobian_free(seed: int) -> None:
    for memory in (3, 6, 10):
        solver = Anderson(1e-3, memory=memory)
        exact = cotangent(Implicit(Gmres(1e-12)), solver, seed)
        shine = cotangent(Shine(fallback=100.0), solver, seed)
        free = cotangent(JacobianFree(), solver, seed)
        assert bool(((shine - exact).norm(dim=1) <= 1.001 * (free - exact).norm(dim=1)).all())
        assert float((shine - exact).norm()) < (0.9 if memory == 10 else 1.0) * float((free - exact).norm())


def test_multisecant_inverse_meets_all_its_secant_equations() -> None:
    weight, x, _ = affine(1)
    start = torch.zeros(ITEMS, WIDTH, dtype=torch.float64)
    state = iterate(Anderson(0.0, memory=5), lambda z: z @ weight.T + x, start, max_iterations=7).state
    assert isinstance(state, AndersonState)
    inverse = multisecant(state)
    points, residuals = state.images - state.residuals, state.residuals
    for i in range(4):
        step, change = points[:, i + 1] - points[:, i], residuals[:, i + 1] - residuals[:, i]
        assert torch.allclose(inverse.apply(change), step, rtol=0.02, atol=0.02 * float(step.abs().max()))


def test_points_that_were_forgotten_are_not_gone_by() -> None:
    weight, x, _ = affine(1)
    start = torch.zeros(ITEMS, WIDTH, dtype=torch.float64)
    state = iterate(Anderson(0.0, memory=5), lambda z: z @ weight.T + x, start, max_iterations=7).state
    state.held[0] = 1
    inverse = multisecant(state)
    assert torch.equal(inverse.apply(x)[0], -x[0])
    assert not torch.allclose(inverse.apply(x)[1], -x[1])


@pytest.mark.parametrize(
    "solver", [Broyden(1e-10), Anderson(1e-10, memory=8)], ids=lambda s: type(s).__name__
)
def test_refinements_lead_to_the_exact_cotangent(solver: FixedPointMethod[Any]) -> None:
    exact = cotangent(Implicit(Gmres(1e-12)), solver, 3)
    errors = [
        float((cotangent(Shine(10.0, refinements=count), solver, 3) - exact).norm() / exact.norm())
        for count in (0, 3, 8, 25)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-6


def test_the_fallback_is_on_the_record() -> None:
    told: list[BackwardRecord] = []
    cotangent(Shine(fallback=0.0), Broyden(1e-8), 0, told=told.append)
    cotangent(Shine(fallback=1e9), Broyden(1e-8), 0, told=told.append)
    assert [record.fallback_rate for record in told] == [1.0, 0.0]
    assert told[0].fell_back is not None
    assert told[0].fell_back.shape == (ITEMS,)


def test_an_item_falls_back_alone() -> None:
    told: list[BackwardRecord] = []
    free = cotangent(JacobianFree(), Broyden(1e-8), 4)
    plain = cotangent(Shine(fallback=1e9), Broyden(1e-8), 4)
    growth = plain.norm(dim=1) / free.norm(dim=1)
    middle = float(growth.sort().values[ITEMS // 2 - 1 : ITEMS // 2 + 1].mean())
    mixed = cotangent(Shine(fallback=middle), Broyden(1e-8), 4, told=told.append)
    assert told[0].fell_back is not None
    assert torch.equal(told[0].fell_back, growth > middle)
    assert torch.allclose(mixed, torch.where((growth > middle)[:, None], free, plain))


def test_outer_awareness_makes_the_estimate_better() -> None:
    direction = affine(5)[2]
    exact = cotangent(Implicit(Gmres(1e-12)), Broyden(1e-6), 5)

    def error(adjoint: Shine) -> float:
        found = cotangent(adjoint, Broyden(1e-6), 5, outer=lambda z: (z * direction).sum())
        return float((found - exact).norm() / exact.norm())

    plain = error(Shine(fallback=100.0))
    assert error(Shine(fallback=100.0, outer_every=5)) < 0.7 * plain
    assert error(Shine(fallback=100.0, outer_every=2)) < 0.3 * plain


def test_outer_awareness_needs_the_loss_and_broyden() -> None:
    with pytest.raises(TypeError, match="as `outer`"):
        cotangent(Shine(outer_every=3), Broyden(), 0)
    with pytest.raises(TypeError, match="Broyden"):
        cotangent(Shine(outer_every=3), Anderson(), 0, outer=lambda z: z.sum())
    with torch.no_grad():  # nothing is differentiated, so nothing is needed
        Shine(outer_every=3).solve(Broyden(), lambda z: 0.5 * z, torch.ones(1, 2), max_iterations=9)


@pytest.mark.parametrize("adjoint", [Shine(), Shine(refinements=3), JacobianFree(2)], ids=repr)
def test_a_gradient_that_is_not_finite_stays_with_its_item(adjoint: Adjoint) -> None:
    x = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    z, _ = adjoint.solve(
        Broyden(1e-8), lambda z: 0.5 * torch.tanh(z) + x, torch.zeros(2, 3).double(), max_iterations=50
    )
    (gradient,) = torch.autograd.grad((z * torch.tensor([[float("nan")], [1.0]])).sum(), x)
    assert bool(torch.isnan(gradient[0]).any())
    assert bool(torch.isfinite(gradient[1]).all())
