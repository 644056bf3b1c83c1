"""From contexts to equilibria: what is predicted, proved, gone on with, and said of each item."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games import finding
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.finding import EquilibriumOptions, find_equilibrium
from solvers.implicit.games.game import Continued
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.iteration import TerminationReason


def skew(*, known: bool = True) -> SkewNetwork:
    torch.manual_seed(0)
    game = MatrixGame.draw_game(4, 3, 1, regularization=0.2)
    return SkewNetwork(game if known else MatrixGame(4, 3, regularization=0.2), hidden=6)


def traffic() -> LatencyNetwork:
    torch.manual_seed(0)
    return LatencyNetwork(draw_city(3, 2, 1, 1, load=2.0), hidden=6)


@pytest.mark.parametrize("made", [skew, traffic])
def test_predictions_are_feasible_and_their_gaps_are_the_games(made: type[EquilibriumNetwork]) -> None:
    network = made()
    contexts = network.game.draw(np.random.default_rng(0), 5)
    found = find_equilibrium(network, contexts)
    assert np.array_equal(found.gap, network.game.gap(contexts, found.value))
    assert np.isfinite(found.gap).all()
    assert found.conservation.max() <= 1e-9
    assert found.provenance == ("predicted",) * 5
    assert not found.continuation_iterations.any()


@pytest.mark.parametrize("made", [skew, traffic])
def test_it_goes_on_to_the_gap_that_is_asked(made: type[EquilibriumNetwork]) -> None:
    network = made()
    contexts = network.game.draw(np.random.default_rng(1), 5)
    found = find_equilibrium(network, contexts, EquilibriumOptions(gap=1e-6))
    assert found.gap.max() <= 1e-6
    assert network.game.gap(contexts, found.value).max() <= 1e-6
    assert found.provenance == ("solved",) * 5
    assert found.converged == (True,) * 5
    assert found.conservation.max() <= 1e-9


def test_a_prediction_within_what_is_asked_or_stated_is_certified() -> None:
    network = skew()
    contexts = network.game.draw(np.random.default_rng(2), 4)
    asked = find_equilibrium(network, contexts, EquilibriumOptions(gap=10.0))
    assert asked.provenance == ("certified",) * 4
    assert not asked.continuation_iterations.any()
    network.stated_gap = float(np.median(asked.gap))
    stated = find_equilibrium(network, contexts)
    assert [name == "certified" for name in stated.provenance] == (stated.gap <= network.stated_gap).tolist()
    assert set(stated.provenance) == {"certified", "predicted"}


def test_without_time_the_prediction_is_what_is_left_and_nothing_is_claimed() -> None:
    network = skew()
    contexts = network.game.draw(np.random.default_rng(3), 3)
    started = time.monotonic()
    found = find_equilibrium(network, contexts, EquilibriumOptions(gap=1e-14, time_limit=1e-9))
    assert time.monotonic() - started < 5.0
    assert set(found.reasons) == {TerminationReason.TIME_LIMIT}
    assert all(ok == (gap <= 1e-14) for ok, gap in zip(found.converged, found.gap, strict=True))


def test_an_item_that_is_not_finite_fails_alone() -> None:
    network = skew()
    with torch.no_grad():
        network.entries.linear.weight[:, 0] = 1e200
    found = find_equilibrium(network, [[0.5, 0.2, 0.3], [1e6, 0.2, 0.3]])
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.gap).all()
    with torch.no_grad():
        network.entries.linear.weight[:, 0] = torch.nan
    lost = find_equilibrium(network, [[0.5, 0.2, 0.3]])
    assert lost.reasons == (TerminationReason.NON_FINITE,)
    assert np.array_equal(lost.value, [[0.25] * 4])
    assert lost.converged == (False,)


def test_of_a_game_that_is_not_known_nothing_is_proved() -> None:
    network = skew(known=False)
    found = find_equilibrium(network, [0.1, 0.2, 0.3])
    assert np.isnan(found.gap).all()
    assert found.provenance == ("predicted",)
    with pytest.raises(ValueError, match="known"):
        find_equilibrium(network, [0.1, 0.2, 0.3], EquilibriumOptions(gap=1e-3))


def test_a_wrong_context_is_refused() -> None:
    with pytest.raises(InvalidContext, match="3 numbers"):
        find_equilibrium(skew(), [1.0, 2.0])


@pytest.mark.parametrize(
    "options", [{"max_iterations": -1}, {"tolerance": 0.0}, {"gap": 0.0}, {"time_limit": float("inf")}]
)
def test_options_without_a_meaning_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        EquilibriumOptions(**options)  # type: ignore[arg-type]


def test_what_the_classical_method_came_to_without_a_proof_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = traffic()
    contexts = network.game.draw(np.random.default_rng(5), 3)
    predicted = find_equilibrium(network, contexts)
    unreached = EquilibriumOptions(gap=1e-300)
    found = find_equilibrium(network, contexts, unreached)
    assert (found.gap < predicted.gap).all()
    assert found.converged == (False,) * 3
    assert found.provenance == ("solved",) * 3
    assert (found.continuation_iterations > 0).all()

    def worse(context: object, start: np.ndarray, **limits: object) -> Continued:
        return Continued(np.eye(4)[: len(start)], np.full(len(start), 7))

    network = skew()
    predicted = find_equilibrium(network, contexts[:, :3])
    monkeypatch.setattr(network.game, "continue_from", worse)
    kept = find_equilibrium(network, contexts[:, :3], unreached)
    assert np.array_equal(kept.value, predicted.value)
    assert kept.provenance == ("predicted",) * 3
    assert kept.continuation_iterations.tolist() == [7] * 3


def test_the_clock_is_looked_at_between_parts_of_the_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    network = traffic()
    contexts = network.game.draw(np.random.default_rng(6), 5)
    monkeypatch.setattr(finding, "_AT_ONCE", 2 * network.game.equilibrium_size)
    whole = find_equilibrium(network, contexts, EquilibriumOptions(gap=1e-6))
    assert whole.provenance == ("solved",) * 5
    assert whole.gap.max() <= 1e-6
    go_on = network.game.continue_from

    def slow(*given: Any, **limits: Any) -> Continued:
        time.sleep(0.4)
        return go_on(*given, gap=limits["gap"])

    monkeypatch.setattr(network.game, "continue_from", slow)
    started = time.monotonic()
    found = find_equilibrium(network, contexts, EquilibriumOptions(gap=1e-6, time_limit=0.4))
    assert time.monotonic() - started < 1.2
    assert found.provenance[2:] == ("predicted",) * 3
    assert found.continuation_iterations[2:].tolist() == [0] * 3
    assert set(found.provenance[:2]) <= {"solved"}


def test_the_network_leaves_time_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    network, deadlines = skew(), []
    iterated = finding.iterate

    def watched(*given: Any, deadline: float, **limits: Any) -> Any:
        deadlines.append(deadline - time.monotonic())
        return iterated(*given, deadline=deadline, **limits)

    monkeypatch.setattr(finding, "iterate", watched)
    for gap in (None, 1e-3):
        find_equilibrium(network, [0.1, 0.2, 0.3], EquilibriumOptions(gap=gap, time_limit=40.0))
    assert 39.0 < deadlines[0] <= 40.0
    assert 19.0 < deadlines[1] <= 20.0
