"""Solution files of farkas, HiGHS, SCIP and Gurobi come back as points."""

from __future__ import annotations

import highspy
import numpy as np
import pyscipopt
import pytest

from graphs.errors import MalformedFile
from graphs.instance import Instance
from graphs.readers import read_instance
from graphs.readers.solution import read_solution
from graphs.writers import write_mps, write_solution

TEXT = b"""NAME T
ROWS
 N COST
 G NEED
COLUMNS
 X COST 1 NEED 1
 Y COST 2 NEED 1
 Z COST 3 NEED 1
RHS
 RHS NEED 2.5
BOUNDS
 UP B X 2
ENDATA
"""


@pytest.fixture
def instance() -> Instance:
    return read_instance(TEXT, name="t.mps")


def test_what_farkas_writes_comes_back(instance: Instance) -> None:
    point = np.array([2.0, 0.5, -1.25e-7])
    read = read_solution(write_solution(instance, point), instance, name="t.sol")
    assert read.tolist() == point.tolist()


def test_highs_own_file(instance: Instance, tmp_path) -> None:  # type: ignore[no-untyped-def]
    highs = highspy.Highs()
    highs.silent()
    (tmp_path / "t.mps").write_bytes(write_mps(instance))
    highs.setOptionValue("threads", 1)
    highs.readModel(str(tmp_path / "t.mps"))
    highs.run()
    highs.writeSolution(str(tmp_path / "t.sol"), 0)
    read = read_solution((tmp_path / "t.sol").read_bytes(), instance, name="t.sol")
    assert read == pytest.approx([2.0, 0.5, 0.0])


def test_scip_leaves_zeros_out(instance: Instance, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "t.mps").write_bytes(write_mps(instance))
    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(str(tmp_path / "t.mps"))
    model.optimize()
    model.writeBestSol(str(tmp_path / "t.sol"))
    read = read_solution((tmp_path / "t.sol").read_bytes(), instance, name="t.sol")
    assert read == pytest.approx([2.0, 0.5, 0.0])


def test_a_partial_start_leaves_the_rest_open(instance: Instance) -> None:
    read = read_solution(b"# Objective value = 3\nY 1.5\n", instance, name="t.sol")
    assert np.isnan(read[[0, 2]]).all()
    assert read[1] == 1.5


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (b"W 1\n", 1, "'W'"),
        (b"Columns\n    Index Status  Lower  Upper  Primal  Dual  Name\n", 1, "for people"),
        (b"# c\nX one\n", 2, "NAME VALUE"),
        (b"X\n", 1, "NAME VALUE"),
        (b"X nan\n", 1, "NAME VALUE"),
        (b"X 1e999\n", 1, "NAME VALUE"),
        (b"X 1\nX 2\n", 2, "twice"),
        (b"", None, "no value"),
        (b"# only comments\n", None, "no value"),
        (b"\xff\xfe", None, "UTF-8"),
    ],
)
def test_what_is_no_solution_is_refused_with_its_line(
    instance: Instance, text: bytes, line: int | None, word: str
) -> None:
    with pytest.raises(MalformedFile, match=word) as caught:
        read_solution(text, instance, name="t.sol")
    assert caught.value.line == line
