"""One instance → another like it: other numbers at the same places.

    costs c_j ← c_j · f_j        row sides L_i, U_i ← both · g_i        bounds l_j, u_j ← both · h_j
    each factor is e^{σ z} · e^{σ z'},   z ~ N(0, 1) once for all entries of one kind,   z' ~ N(0, 1) its own

so that signs, zeros, infinities, order and equality of sides and bounds stay. σ is drawn once for each of the
three blocks, small or large, and a block is left alone in a third of the copies: the next instance of a
stream may differ in prices alone. The common factor moves all demands, or all capacities, together, which is
what turns feasible instances infeasible and back. Matrix, integrality and offset stay, and so does what is
structure (`training.structure`):

    sides      0; and 0, ±1 in rows of coefficients ±1
    bounds     0 and ±1
    integers   integral sides of rows in integers with integral coefficients, integral bounds of integers
               and costs of a kind that are all integral are rounded, never to 0
    symmetry   values of one kind that are all equal, unit costs or bins of one size, take one factor
    balance    equality rows that may depend on each other, such as a network's, take one factor

Where siblings are given, half of the copies take blocks from them first (`training.recombination`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask, Vector
from training.dependent_rows import dependent_rows
from training.recombination import recombine, same_structure
from training.structure import (
    Indices,
    Pairs,
    any_of,
    bound_kinds,
    bounds_of,
    cost_kinds,
    integral_rows,
    is_whole,
    leaders,
    row_kinds,
    sides_of,
    structural_columns,
    structural_rows,
)

STRENGTHS: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
"""σ of a perturbation, each as probable; with 0.4, 95 % of the common factors lie in 0.46 … 2.2."""
LIGHT: Final = (0.01, 0.02, 0.05)
"""σ of the noise on top of a recombination."""
RECOMBINED: Final = 0.5
"""Share of the copies that are recombined first, where siblings exist."""
_TOUCHED: Final = 2 / 3


def perturb(
    instance: Instance, generator: np.random.Generator, siblings: Sequence[Instance] = ()
) -> Instance:
    """A copy of an instance with other numbers; see the module docstring.

    Args:
        siblings: other instances that blocks may be taken from; those of another structure are passed over.
    """
    recombined = bool(siblings) and generator.random() < RECOMBINED
    alike = [other for other in siblings if same_structure(instance, other)] if recombined else []
    if not alike:
        return add_noise(instance, generator, STRENGTHS)
    return add_noise(recombine(instance, alike, generator), generator, LIGHT)


def add_noise(instance: Instance, generator: np.random.Generator, strengths: Sequence[float]) -> Instance:
    """The instance with some of costs, sides and bounds scaled, each with one of the strengths."""
    costs, sides, bounds = generator.choice(strengths, size=3) * _touched(instance, generator)
    (lower, upper), (least, most) = _sides(instance, generator, sides), _bounds(instance, generator, bounds)
    return replace(
        instance,
        objective_vector=_costs(instance, generator, costs),
        constraint_lower_bound=lower,
        constraint_upper_bound=upper,
        variable_lower_bound=least,
        variable_upper_bound=most,
    )


def _touched(instance: Instance, generator: np.random.Generator) -> Mask:
    """Which of costs, sides and bounds change, (3,): each that can with probability _TOUCHED, not none."""
    can = np.array(
        [
            instance.objective_vector.any(),
            not structural_rows(instance).all(),
            not structural_columns(instance).all(),
        ]
    )
    chosen: Mask = can & (generator.random(3) < _TOUCHED)
    return chosen if chosen.any() else can


def _costs(instance: Instance, generator: np.random.Generator, strength: float) -> Vector:
    costs, kind = instance.objective_vector, cost_kinds(instance)
    leader = leaders(kind, costs)
    scaled = costs * _factors(generator, strength, kind, leader)
    rounded = ~any_of(kind, ~is_whole(costs)) & ~_is_tied(leader)
    return np.where(rounded, _round(scaled, np.minimum(np.abs(costs), 1.0)), scaled)


def _sides(instance: Instance, generator: np.random.Generator, strength: float) -> Pairs:
    sides, kind, core = sides_of(instance), row_kinds(instance), dependent_rows(instance)
    integral, moved = integral_rows(instance) & is_whole(sides), ~structural_rows(instance)
    leader = np.where(core >= 0, core, leaders(kind, sides))
    factors = _factors(generator, strength, kind, leader)
    kept = ~moved | _would_lose_balance(core, sides[0], moved, integral[0])
    return _scaled(sides, np.where(kept, 1.0, factors), integral & moved)


def _bounds(instance: Instance, generator: np.random.Generator, strength: float) -> Pairs:
    bounds, kind = bounds_of(instance), bound_kinds(instance)
    factors = _factors(generator, strength, kind, leaders(kind, bounds))
    kept = structural_columns(instance) | (np.abs(bounds) == 1.0)
    return _scaled(bounds, np.where(kept, 1.0, factors), instance.integrality & is_whole(bounds))


def _would_lose_balance(core: Indices, sides: Vector, moved: Mask, integral: Mask) -> Mask:
    """Rows of dependent parts that no one factor scales: some sides stay; or some are rounded, but not all
    are, or not all to one magnitude."""
    part = np.where(core >= 0, core, np.arange(len(core)))
    there = sides != 0.0
    largest = np.zeros(len(part))
    np.maximum.at(largest, part, np.abs(sides, where=there, out=np.zeros(len(part))))
    differ = there & (~integral | (np.abs(sides) != largest[part]))
    rounded = any_of(part, integral & there) & any_of(part, differ)
    result: Mask = (core >= 0) & (any_of(part, there & ~moved) | rounded)
    return result


def _factors(generator: np.random.Generator, strength: float, kind: Indices, leader: Indices) -> Vector:
    """e^{σ z} of each entry's kind times e^{σ z'} of its own; an entry takes both from its leader."""
    common = generator.standard_normal(int(kind.max(initial=0)) + 1)
    own = generator.standard_normal(len(kind))
    factors: Vector = np.exp(strength * (common[kind] + own))[leader]
    return factors


def _scaled(pairs: Pairs, factors: NDArray[np.float64], rounded: NDArray[np.bool_]) -> Pairs:
    """Pairs times factors, some rounded; a pair that would cross, or newly meet, stays as it was."""
    scaled = pairs * factors
    scaled = np.where(rounded, _round(scaled, np.minimum(np.abs(pairs), 2.0)), scaled)
    lost = (scaled[0] > scaled[1]) | ((pairs[0] < pairs[1]) & (scaled[0] == scaled[1]))
    return np.where(lost, pairs, scaled)


def _is_tied(leader: Indices) -> Mask:
    """Entries that share their leader with another."""
    result: Mask = np.bincount(leader, minlength=len(leader))[leader] > 1
    return result


def _round(values: NDArray[np.float64], least: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest integers of the same sign and at least that magnitude."""
    rounded: NDArray[np.float64] = np.copysign(np.maximum(np.rint(np.abs(values)), least), values)
    return rounded
