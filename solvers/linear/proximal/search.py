"""From a guess to a primal–dual pair nearby: proximal point steps, each by semismooth Newton.

With the rows' activities s as variables, z = (x, s) in its box [l, u] × [L, U], and B = (A, −I), a step of
the proximal method of multipliers (Rockafellar, Augmented Lagrangians and applications of the proximal point
algorithm in convex programming, 1976) from the centre (z̄, ȳ) minimises the strongly convex, differentiable

    φ(y) = ‖y − ȳ‖² / 2σ − min over z in its box of  c·x − y·Bz + ‖z − z̄‖² / 2τ
    z(y) = Π(w(y)),   w(y) = z̄ − τ ((c, 0) − Bᵀy),   ∇φ(y) = B z(y) + (y − ȳ) / σ

by Newton steps (τ B D Bᵀ + I/σ) Δ = −∇φ with D = 1 where w lies inside its bounds and 0 elsewhere (Li, Sun
and Toh, An asymptotically superlinearly convergent semismooth Newton augmented Lagrangian method for linear
programming, 2020), along which φ is minimised by bisection of its slope. D says which columns are basic and
which rows are slack: a step is a least squares on the face that the guess names, and the next one on another
where that one was wrong. From near an optimum few steps end on it; from far they are many.

τ = κ / ω and σ = κ ω with ω² = ‖ȳ‖ / ‖x̄‖ of the guess. κ grows from one proximal step to the next: up to a
limit while they take several Newton steps, and beyond it where one does, for then the face no longer changes.
It shrinks, with the centre kept, where Newton's steps do not end.

All in scaled units (`pdhg.scaling`), for a stack with M rows and N columns at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.proximal.normal_equations import NormalEquations

_WEIGHTS = (1e-2, 1e2)
_LEAST = 1.0  # of κ
_BISECTIONS = 8
_FLAT = 0.1  # a full step is taken where the slope at its end is at most this share of that at its start


@dataclass(frozen=True)
class ProximalSettings:
    """Settings of `nearest_pairs`.

    Attributes:
        steps: of Newton, at most, for each item.
        tolerance: of the relative errors at which an item ends.
        first, growth, limit, last: κ at first, its factor, its limit, and that of steps on one face.
        inner: a proximal step ends where σ ‖∇φ‖² is within the square of this share of
            ‖z − z̄‖² / τ + ‖y − ȳ‖² / σ.
        many, shrink: where so many Newton steps did not end a proximal step, κ is multiplied by this.
    """

    steps: int = 32
    tolerance: float = 1e-9
    first: float = 30.0
    growth: float = 3.0
    limit: float = 300.0
    last: float = 1e6
    inner: float = 0.3
    many: int = 6
    shrink: float = 0.3


@dataclass(frozen=True, eq=False)
class Point:
    """z(y) and y: x' (N,), s' (M,), A'x' (M,), y' (M,); and D, of columns and of rows."""

    primal: Tensor
    slack: Tensor
    activity: Tensor
    dual: Tensor
    basic: Tensor
    loose: Tensor


@dataclass(frozen=True, eq=False)
class ProximalSearch:
    """Where a proximal step is.

    Attributes:
        centre_primal (N,), centre_slack (M,), centre_dual (M,): (x̄, s̄, ȳ).
        kappa, weight (B,): κ and ω. used (B,): Newton steps since the centre was set.
        dual (M,), force (N,): y and A'ᵀy.
    """

    problem: StackedProblem
    equations: NormalEquations
    centre_primal: Tensor
    centre_slack: Tensor
    centre_dual: Tensor
    kappa: Tensor
    weight: Tensor
    used: Tensor
    dual: Tensor
    force: Tensor

    @classmethod
    def at(
        cls, problem: StackedProblem, primal: Tensor, dual: Tensor, settings: ProximalSettings
    ) -> ProximalSearch:
        norms = problem.columns.sum(primal * primal).sqrt(), problem.rows.sum(dual * dual).sqrt()
        usable = (norms[0] > 0.0) & (norms[1] > 0.0)
        weight = torch.where(usable, (norms[1] / norms[0]).sqrt(), 1.0).clamp(*_WEIGHTS)
        return cls(
            problem=problem,
            equations=NormalEquations.of(problem),
            centre_primal=primal,
            centre_slack=problem.products.forward(primal).clamp(problem.row_lower, problem.row_upper),
            centre_dual=dual,
            kappa=torch.full_like(weight, settings.first),
            weight=weight,
            used=torch.zeros_like(weight),
            dual=dual,
            force=problem.products.adjoint(dual),
        )

    def stepped(self) -> tuple[ProximalSearch, Point]:
        """One Newton step, and where it leads."""
        problem, here = self.problem, self._point()
        sigma, tau = self._sizes()
        gradient = here.activity - here.slack + (self.dual - self.centre_dual) / problem.rows.spread(sigma)
        spread = problem.rows.spread(tau)
        ridge = here.loose + 1.0 / problem.rows.spread(sigma * tau)
        way = self.equations.solve(here.basic, ridge, -gradient / spread)
        push = problem.products.adjoint(way)

        def after(share: Tensor) -> ProximalSearch:
            return replace(
                self,
                dual=torch.addcmul(self.dual, problem.rows.spread(share), way),
                force=torch.addcmul(self.force, problem.columns.spread(share), push),
            )

        def slope(share: Tensor) -> Tensor:
            """d φ(y + share Δ) / d share."""
            there = after(share)
            primal, slack = there._projected()[:2]
            by_row = way * ((there.dual - self.centre_dual) / problem.rows.spread(sigma) - slack)
            return problem.rows.sum(by_row) + problem.columns.sum(push * primal)

        moved = after(_line_search(slope, problem.rows.sum(way * gradient)))
        moved = replace(moved, used=self.used + 1.0)
        return moved, moved._point()

    def moved_on(self, point: Point, settings: ProximalSettings) -> ProximalSearch:
        """A new centre, and κ, for items whose proximal step is near enough to its end."""
        problem = self.problem
        sigma, tau = self._sizes()
        change = self.dual - self.centre_dual
        gradient = point.activity - point.slack + change / problem.rows.spread(sigma)
        way = problem.columns.sum((point.primal - self.centre_primal) ** 2)
        way = (way + problem.rows.sum((point.slack - self.centre_slack) ** 2)) / tau
        way = way + problem.rows.sum(change * change) / sigma
        ended = sigma * problem.rows.sum(gradient * gradient) <= settings.inner**2 * way
        kappa, stuck = self._next_kappa(ended, settings)
        of_columns, of_rows = ended[problem.columns.item], ended[problem.rows.item]
        return replace(
            self,
            centre_primal=torch.where(of_columns, point.primal, self.centre_primal),
            centre_slack=torch.where(of_rows, point.slack, self.centre_slack),
            centre_dual=torch.where(of_rows, self.dual, self.centre_dual),
            kappa=kappa,
            used=torch.where(ended | stuck, 0.0, self.used),
        )

    def _next_kappa(self, ended: Tensor, settings: ProximalSettings) -> tuple[Tensor, Tensor]:
        """κ, and whether Newton's steps were too many, (B,)."""
        on_one_face = (self.used <= 1.0) & (self.kappa >= settings.limit)
        grown = (settings.growth * self.kappa).minimum(
            torch.where(on_one_face, settings.last, settings.limit)
        )
        stuck = ~ended & (self.used >= settings.many)
        kappa = torch.where(ended, grown, self.kappa)
        return torch.where(stuck, (settings.shrink * kappa).clamp(min=_LEAST), kappa), stuck

    def take(self, items: Tensor) -> ProximalSearch:
        left = self.problem.take(items)
        columns, rows = self.problem.columns.places(items), self.problem.rows.places(items)
        return ProximalSearch(
            left,
            NormalEquations.of(left),
            self.centre_primal[columns],
            self.centre_slack[rows],
            self.centre_dual[rows],
            self.kappa[items],
            self.weight[items],
            self.used[items],
            self.dual[rows],
            self.force[columns],
        )

    def _sizes(self) -> tuple[Tensor, Tensor]:
        """σ and τ, (B,)."""
        return self.kappa * self.weight, self.kappa / self.weight

    def _projected(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """z = Π(w) in both parts, and w likewise."""
        problem, (_, tau) = self.problem, self._sizes()
        free = self.centre_primal - problem.columns.spread(tau) * (problem.objective - self.force)
        open_ = self.centre_slack - problem.rows.spread(tau) * self.dual
        primal = free.clamp(problem.column_lower, problem.column_upper)
        return primal, open_.clamp(problem.row_lower, problem.row_upper), free, open_

    def _point(self) -> Point:
        problem = self.problem
        primal, slack, free, open_ = self._projected()
        return Point(
            primal=primal,
            slack=slack,
            activity=problem.products.forward(primal),
            dual=self.dual,
            basic=((free > problem.column_lower) & (free < problem.column_upper)).double(),
            loose=((open_ > problem.row_lower) & (open_ < problem.row_upper)).double(),
        )


def _line_search(slope: Callable[[Tensor], Tensor], first: Tensor) -> Tensor:
    """A share in (0, 1] near the minimum of a convex function whose slope at 0, `first`, is negative."""
    low, high = torch.zeros_like(first), torch.ones_like(first)
    full = slope(high) <= -_FLAT * first
    if bool(full.all()):
        return high
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        rising = slope(middle) > 0.0
        low, high = torch.where(rising, low, middle), torch.where(rising, middle, high)
    return torch.where(full, 1.0, high)
