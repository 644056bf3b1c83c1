"""The loop: what it was asked to learn it learns, and a stopped run goes on as if it had not been."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from runtime.checkpoints import CheckpointError
from tests.training.implicit.line_task import LineSettings, LineTask
from training.implicit.loop import LoopSettings, train
from training.implicit.loop_state import STATE
from training.run_log import read_log


def task(seed: int = 0) -> LineTask:
    torch.manual_seed(0)
    return LineTask(LineSettings(), seed)


SETTINGS = LineSettings().loop


def test_learns_and_logs_every_look(tmp_path: Path) -> None:
    line, told = task(), []
    state = train(line, tmp_path, SETTINGS, told=lambda *words: told.append(words))
    assert line.steps == list(range(60))
    assert state.best_loss < 0.01
    log = read_log(tmp_path)
    assert [entry["step"] for entry in log] == [20, 40, 60]
    assert log[-1]["validation"]["other"] == 1.0
    assert set(log[0]["train"]) == {"loss", "drawn", "skipped"}
    assert [step for step, _, words in told if words.startswith("held out")] == [20, 40, 60]


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole = task()
    train(whole, tmp_path / "whole", SETTINGS)

    first = task()

    def stop(done: int, total: int, words: str) -> None:
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path / "parts", SETTINGS, told=stop)
    second = task()
    train(second, tmp_path / "parts", SETTINGS)
    assert second.steps[0] == 20, "the last look's state"
    torch.testing.assert_close(second.module.state_dict(), whole.module.state_dict(), rtol=0, atol=0)
    logs = [read_log(tmp_path / part) for part in ("whole", "parts")]
    assert [line["validation"] for line in logs[0]] == [line["validation"] for line in logs[1]]


def test_the_state_is_saved_between_looks_that_are_long_in_coming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.implicit.loop.SAVE_EVERY", 0.0)
    whole, first, second = task(), task(), task()
    train(whole, tmp_path / "whole", SETTINGS)

    def stop(done: int, total: int, words: str) -> None:
        if done == 33:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path / "parts", SETTINGS, told=stop)
    train(second, tmp_path / "parts", SETTINGS)
    assert second.steps[0] == 33
    torch.testing.assert_close(second.module.state_dict(), whole.module.state_dict(), rtol=0, atol=0)


def test_the_best_look_is_kept_and_patience_ends_a_run(tmp_path: Path) -> None:
    line = task()
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    weights: list[float] = []

    def validate() -> dict[str, float]:
        weights.append(float(line.module.weight))
        return {"loss": next(losses)}

    line.validate = validate  # type: ignore[method-assign]
    state = train(line, tmp_path, LoopSettings(steps=100, learning_rate=0.1, look=5, patience=2))
    assert (state.step, state.best_step, state.best_loss) == (20, 10, 1.0)
    assert float(line.module.weight.detach()) == weights[1]


def test_a_step_without_a_finite_gradient_changes_nothing(tmp_path: Path) -> None:
    line = task()
    line.broken_at = 3
    state = train(line, tmp_path, LoopSettings(steps=5, look=5, learning_rate=0.1))
    assert read_log(tmp_path)[0]["train"]["skipped"] == pytest.approx(0.2)
    assert bool(torch.isfinite(line.module.weight).all())
    assert state.step == 5


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    train(task(), tmp_path, LoopSettings(steps=5, look=5))
    data = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        train(task(), tmp_path, LoopSettings(steps=10, look=5))


def test_rates_rise_then_fall_to_zero() -> None:
    settings = LoopSettings(steps=100, learning_rate=1.0, warm_up=0.1)
    rates = [settings.rate(step) for step in range(100)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 1e-3
    assert all(a >= b for a, b in pairwise(rates[10:]))
