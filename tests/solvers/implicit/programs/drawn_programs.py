"""Programs with every kind of row and variable, for tests of the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer, ProgramSolution

Data = dict[str, Tensor]
ITEMS, ROWS, COLUMNS = 3, 4, 7
INFINITE = float("inf")
REGULARIZATION = 0.05


def quadratic(seed: int = 0, shared: bool = False) -> Data:
    """An equality row, a row with two sides, rows with one; free, fixed, one-sided and boxed variables."""
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((ITEMS, ROWS, COLUMNS))
    matrix = matrix[0] if shared else matrix
    sides = (matrix @ generator.uniform(0.2, 1.0, (ITEMS, COLUMNS, 1)))[..., 0]
    lower, upper = np.zeros((ITEMS, COLUMNS)), np.full((ITEMS, COLUMNS), 1.5)
    lower[:, 0], upper[:, 0] = -INFINITE, INFINITE
    lower[:, 1] = upper[:, 1] = 0.4
    upper[:, 2] = INFINITE
    low, high = sides - 0.3, sides + 0.1
    low[:, 0] = high[:, 0] = sides[:, 0]
    low[:, 2], high[:, 3] = -INFINITE, INFINITE
    root = 0.3 * generator.standard_normal((COLUMNS, 3))
    data = {
        "cost": generator.standard_normal((ITEMS, COLUMNS)),
        "matrix": matrix,
        "row_lower": low,
        "row_upper": high,
        "lower": lower,
        "upper": upper,
        "diagonal": generator.uniform(0.2, 1.0, (ITEMS, COLUMNS)),
        "factor": generator.standard_normal((2, COLUMNS)),
        "hessian": root @ root.T + 0.1 * np.eye(COLUMNS),
    }
    return {name: torch.tensor(value) for name, value in data.items()}


def solved(data: Data, adjoint: Adjoint | None = None, **options: Any) -> ProgramSolution:
    options = {"tolerance": 1e-12, "max_iterations": 20_000} | options
    found: ProgramSolution = ProgramLayer(adjoint, **options)(
        make_program(**data, regularization=REGULARIZATION)
    )
    return found


def direction() -> Tensor:
    return torch.linspace(-1.0, 2.0, ITEMS * COLUMNS, dtype=torch.float64).reshape(ITEMS, COLUMNS)


def outer(solution: ProgramSolution) -> Tensor:
    return (solution.primal * direction()).sum() + solution.primal.square().sum()


def gradients(data: Data, adjoint: Adjoint | None = None) -> Data:
    data = {name: value.clone().requires_grad_() for name, value in data.items()}
    solution = solved(data, adjoint)
    assert bool(solution.converged.all())
    found = torch.autograd.grad(outer(solution), list(data.values()))
    return dict(zip(data, found, strict=True))
