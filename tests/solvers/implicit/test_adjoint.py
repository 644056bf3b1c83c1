"""Gradients against finite differences, a long unroll and, where they are approximate, their own formulas."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.fixed_point import Anderson, Broyden, Picard

WIDTH, ITEMS = 6, 4
EXACT = (Unrolled(), Implicit(), Implicit(Broyden(1e-10)), Implicit(Picard(1e-12)), Neumann(200))


def setting(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """W with ‖W‖ = 0.7, x, and the loss's direction."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    weight = 0.7 * weight / torch.linalg.matrix_norm(weight, ord=2)
    x, direction = torch.randn(2, ITEMS, WIDTH, generator=generator, dtype=torch.float64)
    return weight, x, direction


def cell(weight: Tensor, x: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda z: torch.tanh(z @ weight.T + x)


def loss(weight: Tensor, x: Tensor, direction: Tensor, adjoint: Adjoint, solver: object = None) -> Tensor:
    start = torch.zeros(ITEMS, WIDTH, dtype=torch.float64)
    chosen = solver or (Broyden(1e-13) if isinstance(adjoint, Shine) else Picard(1e-13))
    z, _ = adjoint.solve(chosen, cell(weight, x), start, max_iterations=300)  # type: ignore[arg-type]
    return (z * direction).sum() + 0.5 * z.square().sum()


def gradients(adjoint: Adjoint, solver: object = None) -> tuple[Tensor, Tensor]:
    weight, x, direction = setting()
    weight.requires_grad_(), x.requires_grad_()
    found = torch.autograd.grad(loss(weight, x, direction, adjoint, solver), (weight, x))
    return found[0], found[1]


@pytest.mark.parametrize("adjoint", EXACT, ids=repr)
def test_exact_adjoints_agree_with_finite_differences(adjoint: Adjoint) -> None:
    weight, x, direction = setting()
    by_weight, by_x = gradients(adjoint)
    step = 1e-6
    for tensor, gradient in ((weight, by_weight), (x, by_x)):
        for place in ((0, 0), (2, 5), (3, 1)):
            sides = []
            for sign in (1.0, -1.0):
                tensor[place] += sign * step
                with torch.no_grad():
                    sides.append(float(loss(weight, x, direction, adjoint)))
                tensor[place] -= sign * step
            assert float(gradient[place]) == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("adjoint", EXACT[1:], ids=repr)
def test_and_with_a_long_unroll(adjoint: Adjoint) -> None:
    for found, expected in zip(gradients(adjoint), gradients(Unrolled()), strict=True):
        assert torch.allclose(found, expected, atol=1e-8)


def test_unrolling_goes_through_anderson_as_well() -> None:
    for found, expected in zip(gradients(Unrolled(), Anderson(1e-12)), gradients(Implicit()), strict=True):
        assert torch.allclose(found, expected, atol=1e-6)


def test_jacobian_free_is_the_gradient_of_one_application() -> None:
    weight, x, direction = setting()
    fixed = torch.zeros(ITEMS, WIDTH, dtype=torch.float64)
    for _ in range(300):
        fixed = cell(weight, x)(fixed)
    weight.requires_grad_(), x.requires_grad_()
    z = cell(weight, x)(fixed)
    expected = torch.autograd.grad((z * direction).sum() + 0.5 * z.square().sum(), (weight, x))
    for first, second, third in zip(gradients(JacobianFree()), gradients(Neumann(0)), expected, strict=True):
        assert torch.allclose(first, third, atol=1e-10)
        assert torch.equal(first, second)


def test_more_terms_and_refinements_come_nearer() -> None:
    exact = torch.cat([part.flatten() for part in gradients(Implicit())])

    def error(adjoint: Adjoint) -> float:
        return float((torch.cat([part.flatten() for part in gradients(adjoint)]) - exact).norm())

    neumann = [error(Neumann(terms)) for terms in (0, 2, 5, 12)]
    assert neumann == sorted(neumann, reverse=True)
    shine = [error(Shine(fallback=10.0, refinements=count)) for count in (0, 4, 12)]
    assert shine == sorted(shine, reverse=True)
    assert shine[0] < neumann[0]
    assert shine[2] < 1e-6


def test_shine_falls_back_where_its_inverse_is_too_large() -> None:
    for found, expected in zip(
        gradients(Shine(fallback=0.0)), gradients(JacobianFree(), Broyden(1e-13)), strict=True
    ):
        assert torch.allclose(found, expected, atol=1e-12)


def test_shine_needs_an_inverse() -> None:
    with pytest.raises(TypeError, match="Picard has none"):
        gradients(Shine(), Picard())


@pytest.mark.parametrize("adjoint", [JacobianFree(), Implicit(), Shine()], ids=repr)
def test_what_is_kept_does_not_grow_with_the_iterations(adjoint: Adjoint) -> None:
    """The graph has the same number of nodes after 3 and after 60 iterations."""

    def nodes(iterations: int) -> int:
        weight, x, _ = setting()
        weight.requires_grad_()
        solver = Broyden(0.0) if isinstance(adjoint, Shine) else Picard(0.0)
        start = torch.zeros(ITEMS, WIDTH, dtype=torch.float64)
        z, _ = adjoint.solve(solver, cell(weight, x), start, max_iterations=iterations)
        seen, waiting = set(), [z.grad_fn]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in seen:
                seen.add(node)
                waiting.extend(following for following, _ in node.next_functions)
        return len(seen)

    assert nodes(3) == nodes(60)


def test_without_gradients_the_value_alone_is_found() -> None:
    weight, x, _ = setting()
    with torch.no_grad():
        z, forward = JacobianFree().solve(
            Picard(1e-12), cell(weight, x), torch.zeros(ITEMS, WIDTH, dtype=torch.float64), max_iterations=300
        )
    assert not z.requires_grad
    assert torch.allclose(cell(weight, x)(z), z, atol=1e-10)
    assert int(forward.iterations.max()) < 300
