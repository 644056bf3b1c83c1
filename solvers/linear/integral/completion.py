"""Once integer columns are fixed: what is left of an instance, and values for its continuous columns.

The rest of an instance over the columns F that are not fixed, X being those that are,

    minimise    c_F·x_F + (c_X·x_X + offset)
    subject to  L − A_X x_X ≤ A_F x_F ≤ U − A_X x_X,   x_F in the domain

is an instance again: an LP where all integer columns are fixed. Rows without a free column are left out;
whoever lifts a point back has it checked against the whole instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.integral.propagation import Domain, Index, Propagator
from solvers.linear.integral.rounding import Dive
from solvers.linear.projection import projections

Complete = Callable[[Instance, Vector], Vector | None]
"""Solves an LP over the free columns, near a hint or from anywhere: a point of it, or None."""


@dataclass(frozen=True, eq=False)
class Rest:
    """The rest of an instance.

    Attributes:
        instance: over the free columns.
        free: which they are, shape (n_F,); point: the fixed columns' values, shape (n,).
    """

    instance: Instance
    free: Index
    point: Vector

    @classmethod
    def of(cls, instance: Instance, domain: Domain) -> Rest:
        """What is left where the domain's columns of one value are fixed."""
        fixed = domain.fixed
        free = np.flatnonzero(~fixed)
        point = np.where(fixed, domain.lower, 0.0)
        used = instance.constraint_matrix @ point
        matrix = instance.constraint_matrix[:, free]
        rows = np.flatnonzero(np.diff(matrix.indptr))
        lower, upper = instance.constraint_lower_bound - used, instance.constraint_upper_bound - used
        return cls(
            Instance(
                name=f"{instance.name}-rest",
                objective_vector=instance.objective_vector[free],
                constraint_matrix=matrix[rows],
                constraint_lower_bound=lower[rows],
                constraint_upper_bound=np.maximum(upper, lower)[rows],
                variable_lower_bound=domain.lower[free],
                variable_upper_bound=domain.upper[free],
                integrality=instance.integrality[free],
                objective_offset=instance.objective(point),
            ),
            free,
            point,
        )

    def lift(self, values: Vector) -> Vector:
        """A point of the rest as a point of the instance."""
        point = self.point.copy()
        point[self.free] = values
        return point


def completions(
    propagator: Propagator, domain: Domain, hint: Vector, complete: Complete | None = None
) -> Iterator[Vector]:
    """Points over a domain whose integer columns are fixed; without a promise, for the caller to check.

    The caller's own way first, if it has one. Then dives over the continuous columns, where rows make up for
    what was chosen before: towards each column's cheaper end, the dearest columns first; and along the hint,
    the largest values first. At last the hint projected onto the rows (`projection`).
    """
    instance = propagator.instance
    rest = Rest.of(instance, domain)
    if not len(rest.free):
        yield rest.point
        return
    wished = np.clip(np.where(np.isfinite(hint), hint, 0.0), domain.lower, domain.upper)
    if complete is not None and (found := complete(rest.instance, wished[rest.free])) is not None:
        yield rest.lift(found)
    cheapest = _cheapest(instance, domain, wished)
    if not rest.instance.rows:
        yield cheapest
        return
    by_cost, by_size = (
        rest.free[np.argsort(-np.abs(key[rest.free]), kind="stable")]
        for key in (instance.objective_vector, wished)
    )
    for target, order in ((cheapest, by_cost), (wished, by_size)):
        if (dived := Dive(propagator, target, order, backtracks=10).run(domain)) is not None:
            yield dived.lower
    near = Candidate(points=wished[rest.free][None])
    for candidate in projections(rest.instance, near, [Verdict.OPTIMAL], most=1):
        yield from (rest.lift(values) for values in candidate.points)


def _cheapest(instance: Instance, domain: Domain, wished: Vector) -> Vector:
    """The box's cheapest point, the wished value where a column costs nothing or improves without end."""
    cost = instance.objective_vector
    ends = np.where(cost > 0, domain.lower, domain.upper)
    return np.where((cost != 0.0) & np.isfinite(ends), ends, wished)
