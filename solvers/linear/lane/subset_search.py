"""Finding an irreducible infeasible subset: a Farkas ray's support, then the deletion filter.

The support of a Farkas ray is infeasible by the ray itself: row i with L_i where y_i > 0, with U_i where
y_i < 0; column j with l_j where (−Aᵀy)_j > 0 and with u_j where it is < 0. An extreme ray's is irreducible
already, up to rounding. Each member is left out in turn: where the rest is still infeasible its ray has a
smaller support and the search goes on with that; where it is feasible the member is needed for good.

A MILP whose relaxation is feasible has no such ray: there rows are deleted, in blocks that get smaller, while
HiGHS still calls the rest infeasible; bounds and integrality all stay.

Chinneck and Dravnieks, Locating minimal infeasible constraint sets in linear programs, ORSA J. Computing
3 (1991).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.certified_rays import with_certified_ray
from solvers.linear.lane.irreducible_subset import LOWER, UPPER, restricted
from solvers.linear.lane.messages import FoundSubset

_NOTHING: Final = 1e-11
"""Share of the terms that cancel in (Aᵀy)_j below which it counts as zero; the subset is checked."""


@dataclass(frozen=True, eq=False)
class _Test:
    """Whether a part is infeasible (None: not decided in time), and its ray, shape (m,), where it has one."""

    infeasible: bool | None
    ray: Vector | None = None


def find_subset(instance: Instance, *, deadline: float) -> FoundSubset | None:
    """An infeasible subset of an instance that is infeasible, as small as time allows.

    Args:
        deadline: `time.perf_counter()` at which to stop with what there is.
    """
    whole = _everything(instance)
    first = _test(instance, whole, deadline)
    if first.infeasible and first.ray is not None:
        return _filtered(instance, first.ray, deadline)
    if instance.is_mip and first.infeasible is False:
        return _integral_rows(instance, deadline)
    return None


def _everything(instance: Instance) -> FoundSubset:
    rows, columns = list(range(instance.rows)), list(range(instance.columns))
    return FoundSubset(rows, [LOWER | UPPER] * len(rows), columns, [LOWER | UPPER] * len(columns), None, None)


def _filtered(instance: Instance, ray: Vector, deadline: float) -> FoundSubset:
    members = _support(instance, ray)
    needed: set[tuple[str, int]] = set()
    undecided: set[tuple[str, int]] = set()
    while True:
        untested = [key for key in _keys(members) if key not in needed | undecided]
        if not untested:
            return replace(members, is_irreducible=None if undecided else True)
        if time.perf_counter() >= deadline:
            return members
        key = untested[0]
        test = _test(instance, _without(members, key), deadline)
        if test.infeasible and test.ray is not None:
            members = _support(instance, test.ray)
        elif test.infeasible is False:
            needed.add(key)
        else:
            undecided.add(key)


def _keys(members: FoundSubset) -> list[tuple[str, int]]:
    return [("row", row) for row in members.rows] + [("column", column) for column in members.columns]


def _without(members: FoundSubset, key: tuple[str, int]) -> FoundSubset:
    kind, number = key
    if kind == "row":
        place = members.rows.index(number)
        rows, sides = members.rows.copy(), members.row_sides.copy()
        del rows[place], sides[place]
        return replace(members, rows=rows, row_sides=sides)
    place = members.columns.index(number)
    columns, sides = members.columns.copy(), members.column_sides.copy()
    del columns[place], sides[place]
    return replace(members, columns=columns, column_sides=sides)


def _support(instance: Instance, ray: Vector) -> FoundSubset:
    matrix = instance.constraint_matrix
    reduced = -(matrix.T @ ray)
    terms = abs(matrix).T @ np.abs(ray)
    rows = np.flatnonzero(ray)
    columns = np.flatnonzero(np.abs(reduced) > _NOTHING * terms)
    return FoundSubset(
        rows.tolist(),
        np.where(ray[rows] > 0.0, LOWER, UPPER).tolist(),
        columns.tolist(),
        np.where(reduced[columns] > 0.0, LOWER, UPPER).tolist(),
        ray,
        None,
    )


def _test(instance: Instance, members: FoundSubset, deadline: float) -> _Test:
    part = restricted(instance, members)
    found = solve_highs(part, time_limit=max(0.0, deadline - time.perf_counter()))
    if found.status is SolveStatus.OPTIMAL:
        return _Test(infeasible=False if found.outside is None else None)
    if found.status is not SolveStatus.INFEASIBLE:
        return _Test(infeasible=None)
    if members.integral:
        return _Test(infeasible=True if found.outside is None else None)
    certified = with_certified_ray(part, found, deadline=deadline)
    if certified is found or certified.farkas_ray is None:
        return _Test(infeasible=True if found.outside is None else None)
    ray = np.zeros(instance.rows)
    ray[members.rows] = certified.farkas_ray
    return _Test(infeasible=True, ray=ray)


def _integral_rows(instance: Instance, deadline: float) -> FoundSubset | None:
    """Rows of a MILP that have no integral point together, by HiGHS's word; blocks are halved down to one."""
    kept = list(range(instance.rows))
    if not _test(instance, _with_rows(instance, kept), deadline).infeasible:
        return None
    size, decided = max(1, len(kept) // 2), True
    while True:
        start = 0
        while start < len(kept):
            if time.perf_counter() >= deadline:
                return _with_rows(instance, kept)
            rest = kept[:start] + kept[start + size :]
            infeasible = _test(instance, _with_rows(instance, rest), deadline).infeasible
            if infeasible:
                kept = rest
                continue
            decided = decided and (infeasible is False or size > 1)
            start += size
        if size == 1:
            return replace(_with_rows(instance, kept), is_irreducible=True if decided else None)
        size = max(1, size // 2)


def _with_rows(instance: Instance, rows: list[int]) -> FoundSubset:
    return FoundSubset(rows, [LOWER | UPPER] * len(rows), [], [], None, None, integral=True)
