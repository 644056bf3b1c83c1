"""What was last used is kept."""

from __future__ import annotations

import pytest

from service.recent import Recent


def test_what_was_not_used_for_longest_goes_first() -> None:
    made: list[str] = []
    kept: Recent[str, str] = Recent(2)

    def get(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in "abacab"] == ["A", "B", "A", "C", "A", "B"]
    assert made == ["a", "b", "c", "b"]


def test_what_could_not_be_made_is_tried_again() -> None:
    kept: Recent[str, float] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 1.0) == 1.0
