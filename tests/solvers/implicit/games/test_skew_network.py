"""The network of matrix games: its parts, its derivatives' way, and what it can learn."""

from __future__ import annotations

import numpy as np
import torch

from solvers.implicit.adjoint import Implicit
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork

GAME = MatrixGame.draw_game(4, 3, 1, regularization=0.3)
CONTEXTS = torch.from_numpy(GAME.draw(np.random.default_rng(0), 12))


def network(**options: object) -> SkewNetwork:
    torch.manual_seed(0)
    return SkewNetwork(GAME, hidden=8, **options)  # type: ignore[arg-type]


def test_learned_payoffs_are_skew_and_answers_are_strategies() -> None:
    made = network()
    payoffs = made.payoffs(CONTEXTS)
    assert torch.equal(payoffs, -payoffs.transpose(1, 2))
    answers = made(CONTEXTS)
    assert bool((answers >= 0.0).all())
    assert torch.allclose(answers.sum(1), torch.ones(12, dtype=torch.float64))


def test_its_fixed_point_is_the_equilibrium_of_the_game_that_it_has_learned() -> None:
    made = network(tolerance=1e-10, max_iterations=5000)
    with torch.no_grad():
        answers = made(CONTEXTS)
        assert float(made.observed_gap(CONTEXTS, answers).max()) <= 1e-10


def test_exact_gradients_are_those_of_finite_differences() -> None:
    made = network(adjoint=Implicit(), tolerance=1e-12, max_iterations=5000)
    weight = made.entries.linear.weight
    target = torch.full((12, 4), 0.25, dtype=torch.float64)

    def loss() -> torch.Tensor:
        return (made(CONTEXTS) - target).square().sum()

    loss().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    with torch.no_grad():
        for place in ((0, 0), (3, 2)):
            kept = float(weight[place])
            ends = []
            for shift in (1e-6, -1e-6):
                weight[place] = kept + shift
                ends.append(float(loss()))
            weight[place] = kept
            slope = (ends[0] - ends[1]) / 2e-6
            assert abs(slope - float(weight.grad[place])) <= 1e-5 * max(1.0, abs(slope))


def test_the_observed_gap_is_zero_for_the_true_game_and_teaches_it() -> None:
    contexts = GAME.draw(np.random.default_rng(1), 400)
    observed = torch.from_numpy(GAME.continue_from(contexts, None, gap=1e-10).value)
    given, made = torch.from_numpy(contexts), network()
    optimiser = torch.optim.Adam(made.parameters(), lr=2e-2)
    first = float(made.observed_gap(given, observed).detach().mean())
    for _ in range(300):
        loss = (made.observed_gap(given, observed) + 1e-12).sqrt().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(made.observed_gap(given, observed).detach().mean()) <= 1e-3 * first
    unseen = GAME.draw(np.random.default_rng(2), 100)
    made.layer.max_iterations = 2000
    with torch.no_grad():
        answers = made(torch.from_numpy(unseen)).numpy()
    uniform = np.full_like(answers, 0.25)
    assert np.median(GAME.gap(unseen, answers)) <= 0.1 * np.median(GAME.gap(unseen, uniform))


def test_a_context_whose_system_is_singular_to_rounding_fails_alone() -> None:
    network = SkewNetwork(MatrixGame(3, 1), hidden=4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        network.entries.linear.weight[:] = torch.tensor([[1e20], [-1e20], [1e20]])
    middle, far = torch.tensor([[0.5]], dtype=torch.float64), torch.tensor([[1.0]], dtype=torch.float64)
    alone, both = network(middle), network(torch.cat([middle, far]))
    assert torch.equal(both[0], alone[0])
