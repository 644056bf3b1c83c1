"""What a solver is given: arrays of an instance, or of a problem derived from it, without names and offset.

The offset stays with us: a solver that knows it measures its relative gap against it, and stops far from the
optimum where it is large.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Mask, Vector


@dataclass(frozen=True, eq=False)
class Problem:
    """The arrays of an instance, cheap to vary; see `graphs.instance` for their meaning."""

    cost: Vector
    matrix: csr_array
    row_lower: Vector
    row_upper: Vector
    lower: Vector
    upper: Vector
    integrality: Mask

    @classmethod
    def of(cls, instance: Instance) -> Self:
        return cls(
            instance.objective_vector,
            instance.constraint_matrix,
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
            instance.integrality,
        )

    @property
    def is_mip(self) -> bool:
        return bool(self.integrality.any())

    def without_costs(self) -> Self:
        """The same feasible set with c = 0: never unbounded."""
        return replace(self, cost=np.zeros_like(self.cost))

    def recession(self) -> Self:
        """min c·r over the recession cone of rows and bounds, cut by −1 ≤ r ≤ 1: < 0 iff a ray exists."""
        return replace(
            self,
            row_lower=np.where(np.isfinite(self.row_lower), 0.0, -np.inf),
            row_upper=np.where(np.isfinite(self.row_upper), 0.0, np.inf),
            lower=np.where(np.isfinite(self.lower), 0.0, -1.0),
            upper=np.where(np.isfinite(self.upper), 0.0, 1.0),
            integrality=np.zeros_like(self.integrality),
        )
