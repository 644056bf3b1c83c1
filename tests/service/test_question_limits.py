"""Limits that questions share: what is no number of steps or seconds, and more than a server gives."""

from __future__ import annotations

from math import inf, nan

import pytest

from service.errors import InvalidRequest, QuestionTooLarge
from service.question_limits import check_iterations, check_time, is_positive, raise_limit
from service.settings import Settings


def test_iterations_are_at_least_one_and_of_a_server_not_too_many(settings: Settings) -> None:
    most = settings.max_iterations
    for number in (None, 1, most):
        check_iterations(number, settings, limited=True)
    check_iterations(most + 1, settings, limited=False)
    with pytest.raises(InvalidRequest, match="at least 1"):
        check_iterations(0, settings, limited=False)
    with pytest.raises(QuestionTooLarge, match=f"more than {most}") as refused:
        check_iterations(most + 1, settings, limited=True)
    assert refused.value.hint == raise_limit("MAX_ITERATIONS") == "set FARKAS_MAX_ITERATIONS higher"


def test_time_is_positive_and_of_a_server_not_too_much(settings: Settings) -> None:
    most = settings.solve_seconds
    for seconds in (None, 1e-3, most):
        check_time(seconds, settings, limited=True)
    check_time(2.0 * most, settings, limited=False)
    for seconds in (0.0, -1.0, nan, inf):
        with pytest.raises(InvalidRequest, match="time_limit"):
            check_time(seconds, settings, limited=False)
    with pytest.raises(InvalidRequest, match=f"at most {most:g} seconds"):
        check_time(2.0 * most, settings, limited=True)


def test_infinity_is_not_positive() -> None:
    assert [is_positive(number) for number in (1e-300, 0.0, inf, nan, -1.0)] == [True] + [False] * 4
