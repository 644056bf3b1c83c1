"""A solution file is read back by HiGHS and by SCIP as what we wrote."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import highspy
import numpy as np
import pytest
from pyscipopt import Model
from scipy.sparse import csr_array

from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers import read_file
from graphs.writers import write_mps, write_solution
from solvers.linear.exact.highs import solve_highs


def knapsack(**changes: object) -> Instance:
    """maximise 3 x + 2 y + z + 0.5 w + 10 subject to x + 2 y + z − w ≤ 4, x integer."""
    instance = Instance(
        name="knapsack",
        objective_vector=np.array([-3.0, -2.0, -1.0, -0.5]),
        objective_offset=-10.0,
        maximize=True,
        constraint_matrix=csr_array(np.array([[1.0, 2.0, 1.0, -1.0]])),
        constraint_lower_bound=np.array([-np.inf]),
        constraint_upper_bound=np.array([4.0]),
        variable_lower_bound=np.array([0.0, -1.0, 0.0, -np.inf]),
        variable_upper_bound=np.array([3.0, 3.0, 5.0, 0.25]),
        integrality=np.array([True, False, False, False]),
        variable_names=["x", "Objective", "Model", "objective"],
    )
    return dataclasses.replace(instance, **changes)  # type: ignore[arg-type]


POINT = np.array([2.0, 1 / 3, 1e-7, -123456.78901234567])


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return str(tmp_path / "t.mps"), str(tmp_path / "t.sol")


def write(files: tuple[str, str], instance: Instance, point: np.ndarray) -> None:
    Path(files[0]).write_bytes(write_mps(instance))
    Path(files[1]).write_bytes(write_solution(instance, point))


def read_by_highs(files: tuple[str, str]) -> list[float]:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.readModel(files[0])
    assert solver.readSolution(files[1], 0) == highspy.HighsStatus.kOk
    return list(solver.getSolution().col_value)


def read_by_scip(files: tuple[str, str]) -> tuple[dict[str, float], float]:
    model = Model()
    model.hideOutput()
    model.readProblem(files[0])
    solution = model.readSolFile(files[1])
    values = {variable.name: model.getSolVal(solution, variable) for variable in model.getVars()}
    return values, model.getSolObjVal(solution)


def test_highs_and_scip_read_the_values(files: tuple[str, str]) -> None:
    instance = knapsack()
    write(files, instance, POINT)
    assert read_by_highs(files) == POINT.tolist()
    values, objective = read_by_scip(files)
    assert values == dict(zip(instance.variable_names, POINT.tolist(), strict=True))
    assert objective == pytest.approx(instance.in_own_sense(instance.objective(POINT)), rel=1e-12)


def test_names_are_those_of_the_mps_file(files: tuple[str, str]) -> None:
    write(files, knapsack(variable_names=["a b", "c", "", "d"]), POINT)
    assert read_by_highs(files) == POINT.tolist()
    assert read_by_scip(files)[0] == dict(zip(["x0", "x1", "x2", "x3"], POINT.tolist(), strict=True))


@pytest.mark.parametrize("file", ["netlib/afiro.lp", "mip/gt2.mps", "mip/gap4_2.txt.lp"])
def test_optimal_points_of_real_files(file: str, shared_instances: Path, files: tuple[str, str]) -> None:
    instance = read_file(shared_instances / file)
    solved = solve_highs(instance, time_limit=60.0)
    assert solved.primal is not None
    assert solved.objective is not None
    write(files, instance, solved.primal)
    assert read_by_highs(files) == solved.primal.tolist()
    assert read_by_scip(files)[1] == pytest.approx(instance.in_own_sense(solved.objective), rel=1e-9)


def test_the_objective_is_in_the_files_own_sense() -> None:
    text = write_solution(knapsack(), np.zeros(4), status="optimal").decode()
    assert text.startswith("solution status: optimal\nobjective value: 10.0\n")


@pytest.mark.parametrize(
    ("changes", "value"), [({}, np.nan), ({}, np.inf), ({"variable_names": ["#", "a", "b", "c"]}, 1.0)]
)
def test_what_no_reader_could_read_is_refused(changes: dict[str, object], value: float) -> None:
    with pytest.raises(InstanceError):
        write_solution(knapsack(**changes), np.full(4, value))
