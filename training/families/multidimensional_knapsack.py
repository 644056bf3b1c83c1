"""Random multidimensional knapsack instances after P. C. Chu and J. E. Beasley, "A genetic algorithm for the
multidimensional knapsack problem" (Journal of Heuristics 4, 1998).

    maximise p·x   subject to   W x ≤ b,   x ∈ {0, 1}ⁿ

    w_ij uniform on the integers 1 … 1000      b_i = ⌊tightness · Σ_j w_ij⌋
    p_j = Σ_i w_ij / m + 500 u_j,  u_j ~ U(0, 1):  profits that grow with the weights, so hard to tell apart

The paper takes m ∈ {5, 10, 30}, n ∈ {100, 250, 500} and a tightness of 0.25, 0.5 or 0.75. Every instance is
feasible (x = 0) and bounded.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole

_HIGHEST_WEIGHT = 1000
_PROFIT_NOISE = 500.0


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has constraints (m), items (n) and tightness (a share of the total weight)."""
    constraints, items = (whole(size, name) for name in ("constraints", "items"))
    if not 0 < size["tightness"] <= 1:
        raise ValueError(f"tightness must lie above 0 and at most at 1, not be {size['tightness']:g}")
    weights = generator.integers(1, _HIGHEST_WEIGHT, (constraints, items), endpoint=True)
    profits = weights.mean(axis=0) + _PROFIT_NOISE * generator.random(items)
    return Instance(
        name=name,
        objective_vector=-profits,
        constraint_matrix=csr_array(weights.astype(np.float64)),
        constraint_lower_bound=np.full(constraints, -np.inf),
        constraint_upper_bound=np.floor(size["tightness"] * weights.sum(axis=1)),
        variable_lower_bound=np.zeros(items),
        variable_upper_bound=np.ones(items),
        integrality=np.ones(items, dtype=np.bool_),
        maximize=True,
    )


MULTIDIMENSIONAL_KNAPSACK = Family(
    name="multidimensional-knapsack",
    summary="Multidimensional knapsack instances of Chu and Beasley (1998).",
    size={"constraints": 5, "items": 100, "tightness": 0.5},
    draw=draw,
)
