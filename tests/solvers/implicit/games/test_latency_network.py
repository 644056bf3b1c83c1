"""The network of traffic games: monotone latencies, feasible answers, its fixed point, what it can learn."""

from __future__ import annotations

import numpy as np
import torch

from solvers.implicit.adjoint import Implicit
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.latency_network import LatencyNetwork

GAME = draw_city(3, 2, 1, 1, load=2.0)
GIVEN = GAME.draw(np.random.default_rng(0), 8)
CONTEXTS = torch.from_numpy(GIVEN)
OBSERVED = torch.from_numpy(GAME.observe(GAME.continue_from(GIVEN, None, gap=1e-9).value))


def network(**options: object) -> LatencyNetwork:
    torch.manual_seed(0)
    return LatencyNetwork(GAME, hidden=8, largest=OBSERVED.amax(0), **options)  # type: ignore[arg-type]


def test_latencies_grow_with_flow_beyond_what_was_seen_too_and_smoothly() -> None:
    made = network()
    scale, slopes, *_ = made.given(CONTEXTS)
    flows = torch.linspace(0.0, 3.0, 400, dtype=torch.float64)
    values = torch.stack(
        [made.latencies(scale, slopes, (made.reach * flow).expand_as(scale)) for flow in flows]
    )
    steps = values.diff(dim=0)
    assert bool((steps > 0.0).all())
    bends = steps.diff(dim=0).abs().amax(dim=0)
    assert bool((bends <= 0.1 * steps.amax(dim=0)).all())


def test_answers_meet_the_demands() -> None:
    made = network()
    with torch.no_grad():
        given = made.given(CONTEXTS)
        answer = made.answer(torch.randn(made.start(given).shape, dtype=torch.float64), *given).numpy()
    assert GAME.conservation(GIVEN, answer).max() <= 1e-12


def test_its_fixed_point_is_the_equilibrium_of_the_game_that_it_has_learned() -> None:
    made = network(tolerance=1e-10, max_iterations=20_000)
    with torch.no_grad():
        flows = made(CONTEXTS)
        assert float(made.observed_gap(CONTEXTS, flows).max()) <= 1e-6
        assert float(made.observed_gap(CONTEXTS, 1.2 * flows).min()) > 1e-3


def test_exact_gradients_are_those_of_finite_differences() -> None:
    made = network(adjoint=Implicit(), tolerance=1e-12, max_iterations=3000)
    bias = made.coefficients.linear.bias

    def loss() -> torch.Tensor:
        return (made(CONTEXTS[:2]) - OBSERVED[:2]).square().sum()

    loss().backward()  # type: ignore[no-untyped-call]
    assert bias.grad is not None
    place = int(bias.grad.abs().argmax())
    with torch.no_grad():
        kept = float(bias[place])
        ends = []
        for shift in (1e-5, -1e-5):
            bias[place] = kept + shift
            ends.append(float(loss()))
        bias[place] = kept
    slope = (ends[0] - ends[1]) / 2e-5
    assert abs(slope - float(bias.grad[place])) <= 2e-2 * abs(slope)


def test_it_learns_from_edge_flows() -> None:
    contexts = GAME.draw(np.random.default_rng(1), 30)
    observed = torch.from_numpy(GAME.observe(GAME.continue_from(contexts, None, gap=1e-6).value))
    torch.manual_seed(0)
    made = LatencyNetwork(GAME, hidden=8, largest=observed.amax(0), max_iterations=1000)
    given = torch.from_numpy(contexts)
    optimiser = torch.optim.Adam(made.parameters(), lr=4e-2)

    def worth() -> float:
        with torch.no_grad():
            given = made.given(CONTEXTS)
            z = made.layer(*given, like=made.start(given))
            raw = made.answer(z, *given).numpy()
        return float(np.median(GAME.gap(GIVEN, GAME.feasible(GIVEN, raw))))

    before = worth()
    for _ in range(30):
        loss = made.observed_gap(given, observed).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert worth() <= 0.3 * before
