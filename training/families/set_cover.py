"""Random set covering instances after E. Balas and A. Ho, "Set covering algorithms using cutting planes,
heuristics, and subgradient optimization: a computational study" (Mathematical Programming Study 12, 1980).

    minimise c·x   subject to   A x ≥ 1,   x ∈ {0, 1}ⁿ

    c_j uniform on 1 … 100; the nonzeros, all 1, lie at uniformly drawn distinct places, except that each
    column has at least one row and each row at least two columns

Gasse et al. (arXiv 1906.01629) made 500 × 1000 with density 0.05 a standard size of learning for
combinatorial optimisation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole

LEAST_IN_ROW, LEAST_IN_COLUMN = 2, 1
_HIGHEST_COST = 100


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has rows, columns and density (a share of rows × columns, rounded down)."""
    rows, columns = (whole(size, name) for name in ("rows", "columns"))
    nonzeros = int(rows * columns * size["density"])
    if not LEAST_IN_ROW * rows + LEAST_IN_COLUMN * columns <= nonzeros <= rows * columns:
        raise ValueError("density must leave room for two entries a row and one more a column")
    places = _places(generator, rows, columns, nonzeros)
    return Instance(
        name=name,
        objective_vector=generator.integers(1, _HIGHEST_COST, columns, endpoint=True).astype(np.float64),
        constraint_matrix=csr_array(
            (np.ones(nonzeros), (places // columns, places % columns)), shape=(rows, columns)
        ),
        constraint_lower_bound=np.ones(rows),
        constraint_upper_bound=np.full(rows, np.inf),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.ones(columns, dtype=np.bool_),
    )


def _places(generator: np.random.Generator, rows: int, columns: int, nonzeros: int) -> NDArray[np.int64]:
    """Distinct places i · columns + j: those that every row and column needs, the rest anywhere."""
    by_row = np.arange(rows)[:, None] * columns + _distinct(generator, rows, columns, LEAST_IN_ROW)
    by_column = _distinct(generator, columns, rows, LEAST_IN_COLUMN) * columns + np.arange(columns)[:, None]
    needed = np.union1d(by_row, by_column)
    free = np.setdiff1d(np.arange(rows * columns), needed, assume_unique=True)
    rest = generator.choice(free, size=nonzeros - len(needed), replace=False)
    return np.sort(np.concatenate((needed, rest)))


def _distinct(generator: np.random.Generator, count: int, among: int, each: int) -> NDArray[np.int64]:
    """`each` distinct numbers below `among`, uniformly, `count` times over; shape (count, each)."""
    drawn = generator.integers(0, among - np.arange(each), size=(count, each))
    for k in range(1, each):
        for before in np.sort(drawn[:, :k], axis=1).T:
            drawn[:, k] += drawn[:, k] >= before
    return drawn


SET_COVER = Family(
    name="set-cover",
    summary="Set covering instances of Balas and Ho (1980), in the size of Gasse et al. (1906.01629).",
    size={"rows": 500, "columns": 1000, "density": 0.05},
    draw=draw,
)
