from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from solvers.implicit.adjoint import Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.classifier import load_classifier
from solvers.implicit.fixed_point import Anderson, Broyden, Picard
from solvers.implicit.gmres import Gmres
from training.implicit.classifier_task import ClassifierSettings, make_task, save_model, shifted
from training.implicit.loop import LoopSettings, held_out, train
from training.implicit.recipes import recipe

SHORT = {"channels": 6, "batch_size": 50, "tolerance": 1e-3}
LOOP = LoopSettings(steps=24, learning_rate=2e-2, look=12)


def settings(**given: Any) -> ClassifierSettings:
    return ClassifierSettings.model_validate({**SHORT, "loop": LOOP, **given})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"adjoint": "shine"},
        {"adjoint": "shine", "solver": "broyden", "outer_every": 3},
        {"adjoint": "implicit"},
    ],
    ids=str,
)
def test_it_learns_by_every_adjoint(given: dict[str, Any], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    task = make_task(settings(**given), 0, None)
    before = held_out(task)
    train(task, tmp_path, LOOP)
    after = held_out(task)
    assert after["loss"] < 0.95 * before["loss"]
    assert after["accuracy"] > before["accuracy"] + 0.1
    assert after["unconverged"] == 0.0


def test_the_settings_choose_the_parts() -> None:
    adjoints = {
        "jacobian-free": JacobianFree(2), "neumann": Neumann(5), "unrolled": Unrolled(),
        "shine": Shine(refinements=2), "implicit": Implicit(Picard(1e-3)),
    }  # fmt: skip
    for name, expected in adjoints.items():
        assert settings(adjoint=name, refinements=2).adjoint_part() == expected
    for name, solver in (("picard", Picard), ("anderson", Anderson), ("broyden", Broyden)):
        assert settings(solver=name).solver_part() == solver(1e-3)
    assert settings(backward="gmres").backward_part() == Gmres(1e-3)
    assert settings(backward="anderson").backward_part() == Anderson(1e-3)


def test_batches_depend_on_seed_and_step_alone() -> None:
    first, second = make_task(settings(), 3, None), make_task(settings(), 3, None)
    second.batch(0)
    assert torch.equal(first.batch(7).pictures, second.batch(7).pictures)
    assert not torch.equal(first.batch(7).pictures, make_task(settings(), 4, None).batch(7).pictures)
    epoch = torch.cat([make_task(settings(shift=0), 3, None).batch(step).pictures for step in range(20)])
    assert len({picture.numpy().tobytes() for picture in epoch}) == 1000


def test_pictures_are_moved_and_not_changed() -> None:
    pictures = torch.zeros(200, 1, 8, 8)
    pictures[:, 0, 3, 4] = torch.arange(200) + 1.0
    moved = shifted(pictures, 2, torch.Generator().manual_seed(0))
    places = torch.nonzero(moved[:, 0])
    assert torch.equal(moved.flatten(1).sum(1), torch.arange(200) + 1.0)
    assert set(places[:, 1].tolist()) == {1, 2, 3, 4, 5}
    assert set(places[:, 2].tolist()) == {2, 3, 4, 5, 6}
    assert torch.equal(shifted(pictures, 0, torch.Generator()), pictures)


def test_what_is_saved_is_what_was_trained(tmp_path: Path) -> None:
    task = make_task(settings(), 0, None)
    train(task, tmp_path / "run", LoopSettings(steps=2, look=1))
    save_model(tmp_path / "model", task, {"name": "digits", "version": "1"})
    network = load_classifier(tmp_path / "model")
    pictures = task.parts.test.pictures[:20]
    assert torch.equal(network.classify(pictures).classes, task.network(pictures).argmax(1))


def test_own_data_are_refused() -> None:
    with pytest.raises(ValueError, match="takes no data"):
        make_task(settings(), 0, Path("anywhere"))


def test_the_shipped_settings_are_these() -> None:
    read = recipe("classifier").read_settings(None, steps=7)
    assert isinstance(read, ClassifierSettings)
    assert read.loop.steps == 7
    assert read.adjoint == "jacobian-free"
