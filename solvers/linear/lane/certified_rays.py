"""Rays that pass `certify`, where the solver's own does not: badly scaled instances need another look.

Tried in turn, until one passes or time is up:

1. the same solve without presolve, with other scalings, by the primal simplex method, to tighter tolerances;
2. for an infeasible LP the elastic program of the equilibrated rows,

       min Σ_i (s_i + t_i)   L' ≤ A' x' + s − t ≤ U',  l' ≤ x' ≤ u',  s, t ≥ 0   (A' = R A S, powers of two),

   whose dual y' has g(y') = the least sum of violations > 0: y = R y' is a Farkas ray;
3. for an unbounded LP the recession program min c'·r' over the cone of A' cut by −1 ≤ r' ≤ 1: r = S r'.

Chinneck, Feasibility and Infeasibility in Optimization, 2008, chapter 6 (elastic programs).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack, identity

from graphs.instance import Instance, Vector
from graphs.points import Candidate, Matrix
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.exact.units import equilibration

_TIGHT: Final = 1e-9
_WAYS: Final[tuple[Mapping[str, Any], ...]] = (
    {"presolve": "off"},
    {"presolve": "off", "simplex_scale_strategy": 0},
    {"presolve": "off", "simplex_scale_strategy": 4, "simplex_strategy": 4},
    {"presolve": "on"},
)

KINDS: Final = {
    SolveStatus.INFEASIBLE: CertificateKind.INFEASIBLE,
    SolveStatus.UNBOUNDED: CertificateKind.UNBOUNDED,
}


def with_certified_ray(instance: Instance, solution: ExactSolution, *, deadline: float) -> ExactSolution:
    """The solution with a ray that certifies its status; unchanged where none is found in time.

    A MILP's ray is its relaxation's: of an infeasible MILP whose relaxation is feasible there is none.

    Args:
        solution: says infeasible or unbounded.
        deadline: `time.perf_counter()` at which to stop.
    """
    wanted = KINDS[solution.status]
    for ray in _rays(instance.relaxation(), solution, deadline):
        infeasible = wanted is CertificateKind.INFEASIBLE
        candidate = Candidate(
            points=stacked(solution.primal),
            farkas_rays=stacked(ray if infeasible else None),
            rays=stacked(None if infeasible else ray),
        )
        certificate = certify(instance, candidate)
        if certificate is not None and certificate.kind is wanted:
            if infeasible:
                return replace(solution, farkas_ray=certificate.ray)
            return replace(solution, unbounded_ray=certificate.ray, primal=certificate.point)
    return solution


def _rays(relaxation: Instance, solution: ExactSolution, deadline: float) -> Iterator[Vector]:
    infeasible = solution.status is SolveStatus.INFEASIBLE
    own = solution.farkas_ray if infeasible else solution.unbounded_ray
    if own is not None:
        yield own
    without = replace(relaxation, objective_vector=np.zeros(relaxation.columns))
    for way in _WAYS:
        found = _solve(without if infeasible else relaxation, deadline, way)
        if infeasible and found.status is SolveStatus.OPTIMAL:
            return  # a feasible relaxation has no Farkas ray
        ray = found.farkas_ray if infeasible else found.unbounded_ray
        if ray is not None:
            yield ray
    if infeasible:
        yield from _elastic_rays(relaxation, deadline)
    else:
        yield from _recession_rays(relaxation, deadline)


def _elastic_rays(instance: Instance, deadline: float) -> Iterator[Vector]:
    row_scale, column_scale = equilibration(instance.constraint_matrix)
    scaled = _scaled(instance, row_scale, column_scale)
    rows = instance.rows
    matrix = hstack([scaled.constraint_matrix, identity(rows), -identity(rows)], format="csr")
    elastic = Instance(
        name="",
        objective_vector=np.concatenate([np.zeros(instance.columns), np.ones(2 * rows)]),
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=scaled.constraint_lower_bound,
        constraint_upper_bound=scaled.constraint_upper_bound,
        variable_lower_bound=np.concatenate([scaled.variable_lower_bound, np.zeros(2 * rows)]),
        variable_upper_bound=np.concatenate([scaled.variable_upper_bound, np.full(2 * rows, np.inf)]),
        integrality=np.zeros(instance.columns + 2 * rows, dtype=np.bool_),
    )
    for way in _WAYS:
        found = _solve(elastic, deadline, way)
        if found.dual is not None:
            yield row_scale * found.dual


def _recession_rays(instance: Instance, deadline: float) -> Iterator[Vector]:
    row_scale, column_scale = equilibration(instance.constraint_matrix)
    for rows, columns in ((row_scale, column_scale), (np.ones_like(row_scale), np.ones_like(column_scale))):
        scaled = _scaled(instance, rows, columns)
        cost = scaled.objective_vector
        cone = replace(
            scaled,
            objective_vector=cost / (np.abs(cost).max(initial=0.0) or 1.0),
            objective_offset=0.0,
            constraint_lower_bound=np.where(np.isfinite(scaled.constraint_lower_bound), 0.0, -np.inf),
            constraint_upper_bound=np.where(np.isfinite(scaled.constraint_upper_bound), 0.0, np.inf),
            variable_lower_bound=np.where(np.isfinite(scaled.variable_lower_bound), 0.0, -1.0),
            variable_upper_bound=np.where(np.isfinite(scaled.variable_upper_bound), 0.0, 1.0),
        )
        for way in _WAYS:
            found = _solve(cone, deadline, way)
            if found.primal is not None and found.primal.any():
                yield columns * found.primal


def _solve(instance: Instance, deadline: float, options: Mapping[str, Any]) -> ExactSolution:
    left = max(0.0, deadline - time.perf_counter())
    return solve_highs(instance, time_limit=left, feasibility_tolerance=_TIGHT, options=options)


def _scaled(instance: Instance, rows: Vector, columns: Vector) -> Instance:
    """R A S, R L, R U, l / S, u / S, S c: exact, for R and S are powers of two."""
    matrix = diags_array(rows) @ instance.constraint_matrix @ diags_array(columns)
    return replace(
        instance,
        objective_vector=instance.objective_vector * columns,
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=instance.constraint_lower_bound * rows,
        constraint_upper_bound=instance.constraint_upper_bound * rows,
        variable_lower_bound=instance.variable_lower_bound / columns,
        variable_upper_bound=instance.variable_upper_bound / columns,
    )


def stacked(vector: Vector | None) -> Matrix:
    """One row, or none."""
    return np.zeros((0, 0)) if vector is None else vector[None, :]
