"""Loading checkpoints: what is wrong with one is said without a stack trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from runtime.names import UnusableModel
from service.loading import load_predictor, use_threads
from service.settings import Settings


@pytest.fixture(autouse=True)
def keep_threads() -> None:
    use_threads(torch.get_num_threads())


def test_weights_that_are_none_are_refused(settings: Settings, make_checkpoint: Callable[..., Path]) -> None:
    with pytest.raises(UnusableModel):
        load_predictor(make_checkpoint("mine", "1"), settings)


def test_altered_weights_are_refused(settings: Settings, make_checkpoint: Callable[..., Path]) -> None:
    folder = make_checkpoint("mine", "1")
    (folder / "weights.safetensors").write_bytes(b"altered")
    with pytest.raises(UnusableModel, match="do not match"):
        load_predictor(folder, settings)


def test_a_checkpoint_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    from runtime.checkpoints import save

    save(
        tmp_path / "other",
        {"w": torch.ones(1)},
        {"name": "other", "version": "1", "network": {"depth": "deep"}},
    )
    with pytest.raises(UnusableModel, match="'other' cannot be run") as caught:
        load_predictor(tmp_path / "other", settings)
    assert str(tmp_path) not in caught.value.detail


def test_the_bundled_model_is_loaded_with_the_threads_asked_for(
    settings: Settings, bundled_model: Path
) -> None:
    folder = next(bundled_model.glob("bundled/*"))
    predictor = load_predictor(folder, settings.model_copy(update={"threads": 1}))
    assert predictor.name == "bundled"
    assert torch.get_num_threads() == 1
