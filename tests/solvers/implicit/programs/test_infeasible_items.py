"""Items that are no programs are found and emptied; infeasibility is said with a proof alone."""

from __future__ import annotations

from dataclasses import replace

import torch

from solvers.implicit.programs.convex_program import Program, make_program
from solvers.implicit.programs.infeasible_items import proved_infeasible, unusable_items, without
from solvers.implicit.programs.saddle_map import SaddleMap

INFINITE = float("inf")


def program() -> Program:
    """x₁ + x₂ ≥ 1, ≥ 3 and ≥ 1 with x ≤ 1."""
    costs = torch.ones(3, 2, dtype=torch.float64)
    return make_program(costs, [[1.0, 1.0]], [[1.0], [3.0], [1.0]], None, 0.0, 1.0, regularization=0.1)


def test_what_is_no_number_and_what_crosses() -> None:
    given = program()
    cost, lower = given.cost.clone(), given.lower.clone()
    cost[0, 1], lower[2, 0] = torch.nan, 1.5
    bad, crossed = unusable_items(replace(given, cost=cost, lower=lower))
    assert bad.tolist() == [True, False, False]
    assert crossed.tolist() == [False, False, True]
    lower[2, 0] = INFINITE
    bad, crossed = unusable_items(replace(given, lower=lower))
    assert bad.tolist() == [False, False, True]
    assert crossed.tolist() == [False, False, False]


def test_emptied_items_are_solved_by_zero_and_the_others_are_as_they_were() -> None:
    given = program()
    items = torch.tensor([False, True, False])
    emptied = without(given, items)
    assert emptied.cost[1].tolist() == [0.0, 0.0]
    assert emptied.upper[1].tolist() == [0.0, 0.0]
    assert emptied.row_lower[1].tolist() == [-INFINITE]
    for name, value in given.tensors().items():
        if name != "matrix":
            assert torch.equal(emptied.tensors()[name][[0, 2]], value[[0, 2]])
    assert without(given, torch.zeros(3, dtype=torch.bool)) is given


def test_only_the_infeasible_one_is_proved_whoever_is_asked_about() -> None:
    saddle = SaddleMap.of(program())
    z = torch.zeros(3, 3, dtype=torch.float64)
    assert proved_infeasible(saddle, z, torch.ones(3, dtype=torch.bool)).tolist() == [False, True, False]
    assert proved_infeasible(saddle, z, torch.tensor([True, False, True])).tolist() == [False] * 3


def test_what_only_just_has_a_point_is_not_proved_infeasible() -> None:
    near = replace(program(), row_lower=torch.full((3, 1), 2.0, dtype=torch.float64))
    items = torch.ones(3, dtype=torch.bool)
    assert not bool(proved_infeasible(SaddleMap.of(near), torch.zeros(3, 3).double(), items).any())
