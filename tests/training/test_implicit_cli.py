"""What the end of a training says, and what is wrong with settings and data."""

from __future__ import annotations

from pathlib import Path

import pytest

from solvers.implicit.errors import InvalidMeasurement
from training.implicit.loop import LoopSettings
from training.implicit.pictures import load_pictures
from training.implicit.recipes import recipe
from training.implicit_cli import _line


def test_figures_that_are_grouped_are_said_where_there_are_no_others() -> None:
    grouped = {"test": {"accuracy": 0.98625, "names": "no number", "is_best": True}}
    assert _line(grouped) == "test accuracy 0.9862"
    assert _line({"psnr": 27.0, "second_source": {"psnr": 20.0}, "share_close": 1.0}) == (
        "psnr 27, share close 1"
    )


def test_a_key_that_the_loop_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("[loop]\nstepz = 5\n")
    with pytest.raises(ValueError, match=r"loop\.stepz: there is no such key; there are ") as caught:
        recipe("matrix-game").read_settings(tmp_path / "s.toml")
    assert all(name in str(caught.value) for name in LoopSettings.model_fields)


def test_pictures_are_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "pairs.npz").write_bytes(b"PK")
    with pytest.raises(InvalidMeasurement, match=r"pairs\.npz is no folder"):
        load_pictures("brain", (16, 16), tmp_path / "pairs.npz")
