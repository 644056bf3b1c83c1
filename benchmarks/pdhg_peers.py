"""The peers of `benchmarks.pdhg` that live in an environment of their own: MPAX and OR-Tools' PDLP.

Needs nothing of farkas, so that it runs under any interpreter that has the peer:

    PYTHON benchmarks/pdhg_peers.py (mpax|ortools) IN.npz OUT.npz

IN holds linear programs end to end (see `benchmarks.pdhg.write_programs`), OUT the seconds and the
solutions. MPAX's
vmap needs one shape: rows and columns are padded with zeros; it is timed twice, compilation and all,
then warm.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

TOLERANCE, LIMIT = 1e-4, 5_000


def programs(path: str) -> list[dict[str, Any]]:
    """The programs of a file, dense rows."""
    data = np.load(path)
    found, row, column, entry = [], 0, 0, 0
    for m, n, nnz in data["sizes"]:
        rows, columns, entries = slice(row, row + m), slice(column, column + n), slice(entry, entry + nnz)
        matrix = np.zeros((m, n))
        matrix[data["entry_row"][entries], data["entry_column"][entries]] = data["values"][entries]
        found.append(
            {
                "A": matrix,
                "L": data["row_lower"][rows],
                "U": data["row_upper"][rows],
                "c": data["objective"][columns],
                "l": data["column_lower"][columns],
                "u": data["column_upper"][columns],
            }
        )
        row, column, entry = row + m, column + n, entry + nnz
    return found


def mpax(items: list[dict[str, Any]]) -> dict[str, Any]:
    """All at once: A x = b, G x ≥ h, every program padded to the largest."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    from mpax import create_lp, r2HPDHG

    parts = []
    for item in items:
        matrix, lower, upper = item["A"], item["L"], item["U"]
        same = lower == upper
        above, below = ~same & np.isfinite(lower), ~same & np.isfinite(upper)
        inequalities = np.concatenate([matrix[above], -matrix[below]])
        sides = np.concatenate([lower[above], -upper[below]])
        parts.append((item["c"], matrix[same], lower[same], inequalities, sides, item["l"], item["u"]))
    n = max(len(part[0]) for part in parts)
    p, q = max(len(part[2]) for part in parts), max(len(part[4]) for part in parts)
    shapes = ((n,), (p, n), (p,), (q, n), (q,), (n,), (n,))
    batch = [
        jnp.asarray(np.stack([padded(part[k], shapes[k], -1.0 if k == 4 else 0.0) for part in parts]))
        for k in range(7)
    ]

    def solve(*arrays: Any) -> Any:
        solver = r2HPDHG(eps_abs=TOLERANCE, eps_rel=TOLERANCE, iteration_limit=LIMIT, verbose=False)
        result = solver.optimize(create_lp(*arrays, use_sparse_matrix=False))
        return result.primal_solution, result.iteration_count

    run = jax.jit(jax.vmap(solve))
    (points, iterations), times = twice(lambda: jax.block_until_ready(run(*batch)))
    points = np.asarray(points)
    return {
        **times,
        "points": np.concatenate([points[k, : len(item["c"])] for k, item in enumerate(items)]),
        "iterations": np.asarray(iterations),
        "version": version("mpax"),
    }


def twice(task: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """A task's result with the wall seconds of its first run, and wall and processor seconds of its
    second."""
    first = time.perf_counter()
    task()
    started, processor = time.perf_counter(), time.process_time()
    result = task()
    return result, {
        "first": started - first,
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
    }


def padded(array: Any, shape: tuple[int, ...], value: float) -> Any:
    """The array in the corner of a larger one."""
    whole = np.full(shape, value)
    whole[tuple(slice(0, size) for size in array.shape)] = array
    return whole


def ortools(items: list[dict[str, Any]]) -> dict[str, Any]:
    """One after the other, one thread."""
    from ortools.pdlp import solvers_pb2
    from ortools.pdlp.python import pdlp
    from scipy.sparse import csc_matrix

    parameters = solvers_pb2.PrimalDualHybridGradientParams()
    criteria = parameters.termination_criteria
    criteria.simple_optimality_criteria.eps_optimal_absolute = TOLERANCE
    criteria.simple_optimality_criteria.eps_optimal_relative = TOLERANCE
    criteria.iteration_limit = LIMIT
    problems = []
    for item in items:
        problem = pdlp.QuadraticProgram()
        problem.objective_vector = item["c"]
        problem.constraint_matrix = csc_matrix(item["A"])
        problem.constraint_lower_bounds, problem.constraint_upper_bounds = item["L"], item["U"]
        problem.variable_lower_bounds, problem.variable_upper_bounds = item["l"], item["u"]
        problems.append(problem)
    results, times = twice(
        lambda: [pdlp.primal_dual_hybrid_gradient(problem, parameters) for problem in problems]
    )
    return {
        **times,
        "points": np.concatenate([np.asarray(result.primal_solution) for result in results]),
        "iterations": np.array([result.solve_log.iteration_count for result in results]),
        "version": version("ortools"),
    }


if __name__ == "__main__":
    name, source, target = sys.argv[1:]
    np.savez(target, **{"mpax": mpax, "ortools": ortools}[name](programs(source)))
