"""The foldable MILPs of Chen, Liu, Wang, Yin (arXiv 2210.10759): pairs that message passing cannot tell
apart.

Six of n = 20 variables, at uniformly drawn places j_1 … j_6, are binary; the others are continuous, with
bounds that are two sorted draws of N(0, 10²), and lie in no row. The six rows of a pair are

    cycle, feasible:         x_{j1} + x_{j2} = 1, x_{j2} + x_{j3} = 1, …, x_{j6} + x_{j1} = 1
    triangles, infeasible:   x_{j1} + x_{j2} = 1, x_{j2} + x_{j3} = 1, x_{j3} + x_{j1} = 1, and so j4, j5, j6

An odd cycle has no alternating 0–1 labelling. Every binary lies in two rows and every row holds two binaries,
so colour refinement, and with it every message-passing network without node identities, sees the same graph
in both; the relaxations agree too (all binaries ½). Every cost is 0.01, the paper's generalisation set: the
optimal value is then 0.01 · (3 + Σ of the other lower bounds), whatever the solver.

The paper alternates the two; here each instance of a stream tosses a coin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole
from training.families.random_milp import sorted_bounds

BINARIES = 6
COST = 0.01
_CYCLE = (1, 2, 3, 4, 5, 0)
_TRIANGLES = (1, 2, 0, 4, 5, 3)


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """The cycle or the triangles with probability ½ each; size has columns."""
    triangles = generator.random() < 0.5
    return pair(generator, size, name)[int(triangles)]


def pair(generator: np.random.Generator, size: Size, name: str) -> tuple[Instance, Instance]:
    """(cycle, triangles), equal in everything else."""
    columns = whole(size, "columns")
    if columns < BINARIES:
        raise ValueError(f"columns must be at least {BINARIES}, the number of binaries, not {columns}")
    binaries = generator.permutation(columns)[:BINARIES]
    lower, upper = sorted_bounds(generator, columns)
    lower[binaries], upper[binaries] = 0.0, 1.0
    integrality = np.zeros(columns, dtype=np.bool_)
    integrality[binaries] = True

    def matrix(successor: tuple[int, ...]) -> csr_array:
        """Row k holds the k-th binary and its successor."""
        row = np.tile(np.arange(BINARIES), 2)
        column = np.concatenate((binaries, binaries[list(successor)]))
        return csr_array((np.ones(2 * BINARIES), (row, column)), shape=(BINARIES, columns))

    cycle = Instance(
        name=name,
        objective_vector=np.full(columns, COST),
        constraint_matrix=matrix(_CYCLE),
        constraint_lower_bound=np.ones(BINARIES),
        constraint_upper_bound=np.ones(BINARIES),
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=integrality,
    )
    return cycle, replace(cycle, constraint_matrix=matrix(_TRIANGLES))


FOLDABLE_MILP = Family(
    name="foldable-milp",
    summary="Foldable MILPs of Chen et al. (2210.10759): a 6-cycle or two triangles.",
    size={"columns": 20},
    draw=draw,
)
