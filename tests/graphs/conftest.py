"""What tests of instances share: HiGHS's reading of an MPS text, as an Instance to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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


@pytest.fixture
def forgive_sums() -> Callable[[Instance, Instance], Instance]:
    """The first instance with the second's bounds of ranged rows, where they agree but for the rounding of a
    sum: HiGHS adds right-hand side and range in float64, we add their decimals."""

    def forgive(theirs: Instance, ours: Instance) -> Instance:
        sides = [(theirs.constraint_lower_bound, ours.constraint_lower_bound)]
        sides.append((theirs.constraint_upper_bound, ours.constraint_upper_bound))
        ranged = np.isfinite(ours.constraint_lower_bound) & np.isfinite(ours.constraint_upper_bound)
        largest = [np.where(ranged, np.abs(own), 0.0) for _, own in sides]
        slack = 4.0 * np.spacing(np.maximum(*largest))
        forgiven = []
        for their, own in sides:
            with np.errstate(invalid="ignore"):
                same = ranged & (np.abs(their - own) <= slack)
            forgiven.append(np.where(same, own, their))
        return replace(theirs, constraint_lower_bound=forgiven[0], constraint_upper_bound=forgiven[1])

    return forgive
