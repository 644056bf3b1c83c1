"""Traffic games: the Wardrop gap against exact fractions, equilibria by hand, and what has no proof."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.roads import RoadNetwork
from solvers.implicit.games.traffic_game import BETA, TrafficGame

Matrix = NDArray[np.float64]
GAME = draw_city(3, 3, 2, 4, load=2.0)


def contexts(count: int, seed: int = 0) -> Matrix:
    return GAME.draw(np.random.default_rng(seed), count)


def exact_gap(game: TrafficGame, context: Matrix, answer: Matrix) -> Fraction:
    """(⟨ℓ, v⟩ − Σ D δ) / ⟨ℓ, v⟩ in fractions, distances by Bellman and Ford."""
    assert game.free_times is not None
    assert game.capacities is not None
    assert game.sensitivities is not None
    roads, pairs = game.roads, game.roads.pairs
    flows = [[Fraction(value) for value in row] for row in answer.reshape(pairs, -1).tolist()]
    total = [sum(column, Fraction(0)) for column in zip(*flows, strict=True)]
    conditions = [Fraction(value) for value in context[pairs:].tolist()]
    times = []
    for edge, load in enumerate(total):
        slow = zip(game.sensitivities[edge].tolist(), conditions, strict=True)
        free = Fraction(float(game.free_times[edge])) * (1 + sum(Fraction(s) * c for s, c in slow))
        times.append(free * (1 + Fraction(BETA) * (load / Fraction(float(game.capacities[edge]))) ** 4))
    whole = sum((time * load for time, load in zip(times, total, strict=True)), Fraction(0))
    saved = whole
    for pair in range(pairs):
        far = [Fraction(10**9)] * roads.nodes
        far[int(roads.destinations[pair])] = Fraction(0)
        for _ in range(roads.nodes):
            for tail, head, time in zip(roads.tails.tolist(), roads.heads.tolist(), times, strict=True):
                far[tail] = min(far[tail], time + far[head])
        demand = Fraction(float(context[pair])) * Fraction(float(game.demands[pair]))
        saved -= demand * far[int(roads.origins[pair])]
    return saved / whole


def test_no_gap_is_below_the_exact_one_nor_far_above() -> None:
    given = contexts(8)
    solved = GAME.feasible(given, GAME.continue_from(given, None, gap=1e-12).value)
    spread = GAME.feasible(given, np.random.default_rng(1).standard_normal(solved.shape))
    for answers in (solved, spread, 0.5 * (solved + spread)):
        found = GAME.gap(given, answers)
        for context, answer, gap in zip(given, answers, found, strict=True):
            truth = exact_gap(GAME, context, answer)
            assert Fraction(float(gap)) >= truth
            assert float(gap) <= float(truth) + 1e-11


def test_the_gap_covers_what_a_demand_is_missed_by() -> None:
    given = contexts(6)
    solved = GAME.feasible(given, GAME.continue_from(given, None, gap=1e-12).value)
    for share in (1.0 - 4e-7, 1.0 + 4e-7):
        for context, answer, gap in zip(given, share * solved, GAME.gap(given, share * solved), strict=True):
            assert Fraction(float(gap)) >= exact_gap(GAME, context, answer)


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -1e-12, 1e200, 0.1])
def test_what_is_no_flow_of_the_demands_has_no_proof(spoilt: float) -> None:
    given = contexts(2)
    answers = GAME.feasible(given, np.zeros((2, GAME.equilibrium_size)))
    answers[0, 0] = spoilt if not np.isfinite(spoilt) or spoilt < 0 else answers[0, 0] + spoilt
    gap = GAME.gap(given, answers)
    assert np.isinf(gap[0])
    assert np.isfinite(gap[1])


def test_two_roads_between_two_towns_share_by_hand() -> None:
    """By way of 1 each road takes 1 + 0.15 v⁴, by way of 2 it takes 1.3 whatever the flow."""
    roads = RoadNetwork.of(
        {
            "nodes": 4,
            "tails": [0, 1, 1, 3, 0, 2, 2, 3],
            "heads": [1, 0, 3, 1, 2, 0, 3, 2],
            "origins": [0],
            "destinations": [3],
        }
    )
    wide = np.array([1.0, 1.0, 1.0, 1.0, 1e6, 1e6, 1e6, 1e6])
    free = np.array([1.0] * 4 + [1.3] * 4)
    game = TrafficGame(roads, np.array([3.0]), (), free, wide, np.zeros((8, 0)))
    value = game.continue_from(np.ones((1, 1)), None, gap=1e-13).value[0]
    by_one = (0.3 / BETA) ** 0.25
    assert np.allclose(value, [by_one, 0, by_one, 0, 3.0 - by_one, 0, 3.0 - by_one, 0], atol=1e-6)


@pytest.mark.parametrize("load", [0.5, 2.0])
def test_the_classical_method_reaches_a_proved_gap_cold_and_warm(load: float) -> None:
    game = draw_city(4, 4, 2, 7, load=load)
    given = game.draw(np.random.default_rng(0), 12)
    cold = game.continue_from(given, None, gap=1e-6)
    value = game.feasible(given, cold.value)
    assert game.gap(given, value).max() <= 1e-6
    assert game.conservation(given, value).max() <= 1e-12
    assert value.min() >= 0.0
    warm = game.continue_from(given, value, gap=1e-5)
    assert warm.iterations.max() <= 1
    assert game.gap(given, game.feasible(given, warm.value)).max() <= 1e-5


def test_edge_flows_are_observed() -> None:
    value = np.arange(GAME.equilibrium_size, dtype=np.float64)[None]
    assert np.array_equal(GAME.observe(value)[0], value.reshape(3, -1).sum(axis=0))


def test_what_is_not_finite_is_made_feasible() -> None:
    given = contexts(2)
    made = GAME.feasible(given, np.full((2, GAME.equilibrium_size), np.nan))
    assert GAME.conservation(given, made).max() <= 1e-12


def test_without_latencies_there_is_no_gap() -> None:
    unknown = draw_city(3, 3, 2, 4, known=False)
    given = contexts(2)
    assert np.isnan(unknown.gap(given, unknown.feasible(given, np.zeros((2, 72))))).all()
    with pytest.raises(ValueError, match="not known"):
        unknown.continue_from(given, None, gap=1e-3)


@pytest.mark.parametrize(
    ("place", "value"), [(0, 0.0), (0, -1.0), (0, 1e4), (3, -0.1), (4, 2e3), (0, float("nan"))]
)
def test_contexts_without_a_meaning_are_refused(place: int, value: float) -> None:
    context = np.ones(GAME.context_size)
    context[place] = value
    with pytest.raises(InvalidContext):
        GAME.check(context)


@pytest.mark.parametrize(
    "changes",
    [
        {"demands": np.array([1.0, 0.0, 1.0])},
        {"demands": np.ones(2)},
        {"free_times": None},
        {"capacities": np.zeros(24)},
        {"sensitivities": np.full((24, 3), -1.0)},
        {"sensitivities": np.full((24, 3), np.nan)},
    ],
)
def test_numbers_that_make_no_game_are_refused(changes: dict[str, Any]) -> None:
    numbers = {
        "demands": GAME.demands,
        "free_times": GAME.free_times,
        "capacities": GAME.capacities,
        "sensitivities": GAME.sensitivities,
    }
    with pytest.raises(ValueError, match=r"."):
        TrafficGame(GAME.roads, conditions=GAME.conditions, **{**numbers, **changes})


def triangle(size: float, demand: float = 1.0) -> TrafficGame:
    """Three towns; the way by the third takes 2 `size`, the road straight there 0.9."""
    roads = RoadNetwork(
        3,
        np.array([0, 1, 1, 2, 0, 2]),
        np.array([1, 0, 2, 1, 2, 0]),
        np.array([0]),
        np.array([2]),
    )
    free = size * np.array([1.0, 1.0, 1.0, 1.0, 0.9, 0.9])
    return TrafficGame(roads, np.array([demand]), (), free, np.full(6, 1e3 * demand), np.zeros((6, 0)))


def test_a_whole_time_beyond_floats_proves_nothing() -> None:
    game = triangle(1e99, 1e29)
    assert game.free_times is not None
    game.free_times = game.free_times * 1.2e180  # the whole time is 2.4e308, what could be saved 1.3e308
    long_way = np.array([[1e29, 0.0, 1e29, 0.0, 0.0, 0.0]])
    with np.errstate(over="ignore"):
        (gap,) = game.gap(np.array([[1.0]]), long_way)
    assert gap >= 0.55


@pytest.mark.parametrize("size", [1e-320, 1e-101, 1e101])
def test_numbers_that_products_would_be_lost_of_are_refused(size: float) -> None:
    with pytest.raises(ValueError, match="lie between"):
        triangle(size)


def test_nothing_is_proved_where_a_demand_is_negative() -> None:
    (gap,) = triangle(1.0).gap(np.array([[-1.0]]), np.array([[1.0, 0.0, 1.0, 0.0, 0.0, 0.0]]))
    assert gap == np.inf
