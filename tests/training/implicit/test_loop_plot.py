"""The plot of a training: every held-out figure is named, and looks without one are left out."""

from __future__ import annotations

from pathlib import Path

from training.implicit.loop_plot import plot_loop


def line(step: int, loss: float | None, psnr: float | None) -> dict[str, object]:
    return {"step": step, "train": {"loss": loss}, "validation": {"loss": loss, "psnr_db": psnr}}


def test_names_every_figure(tmp_path: Path) -> None:
    plot_loop([line(10, 1.0, 20.0), line(20, None, None), line(30, 0.1, 30.0)], tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text()
    assert "psnr db" in text
    assert "Held out" in text


def test_a_negative_loss_and_no_look_at_all_are_drawn_too(tmp_path: Path) -> None:
    plot_loop([line(10, -1.0, 20.0)], tmp_path / "negative.svg")
    plot_loop([], tmp_path / "none.svg")
    assert (tmp_path / "none.svg").stat().st_size > 1000
