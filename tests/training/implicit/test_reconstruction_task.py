"""The reconstruction task: batches by seed and step, losses, what is learned, and the model that is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from solvers.implicit.adjoint import Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.fixed_point import Anderson, Broyden
from solvers.implicit.imaging.stored import load_reconstruction_network
from training.identity import Identity
from training.implicit.loop import LoopSettings, train
from training.implicit.pictures import Pictures
from training.implicit.recipes import RECIPES, recipe
from training.implicit.reconstruction_settings import ReconstructionSettings
from training.implicit.reconstruction_task import ReconstructionTask, make_task, noisy
from training.implicit.running import train_implicit

SHAPE = (16, 16)


def small(**changes: Any) -> ReconstructionSettings:
    values: dict[str, Any] = {
        "height": 16,
        "width": 16,
        "channels": 8,
        "dilations": (1, 1, 1),
        "depth": 4,
        "batch_size": 2,
        "operator": {"kind": "inpainting", "share_kept": 0.5},
        "loop": LoopSettings(steps=30, learning_rate=3e-3, look=15),
    }
    return ReconstructionSettings(**{**values, **changes})


def blobs(count: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    centres = generator.uniform(4, 12, (count, 2, 1, 1))
    squares = (rows - centres[:, 0]) ** 2 + (columns - centres[:, 1]) ** 2
    return np.exp(-squares / 12).astype(np.float32)


def pictures() -> Pictures:
    return Pictures(tuple(blobs(6, 0)), blobs(4, 1), blobs(4, 2), blobs(2, 3), "blobs")


def task(seed: int = 0, **changes: Any) -> ReconstructionTask:
    return ReconstructionTask(small(**changes), seed, pictures())


def test_a_batch_depends_on_the_seed_and_the_step_alone() -> None:
    first, again, other = task(1), task(1), task(2)
    for step in (0, 7):
        for ours, theirs in zip(first.batch(step)[1:], again.batch(step)[1:], strict=True):
            assert torch.equal(ours, theirs)
    assert not torch.equal(first.batch(0)[1], first.batch(1)[1])
    assert not torch.equal(first.batch(0)[1], other.batch(0)[1])
    assert first.batch(0)[0] is first.operator


def test_masks_are_drawn_where_they_are_to_be() -> None:
    drawn = task(random_masks=True)
    masks = [drawn.batch(step)[0].description()["seed"] for step in (0, 1, 0)]
    assert masks[0] == masks[2] != masks[1]


@pytest.mark.parametrize("mode", ["equilibrium", "unrolled"])
def test_training_lowers_the_held_out_error(mode: str, tmp_path: Path) -> None:
    trained = task(mode=mode, surroundings=0.3 if mode == "equilibrium" else 0.0, growing_steps=4)
    before = trained.validate()
    train(trained, tmp_path, trained.settings.loop)
    after = trained.validate()
    assert after["psnr"] > before["psnr"] + 0.5
    assert after["loss"] == pytest.approx(-after["psnr"] / 10)
    assert ("iterations" in after) == (mode == "equilibrium")


def test_the_loss_is_minus_a_tenth_of_the_psnr() -> None:
    loss, figures = task().batch_loss(3)
    assert figures["psnr"] == pytest.approx(-10 * float(loss.detach()))
    assert loss.requires_grad


def test_the_first_steps_denoise_where_that_is_asked() -> None:
    trained = task(denoising_steps=2)
    assert trained.batch_loss(0)[1] == {}
    assert "psnr" in trained.batch_loss(2)[1]


def test_the_depth_grows_and_is_drawn() -> None:
    def iterations(step: int, **changes: Any) -> float:
        return task(tolerance=1e-9, depth=9, **changes).batch_loss(step)[1]["iterations"]

    assert [iterations(step, growing_steps=8) for step in (0, 4, 8)] == [1, 5, 9]
    drawn = {iterations(step, least_depth=3) for step in range(12)}
    assert min(drawn) >= 3
    assert len(drawn) > 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jacobian-free", JacobianFree), ("neumann", Neumann), ("implicit", Implicit),
        ("shine", Shine), ("unrolled", Unrolled),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:the backward solve")
def test_every_adjoint_trains(name: Any, kind: type) -> None:
    trained = task(adjoint=name, lipschitz=0.5)
    assert isinstance(trained.settings.adjoint_part(), kind)
    assert isinstance(trained.settings.solver(), Broyden if name == "shine" else Anderson)
    trained.batch_loss(0)[0].backward()
    gradients = [value.grad for value in trained.module.parameters()]
    assert all(gradient is not None and bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_noise_has_the_size_it_says() -> None:
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.float32, torch.complex64):
        found = noisy(torch.zeros(20_000, dtype=dtype), 0.1, generator)
        assert float(found.abs().square().mean().sqrt()) == pytest.approx(0.1, rel=0.03)


def test_a_whole_training_on_a_folder_leaves_a_model(tmp_path: Path) -> None:
    data = tmp_path / "pictures"
    data.mkdir()
    for index, picture in enumerate(blobs(12, 5)):
        np.save(data / f"{index:02}.npy", picture)
    settings = small(loop=LoopSettings(steps=2, look=2))
    folder = tmp_path / "model"
    card = train_implicit(
        recipe("reconstruction"), settings, folder, Identity("mine", "1"), seed=4, data=data
    )
    assert card["data"]["training_pictures"] == 9
    assert card["metrics"]["psnr"] > 0
    assert card["metrics"]["second_source"]["psnr"] > 0
    assert card["operator"]["kind"] == "inpainting"
    network = load_reconstruction_network(folder)
    assert network.shape == settings.network_shape()


def test_the_shipped_settings_are_valid(repository_root: Path) -> None:
    assert "reconstruction" in RECIPES
    made = recipe("reconstruction")
    base = made.read_settings(None)
    assert isinstance(base, ReconstructionSettings)
    assert base.operator["acceleration"] == 8
    for name in ("blur", "inpainting"):
        path = repository_root / "training" / "configs" / f"implicit-{name}.toml"
        settings = made.read_settings(path, steps=3)
        assert isinstance(settings, ReconstructionSettings)
        assert settings.operator["kind"] == name
        assert settings.loop.steps == 3
        assert settings.channels == base.channels
        trained = make_task(settings, 0, None)
        assert trained.operator.kind == name


def test_the_card_has_figures_of_longer_runs_and_of_other_masks() -> None:
    figures = task().test()
    assert figures["three_times_the_depth"]["iterations"] == 12
    assert figures["psnr"] != figures["another_mask"]["psnr"]
    assert figures["classical_psnr"] == figures["three_times_the_depth"]["classical_psnr"]
    assert "another_mask" not in task(operator={"kind": "blur", "size": 3}).test()
