"""Subsets in words, and the part of an instance that they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.lane.irreducible_subset import LOWER, UPPER, Side, explained, restricted
from solvers.linear.lane.messages import FoundSubset

MANY = Instance(
    name="many",
    objective_vector=np.ones(20),
    constraint_matrix=csr_array(np.vstack([np.ones(20), np.eye(1, 20)])),
    constraint_lower_bound=np.array([50.0, -np.inf]),
    constraint_upper_bound=np.array([60.0, 3.0]),
    variable_lower_bound=np.zeros(20),
    variable_upper_bound=np.ones(20),
    integrality=np.zeros(20, dtype=bool),
)
FOUND = FoundSubset(
    [0], [LOWER], list(range(20)), [UPPER] * 20, ray=np.array([1.0, 0.0]), is_irreducible=True
)


@pytest.mark.parametrize(
    ("side", "text"),
    [
        (Side(0, "R", 3.0, None), "R (≥ 3)"),
        (Side(0, "R", None, -2.5), "R (≤ -2.5)"),
        (Side(0, "R", 1.0, 1.0), "R (= 1)"),
        (Side(0, "R", 1.0, 2.0), "R (≥ 1, ≤ 2)"),
    ],
)
def test_sides(side: Side, text: str) -> None:
    assert str(side) == text


def test_the_part_holds_the_members_alone() -> None:
    part = restricted(MANY, FOUND)
    assert (part.rows, part.columns) == (1, 20)
    assert (part.constraint_lower_bound[0], part.constraint_upper_bound[0]) == (50.0, np.inf)
    assert np.isneginf(part.variable_lower_bound).all()
    assert (part.variable_upper_bound == 1.0).all()
    assert not part.objective_vector.any()


def test_long_lists_are_cut() -> None:
    subset = explained(MANY, FOUND)
    assert subset is not None
    assert subset.statement.startswith("Row r0 (≥ 50) and bounds of x0 (≤ 1), x1 (≤ 1)")
    assert " and 8 more cannot hold together; without any one of them the others can." in subset.statement
    assert len(subset.column_bounds) == 20


def test_integral_subsets_keep_every_bound() -> None:
    found = replace(FOUND, rows=[1], row_sides=[LOWER | UPPER], columns=[], column_sides=[], integral=True)
    part = restricted(MANY, found)
    assert (part.variable_lower_bound == 0.0).all()
    assert part.constraint_upper_bound[0] == 3.0
