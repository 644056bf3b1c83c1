"""A parameter tuned by approximate hypergradients: the outer loop of HOAG (Pedregosa 2016).

    w_k with ‖∂h/∂w(w_k, α_k)‖ ≤ ε_k,   q_k by an `Inverse`,   α_{k+1} = Π(α_k − t_k dg/dα)

with ε_k the lesser of ε₀ · decrease^k, relative to ‖∂h/∂w(0, α₀)‖, and a tenth of ‖∂h/∂w(w_{k−1}, α_k)‖, so
that w follows wherever α goes: were it left behind, p would drive α on into the flat where e^α is nothing.
Each run is warm from the last. The first step has the length `first_step`. After it t is the secant's, Δα /
Δ(dg/dα) (Barzilai and Borwein 1988), where that is positive and within a factor of the last.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.bilevel.bilevel_problem import BilevelProblem
from solvers.implicit.bilevel.hypergradient import Inverse, ShineInverse, hypergradient
from solvers.implicit.bilevel.lbfgs import Lbfgs, LbfgsState, SecantPairs, minimise
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression
from solvers.implicit.errors import InvalidProgram
from solvers.iteration import Solution, TerminationReason

_FOLLOWED = 0.1


@dataclass(frozen=True)
class TuningOptions:
    """Attributes:
    inverse: how hypergradients are had.
    start, least, most: α₀ and its range; of `tune_regularization` the logarithm of the penalty.
    max_steps: of the outer loop.
    first_tolerance, decrease, least_tolerance: ε₀, its factor a step and its least value, relative.
    first_step, longest_step: of α.
    growth: by which t grows at most from step to step; it falls by its square at most. Once dg/dα has
        changed its sign t grows no more, so that a hypergradient with errors settles too.
    settled: α that moves less than this has settled: the loop ends where ε_k is at its least already, and
        goes on with a tenth of ε_k where it is not.
    memory: pairs of L-BFGS.
    max_iterations: of L-BFGS, a run.
    time_limit: seconds.

    Raises:
        ValueError: a setting is out of its range.
    """

    inverse: Inverse = field(default_factory=ShineInverse)
    start: float = 0.0
    least: float = -20.0
    most: float = 10.0
    max_steps: int = 30
    first_tolerance: float = 1e-2
    decrease: float = 0.78
    least_tolerance: float = 1e-5
    first_step: float = 1.0
    longest_step: float = 1.5
    growth: float = 2.0
    settled: float = 0.02
    memory: int = 30
    max_iterations: int = 2000
    time_limit: float = math.inf

    def __post_init__(self) -> None:
        if not self.least <= self.start <= self.most:
            raise ValueError(
                f"start must lie between {self.least!r} and {self.most!r}, not at {self.start!r}"
            )
        if not 0.0 < self.decrease <= 1.0:
            raise ValueError(f"decrease must be above 0 and at most 1, not {self.decrease!r}")
        for name in (
            "first_tolerance",
            "least_tolerance",
            "first_step",
            "longest_step",
            "settled",
            "time_limit",
        ):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}")
        if self.growth < 1.0 or self.max_steps < 1 or self.memory < 1:
            raise ValueError("growth, max_steps and memory must be at least 1")


@dataclass(frozen=True)
class TuningStep:
    """Attributes:
    seconds: since the start, when the step ended.
    alpha, outer, hypergradient: α, g there and dg/dα as it was taken to be; NaN of a search.
    iterations, products: of L-BFGS, and products with the Hessian.
    """

    seconds: float
    alpha: float
    outer: float
    hypergradient: float
    iterations: int
    products: int


@dataclass(frozen=True, eq=False)
class Tuning:
    """Attributes:
    alpha: the α that was chosen.
    w: its minimiser, to the least tolerance where the reason is no failure, shape (n,).
    outer: g there.
    steps: all of them.
    reason: CONVERGED (α has settled), a limit, STALLED (the minimisation does not reach its tolerance) or
        NON_FINITE.
    """

    alpha: float
    w: Tensor
    outer: float
    steps: tuple[TuningStep, ...]
    reason: TerminationReason


Watch = Callable[[TuningStep, Tensor], None]
"""Told of each step and its w."""


def tune(
    problem: BilevelProblem, options: TuningOptions | None = None, *, watch: Watch | None = None
) -> Tuning:
    """α where the outer loop ends, and its w, which is then followed to the least tolerance.

    The α of least g that it came by would be another: while ε_k is large w lags behind α, which regularises
    as stopping early does, and g may be less there than at any w*(α).
    """
    options = options or TuningOptions()
    begun = time.monotonic()
    run = _Run(problem, options, begun + options.time_limit)
    level, alpha, length = options.first_tolerance, options.start, 0.0
    q: Tensor | None = None
    steps: list[TuningStep] = []
    reason = TerminationReason.ITERATION_LIMIT
    while len(steps) < options.max_steps:
        level = max(level, options.least_tolerance)
        found = run.minimised(alpha, level)
        slope = hypergradient(problem, found.state, options.inverse, start=q, tolerance=level)
        q = slope.solution
        now = (time.monotonic() - begun, alpha, slope.outer, slope.value)
        steps.append(TuningStep(*now, int(found.iterations), slope.products))
        if watch is not None:
            watch(steps[-1], run.w)
        if not math.isfinite(slope.value) or not math.isfinite(slope.outer):
            reason = TerminationReason.NON_FINITE
            break
        if found.reasons[0] is not TerminationReason.CONVERGED:
            reason = found.reasons[0]
            break
        length = _next_length(options, steps, length)
        move = min(max(-length * slope.value, -options.longest_step), options.longest_step)
        move = min(max(alpha + move, options.least), options.most) - alpha
        if abs(move) < options.settled:
            if level <= options.least_tolerance:
                reason = TerminationReason.CONVERGED
                break
            level *= 0.1
        level *= options.decrease
        if len(steps) < options.max_steps:
            alpha += move
    if reason is TerminationReason.ITERATION_LIMIT:
        run.minimised(alpha, options.least_tolerance)
    return Tuning(alpha, run.w, problem.outer(run.w)[0], tuple(steps), reason)


@dataclass(eq=False)
class _Run:
    """Minimisations one after the other, each from where the last ended.

    Attributes:
        w, pairs: where that is.
        scale: ‖∂h/∂w(0, α₀)‖, which tolerances are relative to.
    """

    problem: BilevelProblem
    options: TuningOptions
    deadline: float

    def __post_init__(self) -> None:
        self.w = torch.zeros(self.problem.size, dtype=torch.float64)
        self.pairs: SecantPairs | None = None
        self.scale = float(self.problem.inner(self.w, self.options.start).gradient.norm()) or 1.0

    def minimised(self, alpha: float, level: float) -> Solution[LbfgsState]:
        options = self.options
        begun = float(self.problem.inner(self.w, alpha).gradient.norm())
        tolerance = max(min(self.scale * level, _FOLLOWED * begun), self.scale * options.least_tolerance)
        solver = Lbfgs(tolerance, options.memory, options.inverse.outer)
        found = minimise(
            self.problem, alpha, self.w, solver, pairs=self.pairs,
            max_iterations=options.max_iterations, deadline=self.deadline,
        )  # fmt: skip
        self.w, self.pairs = found.value, found.state.pairs
        return found


def _next_length(options: TuningOptions, steps: list[TuningStep], length: float) -> float:
    slopes = [step.hypergradient for step in steps]
    if len(steps) == 1 or length == 0.0:
        return options.first_step / abs(slopes[-1]) if slopes[-1] else 0.0
    crossed = any(before * after < 0.0 for before, after in pairwise(slopes))
    most = length if crossed else length * options.growth
    moved, turned = steps[-1].alpha - steps[-2].alpha, slopes[-1] - slopes[-2]
    if moved * turned <= 0.0:
        return most
    return min(max(moved / turned, length / options.growth**2), most)


def search(
    problem: BilevelProblem,
    alphas: Sequence[float],
    options: TuningOptions | None = None,
    *,
    watch: Watch | None = None,
) -> Tuning:
    """The α of least g among these, in turn, each minimised to the least tolerance from where the last ended:
    what grid and random search do. `inverse` and what concerns steps are not used."""
    options = options or TuningOptions()
    begun = time.monotonic()
    run = _Run(problem, options, begun + options.time_limit)
    steps: list[TuningStep] = []
    best = (math.inf, math.nan, run.w)
    reason = TerminationReason.CONVERGED
    for alpha in alphas:
        found = run.minimised(alpha, options.least_tolerance)
        value = problem.outer(run.w)[0]
        steps.append(TuningStep(time.monotonic() - begun, alpha, value, math.nan, int(found.iterations), 0))
        if watch is not None:
            watch(steps[-1], run.w)
        if value < best[0]:
            best = (value, alpha, run.w)
        if found.reasons[0] is not TerminationReason.CONVERGED:
            reason = found.reasons[0]
            break
    return Tuning(best[1], best[2], best[0], tuple(steps), reason)


def tune_regularization(
    features: Tensor | NDArray[np.float64],
    labels: Tensor | NDArray[np.generic],
    held_out_features: Tensor | NDArray[np.float64],
    held_out_labels: Tensor | NDArray[np.generic],
    options: TuningOptions | None = None,
) -> Tuning:
    """The ℓ2 penalty e^α of a logistic regression on the first examples that is best for those held out.

    Raises:
        InvalidProgram: the arrays are no examples of two kinds.
    """
    training = Examples.of(torch.as_tensor(features), torch.as_tensor(labels))
    held_out = Examples.of(torch.as_tensor(held_out_features), torch.as_tensor(held_out_labels))
    if training.features.shape[1] != held_out.features.shape[1]:
        raise InvalidProgram("the examples held out have other features")
    return tune(LogisticRegression(training, held_out), options)
