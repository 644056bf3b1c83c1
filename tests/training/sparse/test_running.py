"""A training, whole: the checkpoint is what a service loads, and its card says what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from runtime.checkpoints import read_card
from solvers.sparse.hyperlista import Geometry, HyperLISTA
from solvers.sparse.stored import load_network, load_numbers
from tests.training.sparse.small_setting import SETTINGS, M, N, small_dictionary
from training.identity import DifferentRun, Identity
from training.sparse.nmse import nmse_by_layer
from training.sparse.number_search import SearchSettings
from training.sparse.running import PLOT, Task, train_sparse
from training.sparse.sampling import Purpose, StoredCodes

SMALL = Identity("small", "2", ["farkas", "train", "lista"])
FEW = SearchSettings(
    thresholds=(3.0, 6.0), momenta=(0.1,), supports=(0.3,), refinement_size=64, refinements=5
)


def test_a_network_is_stored_with_a_card_that_says_how_good_it_is(tmp_path: Path) -> None:
    task = Task(small_dictionary(), "lista-cpss", SETTINGS.model_copy(update={"layers": 2}), seed=5)
    told: list[tuple[int, int, str]] = []
    figures = train_sparse(task, tmp_path, SMALL, told=lambda *words: told.append(words))

    card = read_card(tmp_path)
    assert (card["name"], card["version"], card["kind"], card["variant"]) == (
        "small", "2", "sparse-network", "lista-cpss",
    )  # fmt: skip
    assert card["trainable_parameters"] == 2 * (M * N + 1)
    assert card["metrics"] == figures
    assert set(figures["untrained"]) == {"hyperlista", "fista"}
    assert len(card["training"]["stages"]) == len(told) == 6
    assert "each" not in card["training"]["command"]
    network = load_network(tmp_path, small_dictionary())
    sample = task.stream(torch.float64).sample(SETTINGS.test_size, Purpose.TEST)
    assert nmse_by_layer(network, sample, 2)[-1] == pytest.approx(figures["test"]["nmse_db"], abs=1e-3)
    assert "HyperLISTA without training" in (tmp_path / PLOT).read_text()


def test_a_finished_run_is_not_trained_again_and_another_run_is_refused(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"layers": 1})
    task = Task(small_dictionary(), "alista", settings)
    first = train_sparse(task, tmp_path, SMALL)
    told: list[object] = []
    assert train_sparse(task, tmp_path, SMALL, told=lambda *words: told.append(words)) == first
    assert told == []
    with pytest.raises(DifferentRun, match="dictionary_sha256"):
        train_sparse(Task(small_dictionary(1), "alista", settings), tmp_path, SMALL)
    with pytest.raises(DifferentRun, match="seed"):
        train_sparse(Task(small_dictionary(), "alista", settings, seed=1), tmp_path, SMALL)


def test_hyperlista_is_three_numbers(tmp_path: Path) -> None:
    task = Task(small_dictionary(), "hyperlista", SETTINGS, seed=1)
    figures = train_sparse(task, tmp_path, SMALL, search=FEW)
    numbers = load_numbers(tmp_path)
    assert read_card(tmp_path)["trainable_parameters"] == 3
    solver = HyperLISTA(Geometry.analytic(small_dictionary().unit), numbers)
    sample = task.stream(torch.float64).sample(SETTINGS.test_size, Purpose.TEST)
    reached = nmse_by_layer(solver, sample, SETTINGS.layers)[-1]
    assert reached == pytest.approx(figures["test"]["nmse_db"], abs=1e-3)


def test_somebody_s_codes_are_turned_into_those_of_unit_atoms() -> None:
    dictionary = small_dictionary()
    codes = torch.zeros(20, N, dtype=torch.float64)
    codes[:, 3] = 2.0
    stream = Task(dictionary, "alista", SETTINGS, codes=codes).stream(torch.float64)
    assert isinstance(stream.codes, StoredCodes)
    sample = stream.sample(4, Purpose.TEST)
    torch.testing.assert_close(sample.problem.measurements, codes[:4] @ dictionary.matrix.T)
