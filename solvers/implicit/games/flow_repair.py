"""Edge flows made feasible to rounding: conserving and not negative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.implicit.games.roads import Indices, Matrix, RoadNetwork


@dataclass(frozen=True, eq=False)
class FlowRepair:
    """Attributes:
    incidence: N, shape (V, E), and its pseudo-inverse, shape (E, V).
    supplies: e_o − e_d, shape (K, V).
    reverses: of every edge, shape (E,).
    """

    incidence: Matrix
    inverse: Matrix
    supplies: Matrix
    reverses: Indices

    @classmethod
    def of(cls, roads: RoadNetwork) -> FlowRepair:
        incidence = roads.incidence()
        inverse = np.asarray(np.linalg.pinv(incidence), dtype=np.float64)
        return cls(incidence, inverse, roads.unit_supplies(), roads.reverses())

    def __call__(self, demand: Matrix, flows: Matrix) -> Matrix:
        """Of demands (B, K) and finite flows (B, K, E), flows of the same shape, ≥ 0 and conserving.

        Negative flows are left out; what is then missing or too much at the nodes goes the way of least
        squares, N⁺(b − N x), in either direction; a flow below zero is one on the road's other direction, and
        of two against each other only the difference is left: neither changes a node's balance.
        """
        x = np.maximum(flows, 0.0)
        for _ in range(2):  # the second takes the rounding of the first
            missing = demand[:, :, None] * self.supplies - x @ self.incidence.T
            x = x + missing @ self.inverse.T
            x = np.maximum(x - x[:, :, self.reverses], 0.0)
        return x
