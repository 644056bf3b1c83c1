"""A basis file is read back by HiGHS, and starts it where it would have ended."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pytest

from graphs.basis import Basis, basis_near
from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers import read_file, read_instance
from graphs.writers import write_basis, write_mps
from solvers.linear.exact.highs import solve_highs

TEXT = b"max\n obj: x + 2 y\nst\n a: x + y <= 4\n b: x - y >= -2\n c: x + 3 y <= 100\nbounds\n z free\nend\n"


def start(instance: Instance, basis: bytes, folder: Path) -> tuple[highspy.HighsStatus, highspy.Highs]:
    """HiGHS on an instance, with a basis file read and presolve off, and how the reading went."""
    (folder / "t.mps").write_bytes(write_mps(instance))
    (folder / "t.bas").write_bytes(basis)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("presolve", "off")
    solver.readModel(str(folder / "t.mps"))
    return solver.readBasis(str(folder / "t.bas")), solver


def test_highs_reads_every_status(tmp_path: Path) -> None:
    instance = read_instance(TEXT, name="t.lp")
    basis = Basis(np.array([1, 1, 3], dtype=np.int8), np.array([2, 0, 1], dtype=np.int8))
    status, solver = start(instance, write_basis(instance, basis), tmp_path)
    assert status == highspy.HighsStatus.kOk
    names = [
        [kind.name for kind in part] for part in (solver.getBasis().col_status, solver.getBasis().row_status)
    ]
    assert names == [["kBasic", "kBasic", "kZero"], ["kUpper", "kLower", "kBasic"]]


@pytest.mark.parametrize(
    ("file", "most"),
    [
        ("netlib/afiro.lp", 0),
        ("netlib/blend.mps", 0),
        ("netlib/scfxm1.mps", 3),
        ("netlib/lotfi.mps", 3),
        ("mip/gap4_2.txt.lp", 3),
        ("mip/p0033.lp", 1),
    ],
)
def test_a_basis_near_an_optimum_leaves_almost_nothing_to_do(
    file: str, most: int, shared_instances: Path, tmp_path: Path
) -> None:
    instance = read_file(shared_instances / file).relaxation()
    solved = solve_highs(instance, time_limit=60.0)
    assert solved.primal is not None
    assert solved.objective is not None
    basis = write_basis(instance, basis_near(instance, solved.primal, solved.dual))
    status, solver = start(instance, basis, tmp_path)
    assert status == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getInfo().simplex_iteration_count <= most
    objective = solver.getInfo().objective_function_value
    assert instance.in_own_sense(objective) == pytest.approx(solved.objective, rel=1e-9)


def test_a_basis_has_as_many_members_as_rows() -> None:
    instance = read_instance(TEXT, name="t.lp")
    with pytest.raises(InstanceError, match="as many"):
        write_basis(instance, Basis(np.array([1, 1, 1], dtype=np.int8), np.array([2, 0, 1], dtype=np.int8)))
