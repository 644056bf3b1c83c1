from __future__ import annotations

from pathlib import Path

import pytest
import torch

from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.recovery_options import BUNDLED_NUMBERS
from tests.training.sparse.small_setting import M, N, small_dictionary, small_stream
from training.sparse import number_search
from training.sparse.nmse import nmse, nmse_by_layer
from training.sparse.number_search import SearchSettings, search_numbers
from training.sparse.sampling import Purpose
from training.sparse.search_journal import SearchJournal

LAYERS = 8
SETTINGS = SearchSettings(
    thresholds=(2.0, 5.0, 9.0),
    momenta=(0.03, 0.15),
    supports=(0.2, 0.5),
    grid_size=64,
    refinement_size=128,
    refinements=30,
)


def test_finds_better_numbers_than_the_published_ones_and_the_refinement_better_than_the_grid() -> None:
    geometry, stream = Geometry.analytic(small_dictionary().unit), small_stream(torch.float64, snr=30.0)
    told: list[tuple[int, int, float]] = []
    found = search_numbers(geometry, stream, LAYERS, SETTINGS, lambda *words: told.append(words))

    def reached(numbers: Hyperparameters) -> float:
        sample = stream.sample(600, Purpose.TEST)
        return nmse_by_layer(HyperLISTA(geometry, numbers), sample, LAYERS)[-1]

    published = Hyperparameters(0.014, 0.004, 0.4).on(M, N)
    assert found.refined_nmse < found.grid_nmse
    assert reached(found.numbers) < reached(published) - 0.3
    assert found.numbers.atoms == N
    assert found.points == len(told) <= told[-1][1] == 12 + 30


def test_the_same_seed_finds_the_same_numbers() -> None:
    geometry, stream = Geometry.analytic(small_dictionary().unit), small_stream(torch.float64, snr=30.0)
    assert search_numbers(geometry, stream, 4, SETTINGS) == search_numbers(geometry, stream, 4, SETTINGS)


def test_an_interrupted_search_goes_on_and_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    geometry, stream = Geometry.analytic(small_dictionary().unit), small_stream(torch.float64, snr=30.0)
    judged: list[int] = []

    def counted(estimates: torch.Tensor, codes: torch.Tensor) -> float:
        judged.append(1)
        return nmse(estimates, codes)

    monkeypatch.setattr(number_search, "nmse", counted)
    expected = search_numbers(geometry, stream, 4, SETTINGS)
    whole = len(judged)
    judged.clear()
    for stop in (5, 20):

        def interrupt(done: int, total: int, least: float, stop: int = stop) -> None:
            if done == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            search_numbers(geometry, stream, 4, SETTINGS, interrupt, SearchJournal.of(tmp_path, {}))
    found = search_numbers(geometry, stream, 4, SETTINGS, None, SearchJournal.of(tmp_path, {}))
    assert found == expected
    assert len(judged) == whole


def test_where_the_grid_has_nothing_good_the_bundled_numbers_are_refined() -> None:
    geometry, stream = Geometry.analytic(small_dictionary().unit), small_stream(torch.float64)
    bad = SETTINGS.model_copy(update={"thresholds": (40.0,), "momenta": (0.9,), "supports": (0.01,)})
    found = search_numbers(geometry, stream, LAYERS, bad)
    assert found.grid_numbers.threshold == pytest.approx(BUNDLED_NUMBERS.on(M, N).threshold)
    assert found.grid_numbers.momentum == pytest.approx(BUNDLED_NUMBERS.on(M, N).momentum)
    assert found.refined_nmse <= found.grid_nmse
