"""The loop, driven by solvers small enough to follow by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from solvers.iteration import AbstractSolver, TerminationReason, iterate, take_items


@dataclass(frozen=True, eq=False)
class Halves:
    """x ← x · factor; with the steps taken, which no item shares with another."""

    point: Tensor
    taken: Tensor
    note: str = "kept"


@dataclass(frozen=True)
class Shrink(AbstractSolver[Tensor, Halves]):
    """Shrinks each item by a factor of its own until it is below one."""

    every: int = 1
    compacts: bool = False

    def init(self, problem: Tensor, start: Tensor) -> Halves:
        return Halves(start, torch.zeros(len(start)))

    def step(self, problem: Tensor, state: Halves) -> Halves:
        return replace(state, point=state.point * problem[:, None], taken=state.taken + 1)

    def terminate(self, problem: Tensor, state: Halves) -> Tensor:
        return state.point.abs().amax(1) < 1.0

    def value(self, state: Halves) -> Tensor:
        return state.point

    def interval(self, steps: int) -> int:
        return self.every

    def compact(self, problem: Tensor, state: Halves, keep: Tensor) -> tuple[Tensor, Halves] | None:
        return (problem[keep], take_items(state, keep)) if self.compacts else None


def start(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def half(count: int) -> Tensor:
    return torch.full((count,), 0.5, dtype=torch.float64)


@pytest.mark.parametrize("compacts", [False, True])
def test_items_end_on_their_own_and_are_frozen(compacts: bool) -> None:
    solution = iterate(Shrink(compacts=compacts), half(4), start(7.0, 0.5, 100.0, 3.0), max_iterations=50)
    assert solution.reasons == (TerminationReason.CONVERGED,) * 4
    assert solution.iterations.tolist() == [3, 0, 7, 2]
    assert solution.value[:, 0].tolist() == [7 / 8, 0.5, 100 / 128, 3 / 4]
    assert solution.state.taken.tolist() == [3, 0, 7, 2]
    assert solution.state.note == "kept"


def test_compaction_makes_steps_smaller() -> None:
    sizes = []

    @dataclass(frozen=True)
    class Counting(Shrink):
        def step(self, problem: Tensor, state: Halves) -> Halves:
            sizes.append(len(problem))
            return super().step(problem, state)

    iterate(Counting(compacts=True), half(3), start(2.0, 10.0, 0.1), max_iterations=50)
    assert sizes == [2, 2, 1, 1]


def test_the_state_is_looked_at_only_so_often() -> None:
    looks: list[int] = []
    solution = iterate(
        Shrink(every=4),
        half(2),
        start(7.0, 100.0),
        max_iterations=50,
        observe=lambda steps, places, state: looks.append(steps),
    )
    assert looks == [0, 4, 8]
    assert solution.iterations.tolist() == [4, 8]
    assert solution.value[0, 0] == 7 / 16


def test_the_limit_counts_steps_whatever_the_interval() -> None:
    solution = iterate(Shrink(every=4), half(2), start(1e9, 7.0), max_iterations=6)
    assert solution.reasons == (TerminationReason.ITERATION_LIMIT, TerminationReason.CONVERGED)
    assert solution.iterations.tolist() == [6, 4]
    assert solution.value[0, 0] == 1e9 / 64


def test_no_steps_at_all() -> None:
    solution = iterate(Shrink(), half(2), start(2.0, 0.5), max_iterations=0)
    assert solution.reasons == (TerminationReason.ITERATION_LIMIT, TerminationReason.CONVERGED)
    assert solution.value[:, 0].tolist() == [2.0, 0.5]
    with pytest.raises(ValueError, match="max_iterations"):
        iterate(Shrink(), half(2), start(2.0, 0.5), max_iterations=-1)


@pytest.mark.parametrize("compacts", [False, True])
def test_what_is_not_finite_ends_at_the_last_finite_state(compacts: bool) -> None:
    factors = torch.tensor([0.5, 1e200, float("nan"), 0.5], dtype=torch.float64)
    solution = iterate(Shrink(compacts=compacts), factors, start(9.0, 2.0, 3.0, 2.5), max_iterations=50)
    assert [reason.name for reason in solution.reasons] == [
        "CONVERGED",
        "NON_FINITE",
        "NON_FINITE",
        "CONVERGED",
    ]
    assert solution.value[:, 0].tolist() == [9 / 16, 2e200, 3.0, 2.5 / 4]
    assert solution.iterations.tolist() == [4, 2, 1, 2]


def test_a_start_that_is_not_finite() -> None:
    solution = iterate(Shrink(), half(2), start(float("inf"), 0.5), max_iterations=5)
    assert [reason.name for reason in solution.reasons] == ["NON_FINITE", "CONVERGED"]
    assert solution.iterations.tolist() == [0, 0]


def test_a_deadline_that_has_passed() -> None:
    solution = iterate(Shrink(), half(2), start(8.0, 0.5), max_iterations=50, deadline=time.monotonic() - 1.0)
    assert [reason.name for reason in solution.reasons] == ["TIME_LIMIT", "CONVERGED"]


def test_a_solver_names_its_own_reasons_and_they_go_before_limits() -> None:
    @dataclass(frozen=True)
    class Naming(Shrink):
        def reason(self, problem: Tensor, state: Halves) -> Tensor:
            return torch.tensor([TerminationReason.INFEASIBLE, TerminationReason.STALLED], dtype=torch.int8)

    solution = iterate(Naming(), half(2), start(2.0, 2.0), max_iterations=2)
    assert solution.reasons == (TerminationReason.INFEASIBLE, TerminationReason.STALLED)


def test_gradients_pass_through_the_loop() -> None:
    """Item k is start · factorᵗ with its own t, so d/d factor = t · start · factor^(t − 1)."""
    factors = half(3).requires_grad_()
    solution = iterate(Shrink(), factors, start(7.0, 3.0, 0.5), max_iterations=50)
    solution.value.sum().backward()
    assert factors.grad is not None
    torch.testing.assert_close(
        factors.grad, torch.tensor([3 * 7 * 0.25, 2 * 3 * 0.5, 0.0], dtype=torch.float64)
    )


def test_no_items() -> None:
    solution = iterate(Shrink(), half(0), torch.zeros(0, 1, dtype=torch.float64), max_iterations=3)
    assert solution.reasons == ()
    assert solution.value.shape == (0, 1)


def test_a_deadline_ends_the_steps_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("solvers.iteration.time.monotonic", lambda: float(next(clock)))
    found = iterate(Shrink(every=25), half(1), start(1e9), max_iterations=50, deadline=4.0)
    assert found.reasons == (TerminationReason.TIME_LIMIT,)
    assert found.iterations.tolist() == [4]
    assert found.value.item() == 1e9 / 2**4
