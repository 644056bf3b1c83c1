"""One loop for every fixed-point method: linear programs by PDHG, sparse codes by ISTA, deep equilibria.

A solver is a frozen dataclass of settings. Its state is a value: `step` takes one and returns another.
The loop

    z ← init(start);   z ← step(z)  until  terminate(z)

is `iterate`. It holds B items at once, each of which ends for a reason of its own. What every method needs is
done here, once: limits, clocks, iterates that are no longer finite, freezing items that have ended,
and leaving them out where the solver can work on a part of its batch. The design follows optimistix (Rader,
Lyons and Kidger, Optimistix: modular optimisation in JAX and Equinox, 2024), whose solvers are settings and
whose states are values.

No state is written in place, so torch can differentiate through the loop; how, is a matter for others.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import IntEnum
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor

Problem = TypeVar("Problem")
State = TypeVar("State")


class TerminationReason(IntEnum):
    """Why an item ended; RUNNING only while it has not."""

    RUNNING = 0
    CONVERGED = 1
    """The solver's own tolerance is met."""
    INFEASIBLE = 2
    """A proof was found that there is no solution."""
    UNBOUNDED = 3
    """A direction was found along which the objective improves without end."""
    STALLED = 4
    """The iterates no longer move, and the tolerance is not met."""
    ITERATION_LIMIT = 5
    WORK_LIMIT = 6
    """The solver's own measure of work, a number of operations and not of seconds, is spent."""
    TIME_LIMIT = 7
    NON_FINITE = 8
    """An iterate held NaN or infinity; the value is the last finite one that was looked at."""


@dataclass(frozen=True, eq=False)
class Solution(Generic[State]):
    """What `iterate` returns, items in the order they were given.

    Attributes:
        value: the solver's `value` of the final state.
        reasons: why each item ended, B of them.
        iterations: steps that each item took until it ended, shape (B,) int64.
        state: the final state; an ended item's is that at which it ended.
    """

    value: Any
    reasons: tuple[TerminationReason, ...]
    iterations: Tensor
    state: State


class AbstractSolver(ABC, Generic[Problem, State]):
    """A fixed-point method for B items at once.

    `init`, `step`, `terminate` and `value` are what a method must say. The others have a meaning for states
    that are tensors, or frozen dataclasses of tensors, with the items along the first axis of each; a solver
    with another layout (ragged items end to end) says how its items are taken and joined.
    """

    @abstractmethod
    def init(self, problem: Problem, start: Any) -> State:
        """The state before the first step."""

    @abstractmethod
    def step(self, problem: Problem, state: State) -> State:
        """One step of every item."""

    @abstractmethod
    def terminate(self, problem: Problem, state: State) -> Tensor:
        """Which items have ended, shape (B,) bool."""

    @abstractmethod
    def value(self, state: State) -> Any:
        """What the caller asked for."""

    def interval(self, steps: int) -> int:
        """Steps from the look after this many to the next; looks cost, and may wait for a device."""
        return 1

    def examine(self, problem: Problem, state: State) -> State:
        """What is done only when the loop looks (residuals, restarts, step sizes); before the first
        step too."""
        return state

    def reason(self, problem: Problem, state: State) -> Tensor:
        """A `TerminationReason` each, shape (B,) int8; read where `terminate` says that an item has ended."""
        return torch.full_like(self.terminate(problem, state), TerminationReason.CONVERGED, dtype=torch.int8)

    def size(self, problem: Problem, state: State) -> Tensor:
        """A number an item, shape (B,), that is finite only where its iterate is."""
        value = self.value(state).detach()
        return torch.as_tensor(value.abs().flatten(1).sum(1) if value.ndim > 1 else value.abs())

    def take(self, problem: Problem, state: State, items: Tensor) -> State:
        """The state of some items, given by their places, shape (K,)."""
        return cast(State, take_items(state, items))

    def join(self, problem: Problem, parts: Sequence[tuple[Tensor, State]]) -> State:
        """One state of B items out of parts, each with its items' places; the places are a permutation."""
        order = torch.argsort(torch.cat([places for places, _ in parts]))
        return cast(State, take_items(_joined([state for _, state in parts]), order))

    def compact(self, problem: Problem, state: State, keep: Tensor) -> tuple[Problem, State] | None:
        """A smaller problem and state of the items at the places `keep`, shape (K,).

        None where the solver cannot, or where it is not worth its cost: the others are then iterated along,
        and no longer looked at.
        """
        return None


Observer = Callable[[int, Tensor, Any], None]
"""Called at each look with the number of steps, the places of the items held, and the state.

Items that have ended may be held on; their state at the end is not what is shown then."""


def iterate(
    solver: AbstractSolver[Problem, State],
    problem: Problem,
    start: Any,
    *,
    max_iterations: int,
    deadline: float | None = None,
    observe: Observer | None = None,
) -> Solution[State]:
    """Iterate until every item has ended; an item's state is frozen when it does.

    Args:
        solver: the method and its settings.
        problem: B items; what it is, the solver says.
        start: what the solver's `init` makes its first state of.
        max_iterations: steps an item may take, at least 0.
        deadline: of `time.monotonic()`; looked at after every step, and where it is past, so is the state.
        observe: told of each look.

    Raises:
        ValueError: the limit is negative.
    """
    if max_iterations < 0:
        raise ValueError(f"max_iterations must not be negative, not {max_iterations}")
    state = last = solver.init(problem, start)
    books = _Books.of(solver.size(problem, state))
    whole, steps = problem, 0
    parts: list[tuple[Tensor, State]] = []
    while True:
        state = solver.examine(problem, state)
        if steps == 0:
            last = state  # parts that are joined must have been examined alike
        if observe is not None:
            observe(steps, books.places, state)
        finite = torch.isfinite(solver.size(problem, state))
        limit = _limit(steps >= max_iterations, deadline)
        ended, failed = books.close(_reasons(solver, problem, state, finite, limit), steps)
        for source, items in ((state, ended), (last, failed)):
            if len(items) == len(books.iterations):
                return _solution(solver, books, source)
            if len(items):
                parts.append((books.places[items], solver.take(problem, source, items)))
        going = books.going
        if not len(going):
            return _solution(solver, books, solver.join(whole, parts))
        smaller = solver.compact(problem, state, going) if len(going) < len(books.places) else None
        if smaller is not None:
            problem, state = smaller
            books.drop()
        last = state
        for _ in range(min(solver.interval(steps), max_iterations - steps)):
            state = solver.step(problem, state)
            steps += 1
            if _is_past(deadline):
                break


def _solution(solver: AbstractSolver[Problem, State], books: _Books, state: State) -> Solution[State]:
    reasons = tuple(TerminationReason(code) for code in books.reasons.tolist())
    return Solution(solver.value(state), reasons, books.iterations, state)


def _limit(spent: bool, deadline: float | None) -> TerminationReason:
    if spent:
        return TerminationReason.ITERATION_LIMIT
    return TerminationReason.TIME_LIMIT if _is_past(deadline) else TerminationReason.RUNNING


def _is_past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _reasons(
    solver: AbstractSolver[Problem, State],
    problem: Problem,
    state: State,
    finite: Tensor,
    limit: TerminationReason,
) -> Tensor:
    """Of the items held, shape (K,) int8: the solver's own reasons go before limits."""
    ended = solver.terminate(problem, state)
    reasons = torch.full_like(ended, limit, dtype=torch.int8)
    if ended.any():
        reasons = torch.where(ended, solver.reason(problem, state), reasons)
    return reasons.masked_fill(~finite, TerminationReason.NON_FINITE)


@dataclass(eq=False)
class _Books:
    """The loop's own books, which no gradient passes: what is held, and how each item ended.

    Attributes:
        places: of the items held, among all, shape (K,).
        reasons (int8), iterations: of all items, shape (B,).
    """

    places: Tensor
    reasons: Tensor
    iterations: Tensor

    @classmethod
    def of(cls, size: Tensor) -> _Books:
        places = torch.arange(len(size), device=size.device)
        return cls(places, torch.zeros_like(places, dtype=torch.int8), torch.zeros_like(places))

    @property
    def going(self) -> Tensor:
        """Which of the items held have not ended, shape (G,)."""
        return torch.nonzero(self.reasons[self.places] == TerminationReason.RUNNING).squeeze(1)

    def close(self, reasons: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Note the items that end now: which of those held have, and which are no longer finite."""
        going = self.going
        now = going[reasons[going] != TerminationReason.RUNNING]
        self.reasons[self.places[now]] = reasons[now]
        self.iterations[self.places[now]] = steps
        failed = reasons[now] == TerminationReason.NON_FINITE
        return now[~failed], now[failed]

    def drop(self) -> None:
        """Hold only the items that have not ended."""
        self.places = self.places[self.going]


def take_items(state: Any, items: Tensor) -> Any:
    """The items at these places, shape (K,), of every tensor of a state."""
    if isinstance(state, Tensor):
        return state[items]
    if is_dataclass(state) and not isinstance(state, type):
        taken = {part.name: take_items(getattr(state, part.name), items) for part in fields(state)}
        return replace(state, **taken)
    return state


def _joined(states: Sequence[Any]) -> Any:
    """Items of several states end to end; what is no tensor comes from the last."""
    first = states[0]
    if isinstance(first, Tensor):
        return torch.cat(list(states))
    if is_dataclass(first) and not isinstance(first, type):
        joined = {
            part.name: _joined([getattr(state, part.name) for state in states]) for part in fields(first)
        }
        return replace(states[-1], **joined)
    return states[-1]
