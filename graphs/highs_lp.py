"""HiGHS's reading of an LP file, as plain arrays: what a child process does for `graphs.readers.lp`.

HiGHS is imported when a file is read, and only there: it may hang, grow without bound or crash on a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1e-12
"""Coefficients of rows of this magnitude or less HiGHS drops, whatever its options say."""

_LARGEST = 1e20


@dataclass(frozen=True, eq=False)
class HighsReading:
    """A model as HiGHS holds it: in the file's own sense, columns of the matrix one behind the other.

    Attributes:
        is_plain: it has neither quadratic terms nor variables other than continuous and integer ones.
        starts, rows, values: the matrix by columns; shapes (columns + 1,), (nonzeros,), (nonzeros,).
    """

    maximize: bool
    is_plain: bool
    offset: float
    costs: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integrality: NDArray[np.bool_]
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    row_names: list[str]
    column_names: list[str]


def read_by_highs(path: str) -> HighsReading | None:
    """HiGHS's reading of a file, None where it refuses the file."""
    import highspy

    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("small_matrix_value", SMALLEST),
        ("large_matrix_value", _LARGEST),
    ):
        highs.setOptionValue(option, value)
    if highs.readModel(path) == highspy.HighsStatus.kError:
        return None
    model = highs.getModel()
    lp, matrix = model.lp_, model.lp_.a_matrix_
    kinds = {highspy.HighsVarType.kContinuous: 0, highspy.HighsVarType.kInteger: 1}
    integrality = [kinds.get(kind, 2) for kind in lp.integrality_] or [0] * lp.num_col_
    return HighsReading(
        maximize=lp.sense_ == highspy.ObjSense.kMaximize,
        is_plain=2 not in integrality and not model.hessian_.dim_,
        offset=float(lp.offset_),
        costs=np.array(lp.col_cost_, dtype=np.float64),
        lower=np.array(lp.col_lower_, dtype=np.float64),
        upper=np.array(lp.col_upper_, dtype=np.float64),
        integrality=np.array(integrality, dtype=np.int8) == 1,
        row_lower=np.array(lp.row_lower_, dtype=np.float64),
        row_upper=np.array(lp.row_upper_, dtype=np.float64),
        starts=np.array(matrix.start_, dtype=np.int64),
        rows=np.array(matrix.index_, dtype=np.int64),
        values=np.array(matrix.value_, dtype=np.float64),
        row_names=list(lp.row_names_),
        column_names=list(lp.col_names_),
    )
