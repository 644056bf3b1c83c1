"""Small MILPs whose feasible integral points can be listed, and others that tests of repairing share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from solvers.linear.certificate import certify


def milp(
    cost: list[float],
    matrix: list[list[float]],
    rows: tuple[list[float], list[float]],
    box: tuple[list[float], list[float]],
    integer: list[bool] | None = None,
) -> Instance:
    return Instance(
        name="small",
        objective_vector=np.array(cost),
        constraint_matrix=csr_array(np.array(matrix, dtype=np.float64).reshape(len(rows[0]), len(cost))),
        constraint_lower_bound=np.array(rows[0]),
        constraint_upper_bound=np.array(rows[1]),
        variable_lower_bound=np.array(box[0]),
        variable_upper_bound=np.array(box[1]),
        integrality=np.array([True] * len(cost) if integer is None else integer, dtype=np.bool_),
    )


def drawn(seed: int, *, rows: int = 4, columns: int = 5) -> Instance:
    """Integers in boxes of two to four values; every kind of row; sides near what some point has, except in
    every third instance, which may have none."""
    generator = np.random.default_rng(seed)
    matrix = generator.integers(-3, 4, (rows, columns)) * (generator.random((rows, columns)) < 0.7)
    lower = generator.integers(-2, 1, columns).astype(np.float64)
    upper = lower + generator.integers(1, 4, columns)
    middle = matrix @ generator.integers(lower.astype(int), upper.astype(int) + 1)
    middle = middle + generator.integers(-3, 4, rows) * (seed % 3 == 0)
    kind = generator.integers(0, 3, rows)
    slack = generator.integers(0, 3, rows)
    return Instance(
        name=f"drawn-{seed}",
        objective_vector=generator.integers(-5, 6, columns).astype(np.float64),
        constraint_matrix=csr_array(matrix.astype(np.float64)),
        constraint_lower_bound=np.where(kind == 0, -np.inf, middle - slack * (kind == 1)),
        constraint_upper_bound=np.where(kind == 1, np.inf, middle + slack * (kind == 0)),
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=np.ones(columns, dtype=np.bool_),
    )


def feasible_points(instance: Instance) -> Iterator[Vector]:
    """All of a pure integer instance with a finite box."""
    box = zip(instance.variable_lower_bound, instance.variable_upper_bound, strict=True)
    for values in product(*(range(int(np.ceil(low)), int(np.floor(high)) + 1) for low, high in box)):
        point = np.array(values, dtype=np.float64)
        activity = instance.constraint_matrix @ point
        below = activity >= instance.constraint_lower_bound - 1e-9
        if (below & (activity <= instance.constraint_upper_bound + 1e-9)).all():
            yield point


def assert_certified(instance: Instance, point: Vector) -> None:
    """`certify` calls exactly this point feasible, without rounding anything."""
    integer = instance.integrality
    np.testing.assert_array_equal(point[integer], np.rint(point[integer]))
    claim: Any = certify(instance, Candidate(points=point[None]))
    assert claim is not None
    assert claim.scope == "instance"
    assert claim.residuals["integrality_residual"] == 0.0
    assert claim.objective <= instance.objective(point) + 1e-9 * (1 + abs(instance.objective(point)))
    activity = instance.constraint_matrix @ point
    slack = 1e-6 * (1 + np.abs(activity))
    assert (activity >= instance.constraint_lower_bound - slack).all()
    assert (activity <= instance.constraint_upper_bound + slack).all()
    assert (point >= instance.variable_lower_bound).all()
    assert (point <= instance.variable_upper_bound).all()
