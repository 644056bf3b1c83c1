"""Two linear programs whose costs must be predicted from features that a linear model cannot follow.

The synthetic data of the predict-then-optimise literature (Elmachtoub and Grigas 2022): features x ~ N(0, I)
of dimension 5, a matrix B of independent Bernoulli(½) entries, and

    c_j = (1 + (x·B_j / √5 + 3)^degree) · ε_j / scale,     ε_j uniform on [1 − noise, 1 + noise],

with scale such that costs have a mean near 1. A linear model fitted to them is misspecified, and errs where
it matters to decisions as freely as where it does not. What noise there is no model can know: with it,
decisions by the true mean have a regret too.

    shortest path   on a 5 × 5 grid, from one corner to the other, 40 arcs going east and south
    knapsack        fractional, 40 things of weights between 3 and 8, capacity three tenths; −c are values

Both have oracles that are exact and cheap, so that SPO+ and the regret need no solver.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

FEATURES = 5


class DecisionProblem(ABC):
    """min c·x over { x : L ≤ A x ≤ U, 0 ≤ x ≤ 1 }; costs are negative values where values are wanted."""

    name: str
    sign: float
    matrix: Matrix
    row_lower: Matrix
    row_upper: Matrix

    @abstractmethod
    def decide(self, costs: Matrix) -> Matrix:
        """A minimiser for each row of costs, (B, n) → (B, n)."""

    def regret(self, predicted: Matrix, true: Matrix) -> float:
        """Σ (c·x(ĉ) − c·x(c)) / Σ |c·x(c)|."""
        best = (true * self.decide(true)).sum(1)
        return float(((true * self.decide(predicted)).sum(1) - best).sum() / np.abs(best).sum())


class ShortestPath(DecisionProblem):
    """Arcs of a SIDE × SIDE grid; flow conservation is what its rows say."""

    name, sign = "shortest path", 1.0

    def __init__(self, side: int = 5) -> None:
        self.side = side
        self.arcs = [
            (i * side + j, (i + down) * side + j + 1 - down)
            for i in range(side)
            for j in range(side)
            for down in (0, 1)
            if (i + 1 < side if down else j + 1 < side)
        ]
        self.matrix = np.zeros((side * side, len(self.arcs)))
        for place, (tail, head) in enumerate(self.arcs):
            self.matrix[tail, place], self.matrix[head, place] = -1.0, 1.0
        self.row_lower = np.zeros(side * side)
        self.row_lower[0], self.row_lower[-1] = -1.0, 1.0
        self.row_upper = self.row_lower

    def decide(self, costs: Matrix) -> Matrix:
        """By dynamic programming in the order of the nodes, which is a topological one."""
        items, nodes = len(costs), self.side**2
        length = np.full((items, nodes), np.inf)
        length[:, 0] = 0.0
        through = np.zeros((items, nodes), dtype=np.int64)
        for place, (tail, head) in enumerate(self.arcs):
            by = length[:, tail] + costs[:, place]
            through[:, head] = np.where(by < length[:, head], place, through[:, head])
            length[:, head] = np.minimum(by, length[:, head])
        chosen, at = np.zeros_like(costs), np.full(items, nodes - 1)
        tails = np.array([tail for tail, _ in self.arcs])
        for _ in range(2 * (self.side - 1)):
            arc = through[np.arange(items), at]
            chosen[np.arange(items), arc] = 1.0
            at = tails[arc]
        return chosen


class Knapsack(DecisionProblem):
    """One row: weights; the best value for the weight is taken first."""

    name, sign = "knapsack", -1.0

    def __init__(self, things: int = 40, seed: int = 0) -> None:
        weights = np.random.default_rng(seed).uniform(3.0, 8.0, things)
        self.matrix = weights[None] / weights.mean()
        self.row_lower = np.array([-np.inf])
        self.row_upper = np.array([0.3 * self.matrix.sum()])

    def decide(self, costs: Matrix) -> Matrix:
        weights = self.matrix[0]
        order = np.argsort(costs / weights, axis=1)
        heavy = weights[order]
        room = np.clip(self.row_upper[0] - (np.cumsum(heavy, axis=1) - heavy), 0.0, heavy) / heavy
        room[np.take_along_axis(costs, order, axis=1) >= 0.0] = 0.0
        chosen = np.empty_like(costs)
        np.put_along_axis(chosen, order, room, axis=1)
        return chosen


@dataclass(frozen=True)
class Relation:
    """Attributes: of the costs' relation to the features, as the module's docstring has them."""

    degree: int
    noise: float


@dataclass(frozen=True, eq=False)
class Sample:
    """Features, shape (N, 5), costs to be minimised, shape (N, n), and what they are without noise."""

    features: Matrix
    costs: Matrix
    means: Matrix


def samples(problem: DecisionProblem, relation: Relation, sizes: tuple[int, ...], seed: int) -> list[Sample]:
    """Independent samples of one B."""
    generator = np.random.default_rng(seed)
    columns = problem.matrix.shape[1]
    pattern = generator.integers(0, 2, (columns, FEATURES)).astype(np.float64) / FEATURES**0.5

    def means(features: Matrix) -> Matrix:
        return 1.0 + (features @ pattern.T + 3.0) ** relation.degree

    scale = problem.sign / float(means(generator.standard_normal((2000, FEATURES))).mean())
    found = []
    for size in sizes:
        features = generator.standard_normal((size, FEATURES))
        noise = generator.uniform(1.0 - relation.noise, 1.0 + relation.noise, (size, columns))
        clean = scale * means(features)
        found.append(Sample(features, clean * noise, clean))
    return found
