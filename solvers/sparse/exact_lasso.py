"""The learned code as the start of celer or skglm, for one who has them (they come with the extra `peers`).

Both minimise ‖Ax − b‖²/(2m) + α‖x‖₁ without an intercept, which is our P over m with α = λ/m. Each is started
from codes of ours and asked for a relative gap in our sense, (P(x) − P*) ≤ gap · ½‖b‖²; what comes back is
certified by `solvers.sparse.certificate` like anybody's.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.sparse.errors import InvalidRegularization, MissingSolver, SparseInputError
from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import make_problem

Matrix = NDArray[np.float64]

SOLVERS = ("celer", "skglm")


def lasso_from(
    solver: str,
    prepared: PreparedDictionary,
    measurements: Matrix,
    start: Matrix,
    *,
    regularization: float,
    gap: float = 1e-6,
    max_iterations: int = 1000,
) -> Matrix:
    """Codes of the Lasso by another's solver, shape (B, n), started from ours.

    Args:
        solver: "celer" or "skglm".
        measurements: one or rows of them, shape (B, m).
        start: codes in the units of the dictionary as given, shape (B, n).

    Raises:
        MissingSolver: it is not installed.
        SparseInputError: the parts do not fit, or there is no such solver.
    """
    fit = {"celer": _celer, "skglm": _skglm}.get(solver)
    if fit is None:
        raise SparseInputError(f"there is no solver {solver!r}", hint=f"there are {', '.join(SOLVERS)}")
    problem = make_problem(prepared.dictionary.matrix, measurements, regularization)
    rows = problem.measurements.numpy()
    if start.shape != (len(rows), prepared.dictionary.atoms) or not np.isfinite(start).all():
        raise SparseInputError(f"a start is finite codes of shape {(len(rows), prepared.dictionary.atoms)}")
    if not gap > 0.0:
        raise InvalidRegularization(f"a duality gap must be positive, not {gap}")
    matrix = np.asfortranarray(prepared.dictionary.matrix.numpy())
    return np.stack(
        [fit(matrix, b, x, regularization, gap, max_iterations) for b, x in zip(rows, start, strict=True)]
    )


def _celer(matrix: Matrix, b: Matrix, x: Matrix, penalty: float, gap: float, limit: int) -> Matrix:
    """Celer (Massias, Gramfort and Salmon 2018); its tolerance is the gap, of P over m, over ‖b‖²/m."""
    path = _module("celer.homotopy").celer_path
    alpha = penalty / len(b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = path(
            matrix,
            b,
            "lasso",
            alphas=np.array([alpha]),
            coef_init=x.copy(),
            tol=0.5 * gap,
            max_iter=limit,
            prune=1,
        )
    return np.asarray(found[1][:, 0])


def _skglm(matrix: Matrix, b: Matrix, x: Matrix, penalty: float, gap: float, limit: int) -> Matrix:
    """skglm (Bertrand et al. 2022); its tolerance is the largest violation ε of the optimality conditions.

    The gap is then about ε‖x − x*‖₁, and λ‖x*‖₁ ≤ ½‖b‖²: ε = gap · λ/2 keeps it below gap · ½‖b‖².
    """
    alpha = penalty / len(b)
    model = _module("skglm").Lasso(
        alpha=alpha, fit_intercept=False, warm_start=True, tol=0.5 * gap * alpha, max_iter=limit
    )
    model.coef_, model.intercept_ = x.copy(), 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, b)
    return np.asarray(model.coef_)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise MissingSolver(f"{package} is not installed", hint=f"pip install {package}") from error
