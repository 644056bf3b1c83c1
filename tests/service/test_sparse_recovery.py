"""The straight line: portions make no difference, the time limit is that of all, things are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.names import UnusableModel
from service import sparse_recovery
from service.settings import Settings
from service.sparse_commands import add_dictionary
from service.sparse_questions import Method, SparseQuestion
from service.sparse_recovery import SparseRecoverer, in_portions
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.recovery import RecoveryOptions, prepare

ROWS, COLUMNS, NUMBER = 30, 45, 23


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(11).standard_normal((ROWS, COLUMNS))


@pytest.fixture
def measurements(matrix: np.ndarray) -> np.ndarray:
    generator = np.random.default_rng(12)
    codes = generator.standard_normal((NUMBER, COLUMNS)) * (generator.random((NUMBER, COLUMNS)) < 0.1)
    return codes @ matrix.T


@pytest.mark.parametrize(
    "options", [RecoveryOptions(), RecoveryOptions(regularization=0.1, duality_gap=1e-6)]
)
def test_portions_make_no_difference(
    matrix: np.ndarray, measurements: np.ndarray, monkeypatch: pytest.MonkeyPatch, options: RecoveryOptions
) -> None:
    prepared, told = prepare(Dictionary.of(matrix)), list[int]()
    whole = in_portions(prepared, measurements, options)
    monkeypatch.setattr(sparse_recovery, "_AT_ONCE", 10 * COLUMNS)
    parts = in_portions(prepared, measurements, options, advance=told.append)
    assert told == [10, 10, 3]
    assert parts.provenance == whole.provenance
    np.testing.assert_allclose(parts.x, whole.x, atol=1e-6)
    np.testing.assert_array_equal(parts.support_size, np.count_nonzero(parts.x, axis=1))
    assert (parts.duality_gap is None) == (whole.duality_gap is None)


def test_the_time_limit_is_that_of_all_portions(
    matrix: np.ndarray, measurements: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    clock = iter(np.arange(100.0))
    inner = sparse_recovery.recover

    def noting(prepared: Any, portion: Any, options: RecoveryOptions, network: Any) -> Any:
        given.append(options.time_limit)
        return inner(prepared, portion, options, network)

    monkeypatch.setattr(sparse_recovery, "recover", noting)
    monkeypatch.setattr(sparse_recovery, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(sparse_recovery, "_AT_ONCE", 6 * COLUMNS)
    in_portions(prepare(Dictionary.of(matrix)), measurements, RecoveryOptions(time_limit=2.5))
    assert given == [1.5, 0.5, 1e-3, 1e-3]


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
