"""Why a gap that was asked for is not proved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from service.shortfall import shortfall


class _Recovery(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.provenance)


def recovery(words: str, iterations: list[int]) -> Any:
    gaps = [1e-10, 2e-9, 3e-8, 1e-8]
    named = {"c": "certified", "p": "predicted"}
    return _Recovery(
        provenance=tuple(named[word] for word in words), iterations=iterations, duality_gap=gaps[: len(words)]
    )


def options(gap: float | None = 1e-9) -> Any:
    return SimpleNamespace(duality_gap=gap, time_limit=2.0, max_iterations=100)


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert shortfall(recovery("cc", [1, 2]), options(), 5.0) is None
    assert shortfall(recovery("pp", [1, 2]), options(None), 5.0) is None


def test_steps_are_not_to_blame_for_what_rounding_hides() -> None:
    found = recovery("pp", [100, 100])
    found.duality_gap = [1e-13, 2e-14]
    said = shortfall(found, options(1e-20), 1.0)
    assert said is not None
    assert said.endswith("(of those at most 1e-13 is): rounding in float64 hides a smaller one for 2")


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (2.0, "the time limit of 2 s came first"),
        (1.9, "100 steps came first for 1, rounding in float64 hides a smaller one for 2"),
    ],
)
def test_how_many_and_why(seconds: float, why: str) -> None:
    found = shortfall(recovery("cppp", [100, 100, 5, 7]), options(), seconds)
    assert found == f"a duality gap of 1e-09 is not proved for 3 of 4 (of those at most 3e-08 is): {why}"
