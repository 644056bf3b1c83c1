from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from runtime.checkpoints import CheckpointError
from training.sparse.layerwise_state import STATE, LayerwiseState, StageResult


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    history = (StageResult.of(1, 1, 40, -3.25, 1.5), StageResult.of(1, 2, 10, math.inf, 0.5))
    LayerwiseState({"layers.0.weight": torch.eye(2)}, history).save(tmp_path)
    found = LayerwiseState.resume(tmp_path)
    assert found.history == history
    assert found.history[1].nmse is None
    assert torch.equal(found.parameters["layers.0.weight"], torch.eye(2))


def test_begins_with_nothing(tmp_path: Path) -> None:
    assert LayerwiseState.resume(tmp_path).history == ()


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, b"\xff" * 40])
def test_a_damaged_state_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        LayerwiseState.resume(tmp_path)
    LayerwiseState({"a": torch.ones(3)}).save(tmp_path)
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="damaged"):
        LayerwiseState.resume(tmp_path)
