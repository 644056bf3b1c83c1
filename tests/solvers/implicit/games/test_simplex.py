"""The projection onto the simplex: feasible, closest, differentiable."""

from __future__ import annotations

import torch

from solvers.implicit.games.simplex import project_simplex


def test_a_projection_is_in_the_simplex_and_nothing_there_is_closer() -> None:
    generator = torch.Generator().manual_seed(0)
    points = 3.0 * torch.randn(40, 7, generator=generator, dtype=torch.float64)
    projected = project_simplex(points)
    assert bool((projected >= 0.0).all())
    assert torch.allclose(projected.sum(1), torch.ones(40, dtype=torch.float64))
    others = torch.distributions.Dirichlet(torch.ones(7, dtype=torch.float64)).sample((200,))
    inner = ((points - projected)[:, None] * (others[None] - projected[:, None])).sum(2)
    assert float(inner.max()) <= 1e-12


def test_what_is_in_the_simplex_stays() -> None:
    inside = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(project_simplex(inside), inside)


def test_of_one_coordinate_far_above_the_vertex_is_left() -> None:
    assert torch.equal(project_simplex(torch.tensor([[9.0, 1.0, -4.0]])), torch.tensor([[1.0, 0.0, 0.0]]))


def test_gradients_are_those_of_finite_differences() -> None:
    points = torch.tensor([[0.4, 0.1, -0.9], [0.3, 0.35, 0.2]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(project_simplex, (points,))
