"""The layer on real linear programs: the known optimum, or no word of having converged."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from graphs.readers import read_instance
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer
from solvers.iteration import TerminationReason


@pytest.mark.parametrize("name", ["netlib/afiro.mps", "netlib/sc50b.mps"])
def test_comes_to_the_known_optimum(shared_instances: Path, name: str) -> None:
    with (shared_instances / "index.csv").open(newline="") as table:
        known = {row["file"]: float(row["highs_obj"] or "nan") for row in csv.DictReader(table)}
    instance = read_instance((shared_instances / name).read_bytes(), name=name)
    matrix, cost, *sides = (
        torch.as_tensor(array, dtype=torch.float64)
        for array in (
            instance.constraint_matrix.toarray(),
            instance.objective_vector,
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
        )
    )
    cost.requires_grad_()
    solved = ProgramLayer(max_iterations=20_000)(
        make_program(cost[None], matrix, *sides, regularization=1e-6)
    )
    assert solved.reasons == (TerminationReason.CONVERGED,)
    reached = (cost * solved.primal[0]).sum() + instance.objective_offset
    assert float(reached.detach()) == pytest.approx(known[name], rel=1e-6)
    reached.backward()
    assert cost.grad is not None
    assert bool(torch.isfinite(cost.grad).all())
