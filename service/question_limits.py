"""Limits of what can be asked that questions of several kinds share; torch-free."""

from __future__ import annotations

from math import inf, isfinite

from service.errors import InvalidRequest, QuestionTooLarge
from service.settings import Settings


def check_iterations(max_iterations: int | None, settings: Settings, *, limited: bool) -> None:
    """Refuse none, and more than there are.

    Raises:
        InvalidRequest, QuestionTooLarge
    """
    if max_iterations is None:
        return
    if max_iterations < 1:
        raise InvalidRequest("max_iterations: at least 1")
    if limited and max_iterations > settings.max_iterations:
        raise QuestionTooLarge(
            f"max_iterations: more than {settings.max_iterations}", hint=raise_limit("MAX_ITERATIONS")
        )


def check_time(time_limit: float | None, settings: Settings, *, limited: bool) -> None:
    """Refuse more time than there is.

    Raises:
        InvalidRequest
    """
    most = settings.solve_seconds if limited else inf
    if time_limit is not None and not (is_positive(time_limit) and time_limit <= most):
        raise InvalidRequest(
            f"time_limit: more than 0 and at most {most:g} seconds", hint=raise_limit("SOLVE_SECONDS")
        )


def raise_limit(name: str) -> str:
    """The hint of a limit."""
    return f"set FARKAS_{name} higher"


def is_positive(number: float) -> bool:
    """And no infinity, and no NaN."""
    return isfinite(number) and number > 0.0
