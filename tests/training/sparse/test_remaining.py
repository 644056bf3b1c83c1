from __future__ import annotations

import pytest

from training.sparse.layerwise_settings import LayerwiseSettings
from training.sparse.layerwise_state import StageResult
from training.sparse.remaining import Remaining, in_words

SETTINGS = LayerwiseSettings(layers=5, steps=(30, 20, 10))


def test_stages_that_take_what_their_work_says_are_foretold() -> None:
    remaining = Remaining(SETTINGS)
    places = [(layer, stage) for layer in range(1, 6) for stage in (1, 2, 3)]
    seconds = {place: 1e-3 * Remaining(SETTINGS).work_of(*place) for place in places}
    for done, (layer, stage) in enumerate(places, 1):
        left = remaining.after(StageResult(layer, stage, 10, None, seconds[layer, stage]))
        assert left == pytest.approx(sum(seconds[place] for place in places[done:]))


def test_a_run_that_goes_on_is_foretold_from_what_it_sees() -> None:
    remaining = Remaining(SETTINGS)
    left = remaining.after(StageResult(5, 1, 10, None, 2.0))
    work = [remaining.work_of(5, stage) for stage in (1, 2, 3)]
    assert left == pytest.approx(2.0 * (work[1] + work[2]) / work[0])


def test_later_layers_cost_more_where_all_are_trained() -> None:
    work = Remaining(SETTINGS).work_of
    assert work(4, 2) == pytest.approx(4.0 * work(1, 2))


@pytest.mark.parametrize(("seconds", "text"), [(12.4, "12 s"), (400.0, "7 min"), (9000.0, "2.5 h")])
def test_words(seconds: float, text: str) -> None:
    assert in_words(seconds) == text
