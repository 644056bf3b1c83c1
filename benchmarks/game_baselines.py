"""An explicit perceptron that predicts equilibria from contexts, its output made feasible."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from solvers.implicit.games.game import Game
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.simplex import project_simplex

Matrix = NDArray[np.float64]
RATES = (1e-2, 3e-3, 1e-3)
STEPS, BATCH = 6000, 128


def perceptron_answers(
    game: Game, contexts: Matrix, answers: Matrix, asked: Matrix, parameters: int, *, seed: int
) -> tuple[Matrix, int]:
    """Answers to what is asked, (N, n), and the perceptron's own number of parameters.

    One hidden layer, as wide as the parameters allow; trained on whole answers (for traffic, flows by pair:
    more than the network is told) by squared distance; the rate by a tenth held out.
    """
    held = len(contexts) // 10
    low, high = game.context_lower, game.context_upper
    given, wanted = (
        torch.from_numpy(array).double() for array in (2 * (contexts - low) / (high - low) - 1, answers)
    )
    best, chosen, count = np.inf, None, 0
    for rate in RATES:
        torch.manual_seed(seed)
        network = _perceptron(given.shape[1], wanted.shape[1], parameters)
        count = sum(value.numel() for value in network.parameters())
        _train(game, network, given[held:], wanted[held:], rate, seed)
        with torch.no_grad():
            loss = float((_projected(game, network(given[:held])) - wanted[:held]).square().mean())
        if loss < best:
            best, chosen = loss, network
    assert chosen is not None
    with torch.no_grad():
        raw = _projected(game, chosen(torch.from_numpy(2 * (asked - low) / (high - low) - 1)))
    return game.feasible(asked, raw.numpy()), count


def _perceptron(inputs: int, outputs: int, parameters: int) -> nn.Module:
    hidden = max(1, (parameters - outputs) // (inputs + 1 + outputs))
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs)).double()


def _projected(game: Game, raw: torch.Tensor) -> torch.Tensor:
    """Onto the simplex, or to flows that are not negative (conservation is for the end)."""
    return project_simplex(raw) if isinstance(game, MatrixGame) else raw.clamp(min=0.0)


def _train(
    game: Game, network: nn.Module, given: torch.Tensor, wanted: torch.Tensor, rate: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        places = torch.randint(len(given), (BATCH,), generator=generator)
        raw = network(given[places])
        # a projection has no derivative where it cuts: the raw output is drawn along a little
        distance = (_projected(game, raw) - wanted[places]).square() + 0.01 * (raw - wanted[places]).square()
        loss = distance.sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
