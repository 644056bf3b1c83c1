"""Checkpoints of a kind: what was saved is read again, and everything else is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from runtime.checkpoints import CARD, CheckpointError
from solvers.stamped import Stamp

STAMP = Stamp("game", "game_card", 2)


def saved(folder: Path, **card: Any) -> Path:
    STAMP.save(folder, {"matrix": torch.ones(2, 2)}, {"name": "g", "version": "1", **card})
    return folder


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    checkpoint = STAMP.load(saved(tmp_path, note="kept"))
    assert (checkpoint.card["kind"], checkpoint.card["game_card"], checkpoint.card["note"]) == (
        "game", 2, "kept",
    )  # fmt: skip
    torch.testing.assert_close(checkpoint.tensors["matrix"], torch.ones(2, 2))


@pytest.mark.parametrize(
    ("change", "said"),
    [({"kind": "picture"}, "not of the kind 'game'"), ({"game_card": 3}, "another version of farkas")],
)
def test_another_kind_or_version_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = saved(tmp_path) / CARD
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CheckpointError, match=said):
        STAMP.load(tmp_path)


def test_other_numbers_than_floats_are_refused(tmp_path: Path) -> None:
    STAMP.save(tmp_path, {"matrix": torch.ones(2, dtype=torch.int64)}, {"name": "g", "version": "1"})
    with pytest.raises(CheckpointError, match="32 or 64 bits"):
        STAMP.load(tmp_path)


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, number: float) -> None:
    STAMP.save(tmp_path, {"matrix": torch.tensor([1.0, number])}, {"name": "g", "version": "1"})
    with pytest.raises(CheckpointError, match=r"the weights of g@1 are not finite"):
        STAMP.load(tmp_path)


def test_messages_name_it_as_its_card_does(tmp_path: Path) -> None:
    folder = saved(tmp_path / "1", kind="other")
    with pytest.raises(CheckpointError, match=r"^g@1 is not of the kind 'game'"):
        STAMP.load(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"^g@1 has no readable"):
        STAMP.load(folder)
