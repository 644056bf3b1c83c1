"""Safe dual bounds and Farkas values: the weak duality sum, evaluated so that rounding cannot flatter it.

For any y with y_i > 0 only where L_i is finite and y_i < 0 only where U_i is finite, and d = c − Aᵀy,

    c·x ≥ g(y) = Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j min_{l_j ≤ x_j ≤ u_j} d_j x_j    for feasible x.

With c = 0 the left side is 0, so g(y) > 0 proves that no feasible x exists: y is a Farkas ray.

Each d_j is known only as an interval d ± e; a term takes the interval's worst end, and the sum is lowered by
its own rounding bound (`solvers.linear.residuals`). On an infinite side the part of the interval with the
wrong sign is a *violation* v_j: cut off, never dropped silently. Σ v_j = 0 makes the value a proof in exact
arithmetic on the float64 data; otherwise it holds for every x whose violated columns satisfy
Σ_j v_j |x_j| ≤ value − (what is claimed), and `Tolerances` says how small v must be. The idea of a bound made
safe afterwards: Neumaier and Shcherbina, Safe bounds in linear and mixed-integer linear programming,
Mathematical Programming 99 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from solvers.linear.cones import InteriorDirection, cone_violation, interior_direction, largest_share
from solvers.linear.purify import near_misses, purified
from solvers.linear.residuals import SMALLEST, LinearForm, Program

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

_PRUNE = 1e-7


@dataclass(frozen=True, eq=False)
class DualValues:
    """K duals or Farkas rays, evaluated.

    The shapes are those of one instance; of a stack, all but `priced` have an axis of B in front.

    Attributes:
        duals: y, sign-right, shape (K, m).
        priced: 1 where the objective counts (a dual point), 0 for a Farkas ray, shape (K,).
        value: g(y) without the offset, with violations cut off, rounded downwards, shape (K,).
        magnitude: sum of the absolute terms of g(y), shape (K,).
        violation: v_j, shape (K, n).
        relative_violation: largest v_j / (|c_j| + Σ_i |a_ij y_i|), shape (K,).
        relative_excess: the same without the rounding bound in v_j: what was computed, shape (K,).
        margin: Σ_i |y_i|(min(1, ‖a_i‖_∞) + |b_i|) + Σ_j |d_j|(1 + |its bound|), shape (K,): t times this is
            what the value can lose when every bound is relaxed as `Tolerances.feasibility` = t allows.
    """

    duals: Matrix
    priced: Vector
    value: Vector
    magnitude: Vector
    violation: Matrix
    relative_violation: Vector
    relative_excess: Vector
    margin: Vector

    @property
    def total_violation(self) -> Vector:
        """Σ_j v_j, shape (K,)."""
        return np.asarray(self.violation.sum(axis=-1))

    @property
    def proven(self) -> Mask:
        """Whether the value needs no tolerance, shape (K,)."""
        return ~self.violation.any(axis=-1) & np.isfinite(self.value)

    def select(self, mask: Mask | NDArray[np.int64]) -> DualValues:
        """The rows where mask, shape (K,), is True, or those of the indices."""
        return DualValues(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    def of(self, block: int) -> DualValues:
        """The duals of one instance of a stack."""
        parts = {name: values[block] for name, values in vars(self).items() if name != "priced"}
        return DualValues(priced=self.priced, **parts)

    def joined(self, other: DualValues) -> DualValues:
        pairs = {p.name: (getattr(self, p.name), getattr(other, p.name)) for p in fields(self)}
        return DualValues(**{name: np.concatenate(pair) for name, pair in pairs.items()})


class DualEvaluator:
    """Evaluates duals and Farkas rays of one instance; `project` and `evaluate` also serve a stack.

    Args:
        form: A and |A| with rounding factors.
        box: (l, u) to minimise over, as `tightened_box` gives them.
    """

    def __init__(self, instance: Program, form: LinearForm, box: tuple[Vector, Vector]) -> None:
        self.form = form
        self.objective = instance.objective_vector
        self.has_row_lower = np.isfinite(instance.constraint_lower_bound)
        self.has_row_upper = np.isfinite(instance.constraint_upper_bound)
        self.row_lower = np.where(self.has_row_lower, instance.constraint_lower_bound, 0.0)
        self.row_upper = np.where(self.has_row_upper, instance.constraint_upper_bound, 0.0)
        self.no_lower, self.no_upper = np.isinf(box[0]), np.isinf(box[1])
        self.lower = np.where(self.no_lower, 0.0, box[0])
        self.upper = np.where(self.no_upper, 0.0, box[1])
        self.unbounded_columns = bool(self.no_lower.any() or self.no_upper.any())

    def project(self, duals: Matrix) -> Matrix:
        """Zero where the priced side of a row is infinite, or where a component is below 1e-100."""
        usable = np.where(duals > 0.0, self.has_row_lower, self.has_row_upper) & (np.abs(duals) >= SMALLEST)
        return np.where(usable, duals, 0.0)

    def normalised_rays(self, rays: Matrix) -> Matrix:
        """Sign-right Farkas candidates scaled to ‖y‖_∞ = 1, with and without their negligible components."""
        rays = self.project(scaled_rows(rays))
        rays = self.project(scaled_rows(rays[rays.any(axis=1)]))
        weight = np.abs(rays) * self.form.row_scale
        kept = weight >= _PRUNE * weight.max(axis=1, initial=0.0)[:, None]
        pruned = np.where(kept, rays, 0.0)[~kept.all(axis=1)]
        return np.concatenate((rays, pruned))

    def evaluate(self, duals: Matrix, priced: Vector) -> DualValues:
        """g(y) of projected duals, shape (K, m), as they are; `priced` as in `DualValues`."""
        prices, price_size = self.form.prices(duals)
        cost = priced[:, None] * self.objective
        reduced, size = cost - prices, np.abs(cost) + price_size
        error = self.form.column_rounding * size
        violation = cone_violation(reduced, error, self.no_upper, self.no_lower)
        least = self._cut(reduced - error)
        greatest = self._cut(reduced + error)
        terms = np.minimum(self._box_minimum(least), self._box_minimum(greatest))
        row_bound = np.where(duals > 0.0, self.row_lower, self.row_upper)
        row_terms = duals * row_bound
        magnitude = np.abs(row_terms).sum(axis=-1) + np.abs(terms).sum(axis=-1)
        value = row_terms.sum(axis=-1) + terms.sum(axis=-1) - self.form.total_rounding * magnitude
        column_size = np.maximum(np.abs(least), np.abs(greatest))
        row_size = np.abs(duals) * np.minimum(1.0, self.form.row_scale)
        margin = magnitude + row_size.sum(axis=-1) + column_size.sum(axis=-1)
        return DualValues(
            duals=duals,
            priced=priced,
            value=np.where(np.isfinite(magnitude) & np.isfinite(size).all(axis=-1), value, -np.inf),
            magnitude=magnitude,
            violation=violation,
            relative_violation=largest_share(violation, size),
            relative_excess=largest_share(np.maximum(violation - error, 0.0), size),
            margin=margin,
        )

    def evaluate_with_repairs(self, duals: Matrix, priced: Vector) -> DualValues:
        """`evaluate`, followed by repaired versions of those that violate a sign condition."""
        values = self.evaluate(duals, priced)
        if not self.unbounded_columns:
            return values
        hopeful = np.isfinite(values.value) & ((values.priced > 0.0) | (values.value > 0.0))
        violated = values.select(values.violation.any(axis=1) & hopeful)
        if not len(violated.value):
            return values
        repaired = self.project(self._interior().repair(violated.duals, violated.violation))
        shrunk = self._shrunk(violated.select(violated.priced > 0.0))
        again = np.concatenate((repaired, shrunk))
        return values.joined(self.evaluate(again, np.append(violated.priced, np.ones(len(shrunk)))))

    def sharpened(self, values: DualValues) -> DualValues | None:
        """The most promising near misses, purified and evaluated; None where there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(values.priced > 0.0, values.value, values.value / values.magnitude)
        chosen = values.select(near_misses(values.relative_violation, score))
        if not len(chosen.value):
            return None
        prices, price_size = self.form.prices(chosen.duals)
        cost = chosen.priced[:, None] * self.objective
        reduced, size = cost - prices, np.abs(cost) + price_size
        endless = self.no_lower | self.no_upper
        duals = [
            purified(*parts, self.form.matrix, endless)
            for parts in zip(chosen.duals, reduced, size, chosen.relative_violation, strict=True)
        ]
        return self.evaluate_with_repairs(self.project(np.stack(duals)), chosen.priced)

    def _interior(self) -> InteriorDirection:
        """Rows that with their sign only help: −Aᵀy ≥ 0 where there is no upper bound, ≤ 0 where no lower."""
        return interior_direction(
            self.form.matrix, self.no_lower, self.no_upper, self.has_row_lower, self.has_row_upper
        )

    def _shrunk(self, values: DualValues) -> Matrix:
        """s·y with the largest s < 1 for which c, where it has the right sign, covers every violation."""
        prices, size = self.form.prices(values.duals)
        side = np.where(self.no_upper, 1.0, -1.0)
        error = 2.0 * self.form.column_rounding * (np.abs(self.objective) + size)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (side * self.objective - error) / (side * prices)
        ratio = np.where(self.no_lower & self.no_upper, 0.0, ratio)
        factor = np.where(values.violation > 0.0, ratio, 1.0).min(axis=1, initial=1.0)
        useful = (factor > 0.0) & (factor < 1.0)
        return np.asarray(factor[useful, None] * values.duals[useful])

    def _cut(self, reduced: Matrix) -> Matrix:
        """The reduced costs without their part that an infinite side forbids."""
        reduced = np.where(self.no_upper, np.maximum(reduced, 0.0), reduced)
        return np.where(self.no_lower, np.minimum(reduced, 0.0), reduced)

    def _box_minimum(self, reduced: Matrix) -> Matrix:
        """min_{l ≤ x ≤ u} d x, entry by entry, of cut reduced costs."""
        return np.asarray(reduced * np.where(reduced > 0.0, self.lower, self.upper))


def scaled_rows(rays: Matrix) -> Matrix:
    """Each row, shape (…, m), divided by its largest absolute entry; a zero row stays zero."""
    largest = np.abs(rays).max(axis=-1, initial=0.0)
    return np.asarray(rays / np.where(largest > 0.0, largest, 1.0)[..., None])
