"""The straight line: dictionaries are kept, damaged ones refused, a command has no server's limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runtime.names import UnusableModel
from service import sparse_recovery
from service.settings import Settings
from service.sparse_commands import add_dictionary
from service.sparse_questions import Method, SparseQuestion
from service.sparse_recovery import SparseRecoverer

ROWS, COLUMNS, NUMBER = 30, 45, 23


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(11).standard_normal((ROWS, COLUMNS))


@pytest.fixture
def measurements(matrix: np.ndarray) -> np.ndarray:
    generator = np.random.default_rng(12)
    codes = generator.standard_normal((NUMBER, COLUMNS)) * (generator.random((NUMBER, COLUMNS)) < 0.1)
    return codes @ matrix.T


def test_dictionaries_that_were_asked_for_are_kept(
    settings: Settings,
    tmp_path: Path,
    matrix: np.ndarray,
    measurements: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    np.save(tmp_path / "A.npy", matrix)
    add_dictionary(tmp_path / "A.npy", settings, name="mine")
    recoverer = SparseRecoverer(settings)
    first = recoverer.answer(SparseQuestion("mine", measurements))
    monkeypatch.setattr(sparse_recovery, "load_dictionary", None)
    again = recoverer.answer(SparseQuestion("mine", measurements[0]))
    assert again.dictionary == first.dictionary
    np.testing.assert_allclose(again.recovery.x[0], first.recovery.x[0], atol=1e-5)


def test_a_damaged_dictionary_is_unusable(
    settings: Settings, tmp_path: Path, matrix: np.ndarray, measurements: np.ndarray
) -> None:
    np.save(tmp_path / "A.npy", matrix)
    entry = add_dictionary(tmp_path / "A.npy", settings, name="mine")
    weights = entry.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(UnusableModel):
        SparseRecoverer(settings).answer(SparseQuestion("mine", measurements))


def test_a_command_is_not_bound_by_a_servers_limits(
    settings: Settings, matrix: np.ndarray, measurements: np.ndarray, make_checkpoint: Callable[..., Path]
) -> None:
    narrow = settings.model_copy(update={"max_measurements": 1})
    question = SparseQuestion(matrix, measurements, Method(layers=2))
    answer = SparseRecoverer(narrow, limited=False).answer(question)
    assert len(answer.recovery) == NUMBER
