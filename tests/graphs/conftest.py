"""What tests of instances share: HiGHS's reading of an MPS text, as an Instance to compare with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import highspy
import numpy as np
import pytest
from scipy.sparse import csc_array

from graphs.instance import Instance

ReadByHighs = Callable[[bytes], Instance]


def _instance(lp: highspy.HighsLp) -> Instance:
    shape = (lp.num_row_, lp.num_col_)
    start, index = (np.array(part, dtype=np.int64) for part in (lp.a_matrix_.start_, lp.a_matrix_.index_))
    maximize = lp.sense_ == highspy.ObjSense.kMaximize
    sign = -1.0 if maximize else 1.0
    kinds = list(lp.integrality_) or [highspy.HighsVarType.kContinuous] * lp.num_col_
    return Instance(
        name="highs",
        objective_vector=sign * np.array(lp.col_cost_, dtype=np.float64),
        objective_offset=sign * lp.offset_,
        maximize=maximize,
        constraint_matrix=csc_array((np.array(lp.a_matrix_.value_), index, start), shape=shape).tocsr(),
        constraint_lower_bound=np.array(lp.row_lower_, dtype=np.float64),
        constraint_upper_bound=np.array(lp.row_upper_, dtype=np.float64),
        variable_lower_bound=np.array(lp.col_lower_, dtype=np.float64),
        variable_upper_bound=np.array(lp.col_upper_, dtype=np.float64),
        integrality=np.array([kind != highspy.HighsVarType.kContinuous for kind in kinds], dtype=np.bool_),
        constraint_names=list(lp.row_names_),
        variable_names=list(lp.col_names_),
    )


@pytest.fixture
def read_by_highs(tmp_path: Path) -> ReadByHighs:
    """Reads an MPS text by HiGHS. For well-behaved texts only: HiGHS hangs on some others."""

    def read(text: bytes) -> Instance:
        path = tmp_path / "model.mps"
        path.write_bytes(text)
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        assert solver.readModel(str(path)) != highspy.HighsStatus.kError
        return _instance(solver.getLp())

    return read
