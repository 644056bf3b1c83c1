"""Writes the example instances of this folder: .venv/bin/python examples/make.py

Everything is generated from seeds. `broken.mps` is the third one cut in the middle: files break in this way.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.writers import write_instance, write_mps
from solvers.linear.exact.adapters import solve_highs
from training.families import FAMILIES, generate

HERE = Path(__file__).parent


def random_lp(family: str, status: str, name: str) -> Instance:
    """The first instance of a family, in the stream of seed 7, that HiGHS finds to have this status."""
    for instance in generate(FAMILIES[family], 100, seed=7):
        if solve_highs(instance, time_limit=10.0).status.value == status:
            return renamed(instance, name)
    raise LookupError(status)


def renamed(instance: Instance, name: str) -> Instance:
    return Instance(**{**fields(instance), "name": name})


def fields(instance: Instance) -> dict[str, object]:
    return {key: getattr(instance, key) for key in instance.__dataclass_fields__}


def milp(name: str, cost: list[float], rows: csr_array, lower: list[float], upper: list[float]) -> Instance:
    """A MILP in binary variables."""
    size = len(cost)
    return Instance(
        name=name,
        objective_vector=np.array(cost),
        constraint_matrix=rows,
        constraint_lower_bound=np.array(lower),
        constraint_upper_bound=np.array(upper),
        variable_lower_bound=np.zeros(size),
        variable_upper_bound=np.ones(size),
        integrality=np.ones(size, dtype=np.bool_),
    )


def set_cover(rows: int = 30, columns: int = 60) -> Instance:
    """Cover 30 elements by the cheapest of 60 random sets."""
    generator = np.random.default_rng(7)
    member = generator.random((rows, columns)) < 0.1
    member[np.arange(rows), generator.integers(0, columns, rows)] = True
    cost = generator.integers(1, 100, columns).astype(float)
    return milp("set-cover", cost.tolist(), csr_array(member.astype(float)), [1.0] * rows, [np.inf] * rows)


def knapsack(columns: int = 40) -> Instance:
    """A maximisation, kept in the file's own sense: the most value of 40 things in two knapsacks' limits."""
    generator = np.random.default_rng(8)
    weight = generator.integers(5, 60, (2, columns)).astype(float)
    value = generator.integers(10, 100, columns).astype(float)
    limit = np.floor(weight.sum(1) / 3)
    instance = milp("knapsack", (-value).tolist(), csr_array(weight), [-np.inf] * 2, limit.tolist())
    return Instance(**{**fields(instance), "maximize": True})


def triangles() -> Instance:
    """Two triangles of x_i + x_j = 1 in binaries (the foldable family of Chen et al., arXiv 2210.10759): the
    relaxation has the point ½, no integer point exists."""
    pairs = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    matrix = np.zeros((6, 6))
    for row, pair in enumerate(pairs):
        matrix[row, list(pair)] = 1.0
    return milp("triangles", [1.0] * 6, csr_array(matrix), [1.0] * 6, [1.0] * 6)


def overfull() -> Instance:
    """Five binaries whose sum must be at least six: even the relaxation has no point."""
    return milp("overfull", [1.0] * 5, csr_array(np.ones((1, 5))), [6.0], [np.inf])


def main() -> None:
    write_instance(random_lp("random-lp", "optimal", "feasible"), HERE / "lp-feasible.mps")
    write_instance(random_lp("random-lp", "infeasible", "infeasible"), HERE / "lp-infeasible.mps")
    unbounded = random_lp("random-lp-infinite", "unbounded", "unbounded")
    write_instance(unbounded, HERE / "lp-unbounded.mps.gz")
    write_instance(
        random_lp("random-lp-infinite", "optimal", "feasible-free"), HERE / "lp-feasible-free.json"
    )
    write_instance(set_cover(), HERE / "milp-set-cover.mps")
    write_instance(knapsack(), HERE / "milp-knapsack.mps")
    write_instance(triangles(), HERE / "milp-infeasible-triangles.mps")
    write_instance(overfull(), HERE / "milp-infeasible-overfull.mps")
    text = write_mps(unbounded)
    (HERE / "broken.mps").write_bytes(text[: 2 * len(text) // 3])


if __name__ == "__main__":
    main()
