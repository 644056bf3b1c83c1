"""The learning rate of every loop: a linear rise, then a cosine to zero."""

from __future__ import annotations

import pytest

from training.schedule import warm_cosine


def test_rises_linearly_and_falls_along_a_cosine() -> None:
    rates = [warm_cosine(step, 110, peak=2.0, warm_up=10 / 110) for step in range(111)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(2.0)
    assert rates[60] == pytest.approx(1.0)
    assert rates[110] == pytest.approx(0.0, abs=1e-12)
