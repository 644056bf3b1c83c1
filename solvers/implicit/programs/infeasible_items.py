"""Which items have no solution, by a proof: crossed bounds, or a Farkas ray that `certify` accepts.

Where a program has no feasible point, the steps T(z) − z of its averaged map tend to a vector that is not
zero, and their y part to a Farkas ray (Banjac, Goulart, Stellato and Boyd 2019; for linear programs
Applegate, Díaz, Lu and Lubin 2024). Feasibility does not depend on the objective, so the proof has no Q.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.implicit.programs.convex_program import Program
from solvers.implicit.programs.saddle_map import SaddleMap
from solvers.linear.certificate import CertificateKind, certify

_STEPS = 300


def unusable_items(program: Program) -> tuple[Tensor, Tensor]:
    """Items with a number that is not finite (a bound: is NaN, or infinite on the wrong side), and others
    whose bounds cross; shape (B,) bool each."""
    bad = torch.zeros(len(program), dtype=torch.bool, device=program.cost.device)
    for name, value in program.tensors().items():
        numbers = value.detach()
        if name in ("row_lower", "lower"):
            wrong = torch.isnan(numbers) | torch.isposinf(numbers)
        elif name in ("row_upper", "upper"):
            wrong = torch.isnan(numbers) | torch.isneginf(numbers)
        else:
            wrong = ~torch.isfinite(numbers)
        if len(numbers) == len(bad) and numbers.ndim == (3 if name in ("matrix", "factor", "hessian") else 2):
            bad |= wrong.flatten(1).any(1)
    crossed = (program.lower > program.upper).any(1) | (program.row_lower > program.row_upper).any(1)
    return bad, crossed & ~bad


def without(program: Program, items: Tensor) -> Program:
    """The batch with the programs of these items, shape (B,) bool, made empty: cost and rows zero, x free in
    [0, 0]; no gradient passes to them."""
    if not bool(items.any()):
        return program
    cleared = {}
    for part in fields(program):
        value: Tensor | None = getattr(program, part.name)
        if value is not None and (value.ndim == 3 or part.name not in ("matrix", "factor", "hessian")):
            mask = items.reshape(-1, *([1] * (value.ndim - 1)))
            cleared[part.name] = value.masked_fill(mask, 1.0 if part.name == "diagonal" else 0.0)
    cleared["row_lower"] = cleared["row_lower"].masked_fill(items[:, None], -torch.inf)
    cleared["row_upper"] = cleared["row_upper"].masked_fill(items[:, None], torch.inf)
    return replace(program, **cleared)


def proved_infeasible(saddle: SaddleMap, z: Tensor, items: Tensor) -> Tensor:
    """Which of some items have a Farkas ray along the steps of the map from z; shape (B,) bool both."""
    proved = torch.zeros_like(items)
    if not bool(items.any()):
        return proved
    with torch.no_grad():
        last = z
        for _ in range(_STEPS):
            last, z = z, saddle(z)
        _, ray = saddle.split(z - last)
    for place in torch.nonzero(items).squeeze(1).tolist():
        unit = float(saddle.point_unit[place])
        instance = _linear_part(saddle.program.detached(), place, unit)
        proved[place] = _is_proof(instance, ray[place].cpu().numpy())
    return proved


def _is_proof(instance: Instance, ray: np.ndarray) -> bool:
    if not np.isfinite(ray).all():
        return False
    largest = np.abs(ray).max(initial=0.0)
    certificate = certify(instance, Candidate(farkas_rays=ray[None] / (largest if largest > 0.0 else 1.0)))
    return certificate is not None and certificate.kind is CertificateKind.INFEASIBLE


def _linear_part(program: Program, place: int, unit: float) -> Instance:
    """One item's rows and bounds, in their own unit where it is small: `certify` has absolute tolerances."""
    matrix = program.matrix if program.matrix.ndim == 2 else program.matrix[place]
    cost = program.cost[place].cpu().numpy().copy()
    given = [
        value[place].cpu().numpy().copy()
        for value in (program.row_lower, program.row_upper, program.lower, program.upper)
    ]
    low, high, lower, upper = _in_units(given, unit)
    return Instance(
        name=f"item {place}",
        objective_vector=cost,
        constraint_matrix=csr_array(matrix.cpu().numpy()),
        constraint_lower_bound=low,
        constraint_upper_bound=high,
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=np.zeros(matrix.shape[1], dtype=np.bool_),
    )


def _in_units(given: list[NDArray[np.float64]], unit: float) -> list[NDArray[np.float64]]:
    """Numbers over the power of two below a unit less than 1: exactly, or as they are if any overflows."""
    with np.errstate(over="ignore"):
        scaled = [np.ldexp(values, max(0, 1 - math.frexp(unit)[1])) for values in given]
    same = all((np.isfinite(a) == np.isfinite(b)).all() for a, b in zip(given, scaled, strict=True))
    return scaled if same else given
