"""One bad item never fails its batch: a failure takes its place and passes through the steps that follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.errors import Problem, problem_of

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Failure:
    """What stands in the place of an item that could not be answered."""

    problem: Problem


def each(step: Callable[..., Made], *columns: Sequence[object]) -> list[Made | Failure]:
    """`step` of each row across the columns; a row that holds a failure, or whose step raises, is one."""
    return [attempt(step, *row) for row in zip(*columns, strict=True)]


def attempt(step: Callable[..., Made], *row: object) -> Made | Failure:
    """`step(*row)`, or the failure that the row already holds or the step runs into."""
    for item in row:
        if isinstance(item, Failure):
            return item
    try:
        return step(*row)
    except Exception as error:
        return Failure(problem_of(error))


def together(
    step: Callable[[Sequence[Given]], Sequence[Made]], items: Sequence[Given | Failure]
) -> list[Made | Failure]:
    """`step` of all good items at once; should that raise, of each by itself, to find the bad ones."""
    good = [item for item in items if not isinstance(item, Failure)]
    made = iter(_at_once_or_one_by_one(step, good))
    return [item if isinstance(item, Failure) else next(made) for item in items]


def _at_once_or_one_by_one(
    step: Callable[[Sequence[Given]], Sequence[Made]], items: Sequence[Given]
) -> list[Made | Failure]:
    if not items:
        return []
    try:
        return list(_as_many(step(items), len(items)))
    except Exception as error:
        if len(items) == 1:
            return [Failure(problem_of(error))]
    return [_at_once_or_one_by_one(step, [item])[0] for item in items]


def _as_many(made: Sequence[Made], expected: int) -> Sequence[Made]:
    if len(made) != expected:
        raise RuntimeError(f"{len(made)} results for {expected} items")
    return made
