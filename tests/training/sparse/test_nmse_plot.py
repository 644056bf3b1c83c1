from __future__ import annotations

from pathlib import Path

from training.sparse.nmse_plot import plot_nmse


def test_the_plot_is_svg_and_the_same_for_the_same_figures(tmp_path: Path) -> None:
    plot_nmse({"alista": [-5.0, None, -12.0], "nothing": [None]}, tmp_path / "a.svg")
    plot_nmse({"alista": [-5.0, None, -12.0], "nothing": [None]}, tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "<svg" in text
    assert text == (tmp_path / "b.svg").read_text()
    plot_nmse({"alista": [-5.0, None, -20.0]}, tmp_path / "c.svg")
    assert text != (tmp_path / "c.svg").read_text()
