"""Stalling, and which iterate is returned."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import Implicit, JacobianFree, Unrolled
from solvers.implicit.fixed_point import Anderson, Broyden, Picard, relative_residual
from solvers.implicit.fixed_point_method import FixedPointMethod
from solvers.iteration import TerminationReason, iterate


def rotation(z: Tensor) -> Tensor:
    """The first item turns round its fixed point 0 and comes no nearer; the second contracts to 2."""
    turned = torch.stack([-z[0, 1], z[0, 0]])
    return torch.stack([turned, 0.5 * z[1] + 1.0])


def start() -> Tensor:
    return torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)


def test_an_item_that_comes_no_nearer_is_told_and_the_others_go_on() -> None:
    found = iterate(Picard(1e-8, patience=10), rotation, start(), max_iterations=500)
    assert found.reasons == (TerminationReason.STALLED, TerminationReason.CONVERGED)
    assert found.iterations[0] == 10
    assert torch.allclose(found.value[1], torch.full((2,), 2.0, dtype=torch.float64), atol=1e-7)


def test_without_patience_it_runs_to_its_limit() -> None:
    found = iterate(Picard(1e-8), rotation, start(), max_iterations=60)
    assert found.reasons == (TerminationReason.ITERATION_LIMIT, TerminationReason.CONVERGED)


def test_slow_is_not_stalled() -> None:
    """0.99^k falls by a tenth every 10 looks."""
    found = iterate(
        Picard(1e-6, patience=20), lambda z: 0.99 * z + 1.0, torch.ones(1, 3).double(), max_iterations=5000
    )
    assert found.reasons == (TerminationReason.CONVERGED,)
    found = iterate(
        Picard(1e-6, patience=5), lambda z: 0.99 * z + 1.0, torch.ones(1, 3).double(), max_iterations=5000
    )
    assert found.reasons == (TerminationReason.STALLED,)


def test_tolerances_below_rounding_end_as_stalled() -> None:
    weight = 0.5 * torch.linalg.qr(torch.randn(9, 9, generator=torch.Generator().manual_seed(0)))[0]
    for method in (Anderson(1e-12, patience=8), Broyden(1e-12, patience=8), Picard(1e-12, patience=8)):
        found = iterate(method, lambda z: z @ weight + 1.0, torch.zeros(3, 9), max_iterations=900)
        assert set(found.reasons) <= {TerminationReason.STALLED, TerminationReason.CONVERGED}
        assert TerminationReason.STALLED in found.reasons
        assert int(found.iterations.max()) < 200
        assert float(relative_residual(found.state).max()) < 1e-5


def test_the_value_is_then_the_best_iterate_and_not_the_last() -> None:
    """A map that moves away from its fixed point 0 after having come near it."""

    def f(z: Tensor) -> Tensor:
        return -1.5 * z

    begun = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    last = iterate(Picard(1e-9), f, begun, max_iterations=7)
    best = iterate(Picard(1e-9, patience=100), f, begun, max_iterations=7)
    assert torch.equal(last.value, begun * (-1.5) ** 7)
    assert torch.equal(best.value, begun)
    assert best.reasons == (TerminationReason.ITERATION_LIMIT,)


@pytest.mark.parametrize(
    "method", [Picard(1e-11, patience=30), Anderson(1e-11, patience=30), Broyden(1e-11, patience=30)]
)
def test_gradients_are_the_same_with_patience(method: FixedPointMethod[object]) -> None:
    weight = 0.4 * torch.eye(4, dtype=torch.float64).flip(0)
    found = []
    for adjoint, solver in ((Unrolled(), method), (Implicit(), method), (Implicit(), Picard(1e-12))):
        x = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(2, 4).requires_grad_()
        z, _ = adjoint.solve(
            solver, lambda z, x=x: torch.tanh(z @ weight + x), torch.zeros_like(x), max_iterations=200
        )
        found.append(torch.autograd.grad(z.square().sum(), x)[0])
    assert torch.allclose(found[0], found[2], atol=1e-8)
    assert torch.allclose(found[1], found[2], atol=1e-8)


def test_a_stalled_item_is_differentiated_where_it_is_best() -> None:
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    z, forward = JacobianFree().solve(
        Picard(1e-9, patience=4),
        lambda z: -1.5 * z * x / x.detach(),
        torch.ones(1, 2).double(),
        max_iterations=99,
    )
    assert forward.reasons == (TerminationReason.STALLED,)
    (gradient,) = torch.autograd.grad(z.sum(), x)
    assert float(gradient) == pytest.approx(-1.5)


def test_looks_may_be_some_steps_apart() -> None:
    start, map_ = torch.zeros(2, 3), lambda z: 0.5 * z + 1.0
    each = iterate(Picard(1e-4), map_, start, max_iterations=50)
    seldom = iterate(Picard(1e-4, every=4), map_, start, max_iterations=50)
    assert int(each.iterations.max()) % 4
    assert int(seldom.iterations.max()) == -(-int(each.iterations.max()) // 4) * 4
    assert set(seldom.reasons) == {TerminationReason.CONVERGED}
