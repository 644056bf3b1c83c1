"""Failures stay in their places and never spread."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graphs.errors import MalformedFile
from service.errors import problem_of
from service.failures import Failure, attempt, each, together

BAD = Failure(problem_of(MalformedFile("wrong", line=3)))


def half(number: int) -> int:
    if number % 2:
        raise MalformedFile(f"{number} is odd")
    return number // 2


def test_attempt_passes_failures_on_and_makes_new_ones() -> None:
    assert attempt(half, 4) == 2
    assert attempt(half, BAD) is BAD
    made = attempt(half, 3)
    assert isinstance(made, Failure)
    assert (made.problem.type, made.problem.detail) == ("malformed-file", "3 is odd")


def test_an_interruption_is_no_failure() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(interrupted)


def test_each_keeps_places() -> None:
    found = each(lambda a, b: half(a) + b, [2, 3, BAD, 8], [10, 20, 30, BAD])
    assert found[0] == 11
    assert [isinstance(item, Failure) for item in found] == [False, True, True, True]
    assert found[2] is BAD
    with pytest.raises(ValueError, match="zip"):
        each(lambda a, b: a, [1], [1, 2])


def test_together_takes_all_good_items_at_once() -> None:
    calls: list[list[int]] = []

    def halves(numbers: Sequence[int]) -> list[int]:
        calls.append(list(numbers))
        return [half(number) for number in numbers]

    items: list[int | Failure] = [2, BAD, 4]
    assert together(halves, items) == [1, BAD, 2]
    assert calls == [[2, 4]]


def test_together_isolates_the_bad_ones() -> None:
    def halves(numbers: Sequence[int]) -> list[int]:
        return [half(number) for number in numbers]

    items: list[int | Failure] = [2, 3, BAD, 6]
    found = together(halves, items)
    assert (found[0], found[3]) == (1, 3)
    assert isinstance(found[1], Failure)
    assert found[1].problem.detail == "3 is odd"
    assert found[2] is BAD


def test_together_never_mixes_up_a_step_that_loses_items() -> None:
    def loses(numbers: Sequence[int]) -> list[int]:
        return list(numbers)[:1]

    assert together(loses, [1, 2]) == [1, 2]

    def nothing(numbers: Sequence[int]) -> list[int]:
        return []

    assert all(isinstance(item, Failure) for item in together(nothing, [1, 2]))
    assert together(nothing, []) == []
