"""The exact lanes: HiGHS and SCIP in killable children, every answer rechecked.

    with ExactLane() as lane:
        result = lane.solve(instance, SolveOptions(time_limit=10.0), start)
        if result.accepted:
            print(result.verdict, result.solution.objective)

A solver may hang, crash, ignore its limits or be wrong: the clock is the lane's, a child that overruns it is
killed, and an answer that our own arithmetic refuses is never passed on as a verdict; with `solver="auto"`
the other solver is asked instead. This module loads no solver.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from graphs.instance import Instance
from graphs.points import Candidate
from runtime.isolation import Pool, PoolError, Result
from solvers.linear.certificate import DEFAULT_TOLERANCES, Tolerances
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.child import CHILD
from solvers.linear.lane.irreducible_subset import explained
from solvers.linear.lane.judging import Judge, Question
from solvers.linear.lane.messages import Job, LaneReply, LaneTask
from solvers.linear.lane.opinions import TIGHT, better, needs_proof, needs_second, needs_tighter, solvers_of
from solvers.linear.lane.options import SolveOptions, SolverName
from solvers.linear.lane.result import FailureKind, LaneFailure, LaneResult
from solvers.linear.lane.start import Start

__all__ = ["ExactLane", "FailureKind", "LaneFailure", "LaneResult", "SolveOptions", "Start"]

ChildFunction = Callable[[LaneTask], LaneReply]

_WORTH_ASKING: Final = 0.05
"""Seconds that must be left for another question."""
_SLICE: Final = 512
_START_LIMIT: Final = 120.0
_DEFAULT: Final = SolveOptions()


class ExactLane:
    """Children that solve exactly; use as a context manager, from one thread at a time but for `cancel`.

    Args:
        workers: children, started when first needed.
        tolerances: of the recheck.
        tasks_per_child: solves after which a child is replaced.
        grace: seconds after its limit that a solver is given to come back by itself.
        child: what the children do; another one for tests.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        tolerances: Tolerances = DEFAULT_TOLERANCES,
        tasks_per_child: int = 10_000,
        grace: float = 1.0,
        child: ChildFunction = CHILD,
    ) -> None:
        self._workers = workers
        self._judge = Judge(tolerances)
        self._tasks_per_child = tasks_per_child
        self._grace = grace
        self._child = child
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._memory_limit: int | None = None
        self._solving = False
        self._cancelled = False
        self._is_warm = False

    def __enter__(self) -> ExactLane:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills and reaps the children; safe to call twice."""
        self._is_warm = False
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def cancel(self) -> None:
        """From any thread: ends the solve in progress, its children at once. Its result, and those of the
        rest of a `solve_all`, are failures of kind CANCELLED. Without a solve in progress nothing happens."""
        with self._lock:
            if self._solving:
                self._cancelled = True
                if self._pool is not None:
                    self._pool.interrupt()

    def solve(
        self,
        instance: Instance,
        options: SolveOptions = _DEFAULT,
        start: Start | None = None,
        known: Candidate | None = None,
    ) -> LaneResult:
        """One instance, to the end of `options.time_limit` at most, and two seconds for ending a child.

        Args:
            known: vectors that the answer is held against: a feasible point contradicts "infeasible", a
                Farkas ray contradicts a point. They are certified here once more; no solver is given them.

        Raises:
            ValueError: the start or what is known does not have the instance's shape.
        """
        question = Question.of(instance, options, start, known)
        with _Session(self):
            return self._finish(question, None, time.monotonic() + options.time_limit)

    def solve_all(
        self,
        instances: Iterable[Instance],
        options: SolveOptions = _DEFAULT,
        starts: Iterable[Start | None] | None = None,
        known: Iterable[Candidate | None] | None = None,
    ) -> Iterator[LaneResult]:
        """A result for each instance, in order, several at work; limits are for each of them.

        The clock is looked at while results are consumed. Results of tiny LPs in a row come in groups, for
        they are rechecked together; a second look is taken when a slice of the input has been solved once.

        Args:
            starts, known: one for each instance; see `solve`.

        Raises:
            ValueError: a start, or what is known, does not have its instance's shape.
        """
        given: Iterator[Start | None] = iter(()) if starts is None else iter(starts)
        held: Iterator[Candidate | None] = iter(()) if known is None else iter(known)
        questions = (
            Question.of(instance, options, next(given, None), next(held, None)) for instance in instances
        )
        with _Session(self):
            while part := list(islice(questions, _SLICE)):
                yield from self._solve_slice(part, options)

    def _solve_slice(self, questions: list[Question], options: SolveOptions) -> Iterator[LaneResult]:
        held: list[tuple[Question, LaneResult]] = []
        for question, result in self._first_results(questions, options):
            if held or self._is_open(question, result):
                held.append((question, result))
            else:
                yield result
        for question, result in held:
            if not self._is_open(question, result):
                yield result
                continue
            left = options.time_limit - result.seconds
            yield self._finish(question, result, time.monotonic() + left)

    def _is_open(self, question: Question, result: LaneResult) -> bool:
        left = question.options.time_limit - result.seconds
        if self._cancelled or left < _WORTH_ASKING:
            return False
        explain = question.options.irreducible_subset and result.status is SolveStatus.INFEASIBLE
        solvers = solvers_of(question.instance, question.options)
        second = len(solvers) > 1 and needs_second(question, result)
        return explain or second or needs_proof(question, result) or needs_tighter(question, result)

    def _first_results(
        self, questions: list[Question], options: SolveOptions
    ) -> Iterator[tuple[Question, LaneResult]]:
        """One answer each, in order; tiny LPs are rechecked together."""
        tasks = [question.task(solvers_of(question.instance, options)[0]) for question in questions]
        waiting: list[tuple[Question, Result[LaneReply]]] = []
        asked: list[SolverName] = []
        answers = self._map(tasks, options, options.time_limit + self._grace)
        for place, answer in enumerate(answers):
            waiting.append((questions[place], answer))
            asked.append(tasks[place].solver)
            following = questions[place + 1] if place + 1 < len(questions) else None
            if following is None or not following.is_tiny or len(waiting) >= self._judge.together:
                results = self._judge.results(waiting, asked)
                yield from zip([question for question, _ in waiting], results, strict=True)
                waiting, asked = [], []

    def _finish(self, question: Question, result: LaneResult | None, deadline: float) -> LaneResult:
        """Asks until an answer is good enough, the solvers are through or time is up; then explains it."""
        began = time.monotonic()
        spent = 0.0 if result is None else result.seconds
        first, *others = solvers_of(question.instance, question.options)
        if result is None:
            result = self._asked(question, first, deadline)
        if needs_tighter(question, result) and not self._is_over(deadline):
            options = replace(question.options, feasibility_tolerance=TIGHT)
            again = self._asked(replace(question, options=options), first, deadline)
            result = better(result, again, is_mip=question.instance.is_mip)
        result = self._with_proof(question, result, deadline)
        for solver in others:
            if not needs_second(question, result) or self._is_over(deadline):
                break
            second = self._asked(question, solver, deadline)
            result = better(result, second, is_mip=question.instance.is_mip)
            result = self._with_proof(question, result, deadline)
        result = self._with_subset(question, result, deadline)
        return replace(result, seconds=spent + time.monotonic() - began)

    def _is_over(self, deadline: float) -> bool:
        return self._cancelled or deadline - time.monotonic() < _WORTH_ASKING

    def _asked(self, question: Question, solver: SolverName, deadline: float) -> LaneResult:
        answer = self._ask(replace(question.task(solver), deadline=deadline), deadline)
        return self._judge.results([(question, answer)], [solver])[0]

    def _with_proof(self, question: Question, result: LaneResult, deadline: float) -> LaneResult:
        if not needs_proof(question, result) or self._is_over(deadline):
            return result
        task = replace(question.task("highs"), job=Job.PROOF, deadline=deadline, solution=result.solution)
        answer = self._ask(task, deadline)
        if answer.value is None or answer.value.solution is None:
            return result
        found = self._judge.result(question, answer.value, result.seconds)
        return replace(found, start=result.start, earlier=result.earlier)

    def _with_subset(self, question: Question, result: LaneResult, deadline: float) -> LaneResult:
        wanted = question.options.irreducible_subset and result.accepted
        if not wanted or result.status is not SolveStatus.INFEASIBLE or self._is_over(deadline):
            return result
        answer = self._ask(replace(question.task("highs"), job=Job.SUBSET, deadline=deadline), deadline)
        if answer.value is None or answer.value.subset is None:
            return result
        return replace(result, irreducible_subset=explained(question.instance, answer.value.subset))

    def _ask(self, task: LaneTask, deadline: float) -> Result[LaneReply]:
        """The answer to one task; a child that has to be started first is, within the deadline."""
        if not self._is_warm:
            started = next(self._map([None], task.options, _START_LIMIT))
            if started.failure is not None:
                return started
        limit = max(0.0, deadline - time.monotonic()) + self._grace
        answer = next(self._map([task], task.options, limit))
        self._is_warm = answer.failure is None
        return answer

    def _map(
        self, tasks: Sequence[LaneTask | None], options: SolveOptions, limit: float
    ) -> Iterator[Result[LaneReply]]:
        """A result for each task, in order, whatever becomes of the pool."""
        given = 0
        try:
            pool = self._pool_with(options.memory_limit)
            for result in pool.map(partial(_done, self._child), tasks, limit=limit, ordered=True):
                given += 1
                yield result
        except PoolError as error:
            self.close()
            for place in range(given, len(tasks)):
                yield self._judge.lost(place, error, cancelled=self._cancelled)

    def _pool_with(self, memory_limit: int | None) -> Pool:
        if self._pool is not None and self._memory_limit != memory_limit:
            self.close()
        with self._lock:
            if self._cancelled:
                raise PoolError("the solve was cancelled")
            if self._pool is None:
                self._memory_limit = memory_limit
                self._pool = Pool(
                    self._workers, memory_limit=memory_limit, tasks_per_child=self._tasks_per_child + 1
                )
            return self._pool


def _done(child: ChildFunction, task: LaneTask | None) -> LaneReply:
    """What a child does; no task only brings it up."""
    return LaneReply() if task is None else child(task)


class _Session:
    """While one is open, `cancel` has something to end."""

    def __init__(self, lane: ExactLane) -> None:
        self._lane = lane

    def __enter__(self) -> None:
        with self._lane._lock:
            if self._lane._solving:
                raise RuntimeError("the lane is still solving")
            self._lane._solving = True
            self._lane._cancelled = False

    def __exit__(self, *_: object) -> None:
        with self._lane._lock:
            self._lane._solving = False
            cancelled = self._lane._cancelled
        if cancelled:  # whatever was interrupted, the next solve has a pool of its own
            self._lane.close()
