"""Loading checkpoints: what is wrong with one is said without a stack trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.prediction import CLASSES
from graphs.predictor import CARD_FORMAT
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


KNOWN = {
    "farkas_card": CARD_FORMAT,
    "features": {"constraint": list(CONSTRAINT_FEATURES), "variable": list(VARIABLE_FEATURES)},
    "classes": [str(verdict) for verdict in CLASSES],
}
"""What a card of this version says, whatever the network."""


def test_a_model_of_an_earlier_version_is_refused(settings: Settings, tmp_path: Path) -> None:
    from runtime.checkpoints import save

    earlier = {**KNOWN, "farkas_card": 1, "name": "earlier", "version": "1"}
    save(tmp_path / "earlier", {"w": torch.ones(1)}, earlier)
    with pytest.raises(UnusableModel, match="another version of farkas: train it again"):
        load_predictor(tmp_path / "earlier", settings)


def test_a_checkpoint_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    from runtime.checkpoints import save

    save(
        tmp_path / "other",
        {"w": torch.ones(1)},
        {"name": "other", "version": "1", "network": {"depth": "deep"}, **KNOWN},
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
