"""From a guess to a nearby primal–dual pair: the proximal point method, its steps by semismooth Newton.

With the rows' activities s as variables, ẑ = (x, s) in its box [l, u] × [L, U] and  = (A, −I), a step of the
proximal point method of multipliers (Rockafellar, Augmented Lagrangians and applications of the proximal point
algorithm in convex programming, 1976) from the centre (z̄, ȳ) minimises the strongly convex, once
differentiable

    φ(y) = ‖y − ȳ‖² / 2σ − min over ẑ in its box of  ĉ·ẑ − y·Âẑ + ‖ẑ − z̄‖² / 2τ
    w(y) = z̄ − τ (ĉ − Âᵀy),    ẑ(y) = Π(w(y)),    ∇φ = Âẑ(y) + (y − ȳ) / σ

by Newton steps (τ ÂDÂᵀ + I/σ) Δ = −∇φ with D_jj = 1 where w_j lies inside its bounds (Li, Sun and Toh, An
asymptotically superlinearly convergent semismooth Newton augmented Lagrangian method for linear programming,
2020). D says which columns are basic and which rows are slack, so each step solves the least squares of the
face that the guess names, and moves to another face where that one was wrong. Where the centre is near the
optimum, one or two proximal steps end on it exactly; where it is far, Newton's steps are many. So their
number is fixed, and what comes of them is the pair with the smallest relative errors (`pdhg.kkt`) on the way:
never worse than the guess. Nothing is promised of it.

τ = κ / ω and σ = κ ω with ω = √(‖ȳ‖ / ‖x̄‖); κ grows at each proximal step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.segments import starts


@dataclass(frozen=True)
class ProximalSettings:
    """Settings of `nearest_pair`.

    Attributes:
        steps: of Newton, at most, for each item.
        tolerance: of the relative errors at which an item ends.
        first, growth, most: κ at first, its factor at each proximal step, and its limit.
        inner: a proximal step ends where σ ‖∇φ‖² is within the square of this share of
            ‖ẑ − z̄‖² / τ + ‖y − ȳ‖² / σ.
        bisections: of a line search.
    """

    steps: int = 16
    tolerance: float = 1e-9
    first: float = 30.0
    growth: float = 3.0
    most: float = 300.0
    inner: float = 0.3
    bisections: int = 8
    fast: float = 10.0
    few: int = 1
    many: int = 100
    shrink: float = 0.3


_WEIGHTS = (1e-2, 1e2)
_FLAT = 0.1  # a full step is taken where the slope at its end is no larger a share of the slope at its start


@dataclass(frozen=True, eq=False)
class _Block:
    """The items, with A' dense and padded: (B, m, n).

    Attributes:
        row_place, column_place: each row's and column's place in its own padded item, flat: (M,), (N,).
    """

    problem: StackedProblem
    matrix: Tensor
    row_place: Tensor
    column_place: Tensor

    @classmethod
    def of(cls, problem: StackedProblem) -> _Block:
        rows, columns = problem.rows, problem.columns
        count = problem.count
        tallest, widest = int(rows.sizes.max()), int(columns.sizes.max())
        block = cls(problem, torch.zeros(0), _padded(rows, tallest), _padded(columns, widest))
        entries = problem.products.matrix.matrix  # type: ignore[attr-defined]
        degrees = entries.crow_indices().diff().long()
        row = torch.repeat_interleave(block.row_place, degrees)
        column = block.column_place[entries.col_indices().long()]
        dense = torch.zeros(count * tallest * widest, dtype=torch.float64)
        dense[row * widest + column % widest] = entries.values()
        return replace(block, matrix=dense.view(count, tallest, widest))

    def take(self, items: Tensor) -> _Block:
        problem = self.problem.take(items)
        _, tallest, widest = self.matrix.shape
        return _Block(
            problem, self.matrix[items], _padded(problem.rows, tallest), _padded(problem.columns, widest)
        )

    def solve(self, basic: Tensor, diagonal: Tensor, goal: Tensor) -> Tensor:
        """Δ of (A D Aᵀ + diag) Δ = goal, shape (M,), for D (N,); not finite where there is none."""
        count, tallest, widest = self.matrix.shape
        kept = torch.zeros(count * widest, dtype=torch.float64)
        kept[self.column_place] = basic
        masked = self.matrix * kept.view(count, 1, widest)
        system = masked @ self.matrix.transpose(1, 2)
        ridge = torch.ones(count * tallest, dtype=torch.float64)
        ridge[self.row_place] = diagonal
        system.diagonal(dim1=1, dim2=2).add_(ridge.view(count, tallest))
        right = torch.zeros(count * tallest, dtype=torch.float64)
        right[self.row_place] = goal
        factor, failed = torch.linalg.cholesky_ex(system)
        found = torch.cholesky_solve(right.view(count, tallest, 1), factor)
        found = torch.where((failed == 0).view(count, 1, 1), found, torch.nan)
        return found.reshape(-1)[self.row_place]


def _padded(segments, width):  # type: ignore[no-untyped-def]
    local = torch.arange(len(segments.item)) - segments.spread(starts(segments.sizes))
    return segments.item * width + local


@dataclass(frozen=True, eq=False)
class _Step:
    """Where an item's proximal step is: centre (x̄, s̄, ȳ), κ and ω (B,), and y with what follows from it."""

    centre: Tensor
    centre_activity: Tensor
    centre_dual: Tensor
    kappa: Tensor
    weight: Tensor
    dual: Tensor
    force: Tensor


def nearest_pair(problem: StackedProblem, primal: Tensor, dual: Tensor, settings: ProximalSettings = ProximalSettings()):
    block = _Block.of(problem)
    best_x, best_y = primal.clone(), dual.clone()
    errs = relative_errors(problem, primal, dual, problem.products.forward(primal), problem.products.adjoint(dual))
    best_e = errs.square().sum(1)
    taken = torch.zeros(problem.count, dtype=torch.int64)
    live = torch.nonzero(~(errs <= settings.tolerance).all(1) ).flatten()
    whole = problem
    if not len(live): return best_x, best_y, taken
    px, py = problem.columns.places(live), problem.rows.places(live)
    if len(live) < problem.count: block = block.take(live)
    p = block.problem
    xb, yb = primal[px], dual[py]
    sb = torch.clamp(p.products.forward(xb), p.row_lower, p.row_upper)
    na, nb = p.columns.sum(xb*xb).sqrt(), p.rows.sum(yb*yb).sqrt()
    om = torch.where((na > 0) & (nb > 0), (nb/na).sqrt(), 1.0).clamp(*_WEIGHTS)
    ka = torch.full_like(om, settings.first); cnt = torch.zeros_like(ka)
    y = yb; fy = p.products.adjoint(y)
    for k in range(settings.steps):
        tau, sig = ka/om, ka*om
        tc, tr, sr = p.columns.spread(tau), p.rows.spread(tau), p.rows.spread(sig)
        wx = xb - tc*(p.objective - fy); ws = sb - tr*y
        x = torch.clamp(wx, p.column_lower, p.column_upper); s = torch.clamp(ws, p.row_lower, p.row_upper)
        g = p.products.forward(x) - s + (y-yb)/sr
        basic = ((wx > p.column_lower) & (wx < p.column_upper)).double()
        slack = ((ws > p.row_lower) & (ws < p.row_upper)).double()
        # divided by tau
        d = block.solve(basic, slack + 1/(sr*tr), -g/tr)
        fd = p.products.adjoint(d)
        def slope(t):
            tt, tx = p.rows.spread(t), p.columns.spread(t)
            xx = torch.clamp(wx + tx*tc*fd, p.column_lower, p.column_upper)
            ss = torch.clamp(ws - tt*tr*d, p.row_lower, p.row_upper)
            return p.rows.sum(d*((y+tt*d-yb)/sr - ss)) + p.columns.sum(fd*xx)
        first = p.rows.sum(d*g)
        t = torch.ones_like(first)
        good = slope(t) <= -_FLAT*first
        if not bool(good.all()):
            lo, hi = torch.where(good, 1.0, 0.0), torch.ones_like(t)
            for _ in range(settings.bisections):
                mid = 0.5*(lo+hi); pos = slope(mid) > 0
                hi = torch.where(pos & ~good, mid, hi); lo = torch.where(~pos & ~good, mid, lo)
            t = torch.where(good, 1.0, hi)
        y = y + p.rows.spread(t)*d; fy = fy + p.columns.spread(t)*fd
        wx = xb - tc*(p.objective - fy); ws = sb - tr*y
        x = torch.clamp(wx, p.column_lower, p.column_upper); s = torch.clamp(ws, p.row_lower, p.row_upper)
        ax = p.products.forward(x)
        ys = torch.where(torch.where(y > 0, p.row_lower, -p.row_upper) > -torch.inf, y, 0.0)
        errs = relative_errors(p, x, ys, ax, p.products.adjoint(ys))
        e = errs.square().sum(1)
        better = e < best_e[live]
        bi = live[better]
        best_e[bi] = e[better]
        m = better[p.columns.item]; best_x[px[m]] = x[m]
        m = better[p.rows.item]; best_y[py[m]] = ys[m]
        taken[live] += 1
        g = ax - s + (y-yb)/sr
        gn = p.rows.sum(g*g)*sig
        way = (p.columns.sum((x-xb)**2)+p.rows.sum((s-sb)**2))/tau + p.rows.sum((y-yb)**2)/sig
        outer = (gn <= settings.inner**2*way)
        oc, orr = outer[p.columns.item], outer[p.rows.item]
        xb = torch.where(oc, x, xb); sb = torch.where(orr, s, sb); yb = torch.where(orr, y, yb)
        cnt = cnt + 1
        quick = (cnt <= settings.few) & (ka >= settings.most)
        grown = torch.where(quick, (ka*settings.fast).clamp(max=1e6), torch.where(ka > settings.most, settings.most, (ka*settings.growth).clamp(max=settings.most)))
        ka = torch.where(outer, grown, ka)
        cnt = torch.where(outer, 0.0, cnt)
        stuck = cnt >= settings.many
        ka = torch.where(stuck, ka*settings.shrink, ka); cnt = torch.where(stuck, 0.0, cnt)
        keep = ~(errs <= settings.tolerance).all(1) & torch.isfinite(e)
        if not bool(keep.any()): break
        if not bool(keep.all()):
            it = keep.nonzero().flatten()
            cx, cy = p.columns.places(it), p.rows.places(it)
            px, py, live = px[cx], py[cy], live[it]
            xb, fy = xb[cx], fy[cx]; sb, yb, y = sb[cy], yb[cy], y[cy]; ka, om, cnt = ka[it], om[it], cnt[it]
            block = block.take(it); p = block.problem
    return best_x, best_y, taken
