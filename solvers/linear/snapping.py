"""From a point near an optimum to one on the same face, exact to rounding.

A first-order method ends near an optimal face; bounds on infinite sides need reduced costs that vanish, not
ones that are small. The face is read off the point and its prices (thresholds t, the coarse ones first),

    F = {j : d_j is negligible, or x_j lies strictly between its bounds}      R = {i : y_i is not negligible}
    W = {i : row i is an equation, or its activity is near one of its sides}

and the nearest points on it are least squares solutions of small dense systems,

    dual      y_R ← y_R + Δ,   A_RFᵀ Δ = c_F − A_Fᵀ y          so that d_F = 0
    primal    x_F ← x_F + Δ,   A_WF Δ = b_W − A_W x            so that the rows of W hold with equality

which is what a crossover does by pivoting, without its basis. Nothing is promised: `certify` decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.linalg import lstsq

from graphs.instance import Instance, Mask, Vector
from graphs.points import Candidate

_THRESHOLDS = (1e-3, 1e-5, 1e-7)
_MOST_ENTRIES = 1_000_000  # of a dense system
_REFINEMENTS = 2


def snapped(instance: Instance, primal: Vector, dual: Vector) -> Iterator[Candidate]:
    """Candidates on the faces that the thresholds name, each with the point as it was, too.

    Args:
        primal: x, shape (n,), finite; dual: y, shape (m,), finite.
    """
    for threshold in _THRESHOLDS:
        face = _Face(instance, primal, dual, threshold)
        prices, point = face.dual(), face.primal()
        if prices is None and point is None:
            continue
        duals = [prices, dual] if prices is not None else [dual]
        points = [point, primal] if point is not None else [primal]
        yield Candidate(np.array(points), np.array(duals))


class _Face:
    def __init__(self, instance: Instance, primal: Vector, dual: Vector, threshold: float) -> None:
        self._instance = instance
        self._primal = primal
        self._dual = dual
        self._threshold = threshold
        matrix = instance.constraint_matrix
        sizes = abs(matrix).T @ np.abs(dual) + np.abs(instance.objective_vector)
        reduced = instance.objective_vector - matrix.T @ dual
        self._negligible = np.abs(reduced) <= threshold * np.maximum(sizes, np.finfo(float).tiny)
        reach = threshold * (1.0 + np.abs(primal))
        self._inside = (primal > instance.variable_lower_bound + reach) & (
            primal < instance.variable_upper_bound - reach
        )

    def dual(self) -> Vector | None:
        """Prices with reduced costs that vanish where they should; None where there is nothing to do."""
        largest = float(np.abs(self._dual).max(initial=0.0))
        rows = np.flatnonzero(np.abs(self._dual) > self._threshold * largest)
        columns = np.flatnonzero(self._negligible | self._inside)
        system = _dense(self._instance, rows, columns)
        if system is None:
            return None
        prices = np.zeros_like(self._dual)
        prices[rows] = self._dual[rows]
        goal = self._instance.objective_vector[columns]
        for _ in range(1 + _REFINEMENTS):
            prices[rows] += _least_squares(system.T, goal - system.T @ prices[rows])
        return prices

    def primal(self) -> Vector | None:
        """The point with its active rows met; columns at bounds stay there."""
        instance = self._instance
        activity = instance.constraint_matrix @ self._primal
        lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
        side = np.where(np.abs(activity - lower) <= np.abs(activity - upper), lower, upper)
        near: Mask = np.isfinite(side) & (np.abs(activity - side) <= self._threshold * (1.0 + np.abs(side)))
        rows, columns = np.flatnonzero(near | (lower == upper)), np.flatnonzero(self._inside)
        system = _dense(instance, rows, columns)
        if system is None:
            return None
        point = np.clip(self._primal, instance.variable_lower_bound, instance.variable_upper_bound)
        point = np.where(self._inside, point, self._at_bound(point))
        for _ in range(1 + _REFINEMENTS):
            miss = side[rows] - (instance.constraint_matrix @ point)[rows]
            point[columns] += _least_squares(system, miss)
        return point

    def _at_bound(self, point: Vector) -> Vector:
        """Each column on the bound that is nearer; a free one stays."""
        low, high = self._instance.variable_lower_bound, self._instance.variable_upper_bound
        nearer = np.where(point - low <= high - point, low, high)
        return np.where(np.isfinite(nearer), nearer, point)


def _dense(instance: Instance, rows: np.ndarray, columns: np.ndarray) -> Any:
    """A_RF, dense; None where it is empty or too large."""
    if not 0 < len(rows) * len(columns) <= _MOST_ENTRIES:
        return None
    return instance.constraint_matrix[rows][:, columns].toarray()


def _least_squares(system: Any, goal: Vector) -> Vector:
    """The shortest solution of least squares; zero where the factorisation fails."""
    if not np.isfinite(goal).all():
        return np.zeros(system.shape[1])
    try:
        return np.asarray(lstsq(system, goal, check_finite=False, lapack_driver="gelsy")[0])
    except (np.linalg.LinAlgError, ValueError):
        return np.zeros(system.shape[1])
