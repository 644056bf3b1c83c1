"""Handing a problem over to HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from solvers.linear.exact.problem import Problem


@dataclass(frozen=True, eq=False)
class HighsProblem(Problem):
    """A problem that HiGHS can be given."""

    @classmethod
    def over(cls, problem: Problem) -> HighsProblem:
        return cls(
            problem.cost,
            problem.matrix,
            problem.row_lower,
            problem.row_upper,
            problem.lower,
            problem.upper,
            problem.integrality,
        )

    def load(self, highs: Any) -> Any:
        """Hands the problem over; returns the HighsStatus, which must be looked at before running: a warning
        says that HiGHS has taken another problem, for instance without entries that are too small for it."""
        matrix = self.matrix
        rows, columns = matrix.shape
        return highs.passModel(
            columns,
            rows,
            matrix.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
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
