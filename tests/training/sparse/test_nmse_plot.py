from __future__ import annotations

from pathlib import Path

import pytest

from training.plots import Figure
from training.sparse import nmse_plot
from training.sparse.nmse_plot import plot_nmse


def test_the_plot_is_svg_and_the_same_for_the_same_figures(tmp_path: Path) -> None:
    plot_nmse({"alista": [-5.0, None, -12.0], "nothing": [None]}, tmp_path / "a.svg")
    plot_nmse({"alista": [-5.0, None, -12.0], "nothing": [None]}, tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "<svg" in text
    assert text == (tmp_path / "b.svg").read_text()
    plot_nmse({"alista": [-5.0, None, -20.0]}, tmp_path / "c.svg")
    assert text != (tmp_path / "c.svg").read_text()


def test_layers_are_whole_numbers_and_what_stands_beside_is_dashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(nmse_plot, "save", lambda figure, path: drawn.append(figure))
    plot_nmse({"alista": [-5.0, -6.0]}, tmp_path / "a.svg", beside={"FISTA": [-1.0, -2.0], "nothing": [None]})
    axes = drawn[0].axes[0]
    drawn[0].draw_without_rendering()
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    assert {line.get_label(): line.get_linestyle() for line in axes.lines} == {"alista": "-", "FISTA": "--"}
