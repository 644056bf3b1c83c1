"""Training learns, is reproducible, and a run that was stopped ends where an uninterrupted one does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.examples import labelled, write_labels
from tests.training.test_losses import SMALL
from training.config import TrainingConfig
from training.graph_shards import prepare
from training.loop import Run, learning_rate, train, validate
from training.run_log import read_log
from training.splitting import Role, assign, read_index

CONFIG = TrainingConfig(epochs=3, batch_size=16, averaging=0.9, network=SMALL)


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    DATA.append(write_labels(tmp_path_factory.mktemp("loop") / "data", list(labelled(120))))
    return DATA[-1]


DATA: list[Path] = []


def run(folder: Path, config: TrainingConfig = CONFIG) -> Run:
    folder.mkdir(exist_ok=True)
    index = read_index(DATA[-1:])
    roles = assign(index, validation=0.1, calibration=0.1, seed=0)
    shards = prepare(folder / "graphs", DATA[-1:], index, roles)
    return Run(folder, config, 0, shards, shards.whole(Role.VALIDATION), torch.device("cpu"))


class Stopped(Exception):
    pass


def test_training_lowers_the_loss_and_is_reproducible(tmp_path: Path) -> None:
    first = train(run(tmp_path / "first"))
    second = train(run(tmp_path / "second"))
    log = read_log(tmp_path / "first")
    assert [line["epoch"] for line in log] == [1, 2, 3]
    assert log[-1]["train"]["verdict"] < 0.9 * log[0]["train"]["verdict"]
    assert log[-1]["train"]["skipped"] == 0
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(run(tmp_path / "whole"))

    def stop(step: int, steps: int, means: dict[str, float]) -> None:
        if step == 9:  # in the middle of the second epoch
            raise Stopped

    with pytest.raises(Stopped):
        train(run(tmp_path / "stopped"), progress=stop)
    assert len(read_log(tmp_path / "stopped")) == 1
    resumed = train(run(tmp_path / "stopped"))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert len(read_log(tmp_path / "stopped")) == 3


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    train(run(tmp_path / "run"))

    def refuse(step: int, steps: int, means: dict[str, float]) -> None:
        raise AssertionError("a finished run took a step")

    train(run(tmp_path / "run"), progress=refuse)


def test_training_starts_from_given_weights(tmp_path: Path) -> None:
    trained = train(run(tmp_path / "first")).state_dict()
    config = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    again = train(run(tmp_path / "second", config), start_from=trained).state_dict()
    for name, value in trained.items():
        torch.testing.assert_close(again[name], value, rtol=1e-4, atol=1e-6)


def test_patience_ends_a_run_and_keeps_its_best_epoch(tmp_path: Path) -> None:
    """At this learning rate the loss soon rises: the run ends early, with the weights of its best epoch."""
    config = CONFIG.model_copy(update={"epochs": 40, "patience": 2, "learning_rate": 0.3, "averaging": 0.0})
    network = train(run(tmp_path / "run", config))
    log = read_log(tmp_path / "run")
    losses = [line["validation"]["loss"] for line in log]
    best = losses.index(min(losses))
    assert len(log) == best + 3 < 40
    found = validate(run(tmp_path / "run", config), network)[1]
    assert found == pytest.approx(losses[best], rel=1e-5)
    resumed = train(run(tmp_path / "run", config), progress=lambda *_: pytest.fail("it took a step"))
    assert validate(run(tmp_path / "run", config), resumed)[1] == found


def test_learning_rate_rises_then_falls() -> None:
    config = CONFIG.model_copy(update={"warm_up": 0.1})
    rates = [learning_rate(config, step, 100) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert rates[0] == pytest.approx(config.learning_rate / 10)
    assert rates[-1] < 0.01 * config.learning_rate
