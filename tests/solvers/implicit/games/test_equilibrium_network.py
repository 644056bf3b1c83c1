"""What networks share: the map from contexts, and flat iterates."""

from __future__ import annotations

import numpy as np
import torch

from solvers.implicit.games.equilibrium_network import ContextMap
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork


def test_a_context_map_is_linear_until_it_is_trained_and_free_of_the_boxs_unit() -> None:
    torch.manual_seed(0)
    unit = ContextMap(np.zeros(3), np.ones(3), 5, 4)
    wide = ContextMap(np.full(3, -10.0), np.full(3, 30.0), 5, 4)
    wide.load_state_dict(unit.state_dict())
    points = torch.rand(6, 3, dtype=torch.float64)
    assert torch.allclose(unit(points), wide(40.0 * points - 10.0))
    assert torch.allclose(unit(points[:3]) + unit(points[3:]), 2.0 * unit(0.5 * (points[:3] + points[3:])))


def test_a_box_without_width_gives_finite_numbers() -> None:
    point = np.array([0.5])
    assert bool(torch.isfinite(ContextMap(point, point, 3, 2)(torch.tensor([[0.5]]).double())).all())


def test_the_flat_map_is_the_cell() -> None:
    game = MatrixGame.draw_game(3, 2, 0, regularization=0.1)
    network = SkewNetwork(game, hidden=4)
    given = network.given(torch.rand(5, 2, dtype=torch.float64))
    flat, start = network.map(given)
    assert start.shape == (5, 3)
    z = torch.rand(5, 3, dtype=torch.float64)
    assert torch.equal(flat(z), network.cell(z, *given))
