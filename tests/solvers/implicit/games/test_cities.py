"""Made-up cities: by the seed alone, with and without their latencies."""

from __future__ import annotations

import numpy as np

from solvers.implicit.games.cities import draw_city


def test_a_city_is_its_seeds() -> None:
    first, again, other = draw_city(4, 3, 2, 5), draw_city(4, 3, 2, 5), draw_city(4, 3, 2, 6)
    assert first.free_times is not None
    assert np.array_equal(first.free_times, again.free_times)
    assert not np.array_equal(first.free_times, other.free_times)


def test_a_city_that_keeps_its_latencies_to_itself_is_the_same_otherwise() -> None:
    known, unknown = draw_city(4, 3, 2, 5), draw_city(4, 3, 2, 5, known=False)
    assert not unknown.is_known
    assert unknown.roads.description() == known.roads.description()
    assert unknown.context_names == known.context_names
    assert np.array_equal(unknown.demands, known.demands)


def test_weather_slows_every_road_and_an_incident_those_at_its_crossing() -> None:
    game = draw_city(4, 3, 1, 0)
    assert game.sensitivities is not None
    crossing = int(game.conditions[1].split()[-1])
    near = (game.roads.tails == crossing) | (game.roads.heads == crossing)
    assert (game.sensitivities[:, 0] > 0.0).all()
    assert np.array_equal(game.sensitivities[:, 1] > 0.0, near)
