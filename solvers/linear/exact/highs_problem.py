"""What HiGHS is given: the arrays of an instance or of a problem derived from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Mask, Vector


@dataclass(frozen=True, eq=False)
class HighsProblem:
    """The arrays of an instance, cheap to vary; see `graphs.instance` for their meaning."""

    cost: Vector
    matrix: csr_array
    row_lower: Vector
    row_upper: Vector
    lower: Vector
    upper: Vector
    integrality: Mask
    offset: float = 0.0

    @classmethod
    def of(cls, instance: Instance) -> HighsProblem:
        return cls(
            instance.objective_vector,
            instance.constraint_matrix,
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
            instance.integrality,
            instance.objective_offset,
        )

    @property
    def is_mip(self) -> bool:
        return bool(self.integrality.any())

    def without_costs(self) -> HighsProblem:
        """The same feasible set with c = 0: never unbounded."""
        return replace(self, cost=np.zeros_like(self.cost), offset=0.0)

    def recession(self) -> HighsProblem:
        """min c·r over the recession cone of rows and bounds, cut by −1 ≤ r ≤ 1: < 0 iff a ray exists."""
        return HighsProblem(
            self.cost,
            self.matrix,
            np.where(np.isfinite(self.row_lower), 0.0, -np.inf),
            np.where(np.isfinite(self.row_upper), 0.0, np.inf),
            np.where(np.isfinite(self.lower), 0.0, -1.0),
            np.where(np.isfinite(self.upper), 0.0, 1.0),
            np.zeros_like(self.integrality),
        )

    def load(self, highs: Any) -> Any:
        """Hands the problem over; returns the HighsStatus, which must be looked at before running."""
        matrix = self.matrix
        rows, columns = matrix.shape
        return highs.passModel(
            columns,
            rows,
            matrix.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            self.offset,
            self.cost,
            self.lower,
            self.upper,
            self.row_lower,
            self.row_upper,
            matrix.indptr.astype(np.int32, copy=False),
            matrix.indices.astype(np.int32, copy=False),
            matrix.data,
            self.integrality.astype(np.int32),
        )
