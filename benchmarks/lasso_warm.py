"""The exact Lasso from a learned start: FISTA and celer from zero and from HyperLISTA, and farkas's own way.

    .venv/bin/python -m benchmarks.lasso_warm

To a relative duality gap of 1e-6, in the papers' setting without noise, λ a share of the median ‖Aᵀb‖∞.
A warm time holds the layers' own. One thread. Needs celer (the extra `peers`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness import interleaved, medians, write_result
from benchmarks.lista_setting import paper_dictionary, test_problems
from solvers.iteration import iterate
from solvers.sparse.certificate import certify_lasso, scaled_residual
from solvers.sparse.exact_lasso import lasso_from
from solvers.sparse.ista import FISTA
from solvers.sparse.problem import SparseProblem
from solvers.sparse.recovery import RecoveryOptions, prepare, recover

SEED, GAP, LAYERS = 63_000, 1e-6, 8
SHARES = (0.1, 0.01, 0.001)
SIZE, REPEATS = 200, 3
Matrix = NDArray[np.float64]

PREPARED = prepare(paper_dictionary())


def compared(b: Matrix, share: float) -> dict[str, Any]:
    matrix = PREPARED.dictionary.matrix
    penalty = share * float(np.median(np.abs(b @ matrix.numpy()).max(axis=1)))
    zero = np.zeros((len(b), matrix.shape[1]))
    levels = torch.full((len(b),), penalty, dtype=torch.float64)
    problem = SparseProblem(matrix, torch.from_numpy(b), levels)
    steps: dict[str, float] = {}

    def learned() -> Matrix:
        return recover(PREPARED, b, RecoveryOptions(layers=LAYERS)).x

    def fista(name: str, start: Callable[[], Matrix]) -> Matrix:
        solver = FISTA(PREPARED.dictionary.lipschitz, 0.5 * GAP)
        found = iterate(solver, problem, torch.from_numpy(start()), max_iterations=50_000)
        steps[name] = float(found.iterations.double().median())
        return found.value.numpy()

    def celer(start: Callable[[], Matrix]) -> Matrix:
        return lasso_from("celer", PREPARED, b, start(), regularization=penalty, gap=GAP)

    ways: dict[str, Callable[[], Matrix]] = {
        "FISTA from zero": lambda: fista("FISTA from zero", lambda: zero),
        "FISTA from HyperLISTA": lambda: fista("FISTA from HyperLISTA", learned),
        "celer from zero": lambda: celer(lambda: zero),
        "celer from HyperLISTA": lambda: celer(learned),
        "farkas": lambda: (
            recover(PREPARED, b, RecoveryOptions(layers=LAYERS, regularization=penalty, duality_gap=GAP)).x
        ),
    }
    seconds = medians(interleaved(ways, repeats=REPEATS))
    rows: dict[str, Any] = {"penalty": penalty}
    for name, way in ways.items():
        proof = certify_lasso(PREPARED.form, penalty, scaled_residual(PREPARED.form, b, way()))
        rows[name] = {
            "milliseconds_an_item": 1e3 * seconds[name] / len(b),
            "largest_gap": float(proof.relative_gap.max()),
            **({"median_steps": steps[name]} if name in steps else {}),
        }
        print(share, name, rows[name], flush=True)
    return rows


def main() -> None:
    torch.set_num_threads(1)
    b = test_problems(math.inf, seed=SEED, size=SIZE).problem.measurements.numpy()
    figures = {f"lambda {share:g} of the largest correlation": compared(b, share) for share in SHARES}
    told = {"items": SIZE, "layers": LAYERS, "threads": 1, "celer": version("celer")}
    print(write_result("lasso_warm", seed=SEED, figures={**told, **figures}))


if __name__ == "__main__":
    main()
