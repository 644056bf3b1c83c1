"""Points that hold, among many that are proposed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.residuals import DEFAULT_TOLERANCES, LinearForm, point_values


class Points:
    """The best of the feasible and integral ones among proposed points.

    Args:
        most: how many are kept.
    """

    def __init__(self, instance: Instance, most: int = 8) -> None:
        self._instance = instance
        self._form = LinearForm.of(instance)
        self._most = most
        self._kept: list[tuple[float, Vector]] = []

    def add(self, points: Iterable[Vector]) -> Vector | None:
        """Checks each as `certify` does, integer columns rounded first; the best that holds, or None."""
        held = [pair for point in points if (pair := self._checked(point)) is not None]
        if not held:
            return None
        new = [pair for pair in held if not any(np.array_equal(pair[1], kept) for _, kept in self._kept)]
        self._kept = sorted(self._kept + new, key=lambda pair: pair[0])[: self._most]
        return min(held, key=lambda pair: pair[0])[1]

    def _checked(self, point: Vector) -> tuple[float, Vector] | None:
        instance = self._instance
        low, high = instance.variable_lower_bound, instance.variable_upper_bound
        point = np.where(instance.integrality, np.rint(point), np.clip(point, low, high)) + 0.0
        with np.errstate(all="ignore"):  # a point may hold anything; NaN is not feasible
            values = point_values(instance, point[None], DEFAULT_TOLERANCES, form=self._form)
        holds = bool(values.feasible[0]) and float(values.integrality_residual[0]) == 0.0
        return (instance.objective(point), point) if holds else None

    @property
    def best(self) -> Vector | None:
        """The point of the lowest objective."""
        return self._kept[0][1] if self._kept else None

    @property
    def best_first(self) -> list[Vector]:
        """The points kept, distinct, the lowest objective first."""
        return [point for _, point in self._kept]
