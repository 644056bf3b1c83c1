"""Davis and Yin's and Douglas and Rachford's maps: their fixed points solve the variational inequality."""

from __future__ import annotations

import torch

from solvers.implicit.fixed_point import Picard
from solvers.implicit.games.resolvents import davis_yin, douglas_rachford
from solvers.implicit.games.simplex import project_simplex
from solvers.iteration import TerminationReason, iterate

DTYPE = torch.float64


def test_davis_and_yin_find_the_nearest_point_of_a_plane_and_an_orthant() -> None:
    """min ½‖x − t‖² over Σx = 1, x ≥ 0: the projection of t onto the simplex."""
    target = torch.tensor([[0.9, 0.4, -0.5], [0.1, 0.0, 0.2]], dtype=DTYPE)

    def onto_plane(z: torch.Tensor) -> torch.Tensor:
        return z - (z.sum(1, keepdim=True) - 1.0) / 3.0

    def step(z: torch.Tensor) -> torch.Tensor:
        return davis_yin(z, onto_plane, lambda x: x.clamp(min=0.0), lambda x: x - target, 1.0)

    found = iterate(Picard(1e-12), step, torch.zeros_like(target), max_iterations=2000)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert torch.allclose(onto_plane(found.value), project_simplex(target), atol=1e-9)


def test_douglas_and_rachford_find_the_equilibrium_of_a_skew_operator_where_forward_steps_turn_away() -> None:
    payoff = torch.tensor([[[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]]], dtype=DTYPE)
    start = torch.tensor([[0.8, 0.1, 0.1]], dtype=DTYPE)
    resolvent = torch.linalg.inv(torch.eye(3, dtype=DTYPE) - payoff)

    def splitting(z: torch.Tensor) -> torch.Tensor:
        return douglas_rachford(z, project_simplex, resolvent)

    def forward(x: torch.Tensor) -> torch.Tensor:
        return project_simplex(x + 0.1 * torch.einsum("bij,bj->bi", payoff, x))

    uniform = torch.full((1, 3), 1.0 / 3.0, dtype=DTYPE)
    found = iterate(Picard(1e-10), splitting, start, max_iterations=500)
    assert torch.allclose(project_simplex(found.value), uniform, atol=1e-7)
    away = iterate(Picard(1e-10), forward, start, max_iterations=500).value
    assert float((away - uniform).norm()) > 0.4
