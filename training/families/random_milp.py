"""The random MILPs of Chen, Liu, Wang, Yin, "On representing mixed-integer linear programs by graph neural
networks" (arXiv 2210.10759): the set that is unfoldable with probability one.

    m = 6 rows, n = 20 columns, 60 nonzeros at uniformly drawn distinct places, A_ij ~ N(0, 1)
    c ~ 0.01 · N(0, 1)        b ~ N(0, 1)        a row is "≤", "=" or "≥", each with probability 1/3
    bounds: two draws of N(0, 10²), sorted        a variable is an integer with probability 1/2

The paper writes l, u ~ N(0, 10) and c ~ N(0, 0.01), where its code multiplies standard normal draws by 0.01:
the second parameter is read as the standard deviation in both, as in the random LPs of the same authors.
Bounds are not rounded, so the box of an integer variable may hold no integer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from training.families.family import Family, Size, whole
from training.families.random_lp import random_matrix

BOUND_DEVIATION = 10.0


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One random MILP; size has rows, columns and nonzeros."""
    rows, columns, nonzeros = (whole(size, name) for name in ("rows", "columns", "nonzeros"))
    if nonzeros > rows * columns:
        raise ValueError("nonzeros must fit into rows × columns")
    right_hand_side = generator.standard_normal(rows)
    relation = generator.integers(-1, 1, rows, endpoint=True)  # −1: ≤, 0: =, 1: ≥
    bounds = sorted_bounds(generator, columns)
    return Instance(
        name=name,
        objective_vector=0.01 * generator.standard_normal(columns),
        constraint_matrix=random_matrix(generator, rows, columns, nonzeros),
        constraint_lower_bound=np.where(relation >= 0, right_hand_side, -np.inf),
        constraint_upper_bound=np.where(relation <= 0, right_hand_side, np.inf),
        variable_lower_bound=bounds[0],
        variable_upper_bound=bounds[1],
        integrality=generator.random(columns) < 0.5,
    )


def sorted_bounds(generator: np.random.Generator, columns: int) -> NDArray[np.float64]:
    """Lower and upper bounds, shape (2, columns): the smaller and the larger of two draws of N(0, 10²)."""
    return np.sort(generator.normal(0.0, BOUND_DEVIATION, (2, columns)), axis=0)


RANDOM_MILP = Family(
    name="random-milp",
    summary="Random MILPs of Chen et al. (2210.10759), unfoldable, all bounds finite, so never unbounded.",
    size={"rows": 6, "columns": 20, "nonzeros": 60},
    draw=draw,
)
