"""The random LPs of Chen, Liu, Wang, Lu, Yin, "On representing linear programs by graph neural networks"
(arXiv 2209.12288), and the same with some bounds made infinite so that unboundedness occurs.

    m = 10 rows, n = 50 columns, 100 nonzeros at uniformly drawn distinct places, A_ij ~ N(0, 1)
    c ~ 0.01 · U(−1, 1)        b ~ U(−1, 1)        a row is "=" with probability 0.3, else "≤"
    bounds: two draws of N(0, 10²), sorted; each then infinite with probability `infinite`
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One random LP; size has rows, columns, nonzeros and infinite (a probability)."""
    rows, columns, nonzeros = (whole(size, name) for name in ("rows", "columns", "nonzeros"))
    if nonzeros > rows * columns or not 0 <= size["infinite"] <= 1:
        raise ValueError("nonzeros must fit into rows × columns, and infinite be a probability")
    objective_vector = 0.01 * generator.uniform(-1.0, 1.0, columns)
    right_hand_side = generator.uniform(-1.0, 1.0, rows)
    bounds = np.sort(generator.normal(0.0, 10.0, (2, columns)), axis=0)
    equality = generator.random(rows) < 0.3
    infinite = generator.random((2, columns)) < size["infinite"]
    return Instance(
        name=name,
        objective_vector=objective_vector,
        constraint_matrix=random_matrix(generator, rows, columns, nonzeros),
        constraint_lower_bound=np.where(equality, right_hand_side, -np.inf),
        constraint_upper_bound=right_hand_side,
        variable_lower_bound=np.where(infinite[0], -np.inf, bounds[0]),
        variable_upper_bound=np.where(infinite[1], np.inf, bounds[1]),
        integrality=np.zeros(columns, dtype=np.bool_),
    )


def random_matrix(generator: np.random.Generator, rows: int, columns: int, nonzeros: int) -> csr_array:
    """Exactly `nonzeros` standard normal entries at distinct, uniformly drawn places."""
    places = generator.choice(rows * columns, size=nonzeros, replace=False)
    values = generator.standard_normal(nonzeros)
    return csr_array((values, (places // columns, places % columns)), shape=(rows, columns))


RANDOM_LP = Family(
    name="random-lp",
    summary="Random LPs of Chen et al. (2209.12288), all bounds finite, so never unbounded.",
    size={"rows": 10, "columns": 50, "nonzeros": 100, "infinite": 0.0},
    draw=draw,
)

RANDOM_LP_INFINITE = Family(
    name="random-lp-infinite",
    summary="The same with each bound infinite with probability 0.05: about a third of each verdict.",
    size={"rows": 10, "columns": 50, "nonzeros": 100, "infinite": 0.05},
    draw=draw,
)
