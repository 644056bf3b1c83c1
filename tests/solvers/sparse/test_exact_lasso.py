"""The learned code starts others' solvers, which minimise the same function over m."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from solvers.sparse import exact_lasso
from solvers.sparse.certificate import certify_lasso, scaled_residual
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import InvalidRegularization, ShapeMismatch, SparseInputError
from solvers.sparse.exact_lasso import MissingSolver, lasso_from
from solvers.sparse.prepared import PreparedDictionary

RNG = np.random.default_rng(0)
MATRIX = RNG.standard_normal((30, 60))
CODES = (RNG.random((4, 60)) < 0.08) * RNG.standard_normal((4, 60))
MEASURED = CODES @ MATRIX.T
PREPARED = PreparedDictionary(Dictionary.of(MATRIX))


@pytest.mark.skipif(importlib.util.find_spec("celer") is None, reason="celer is not installed")
def test_celer_ends_at_the_gap_asked_for() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = lasso_from("celer", PREPARED, MEASURED, CODES, regularization=0.5, gap=1e-6)
    proof = certify_lasso(PREPARED.form, 0.5, scaled_residual(PREPARED.form, MEASURED, x))
    assert x.shape == CODES.shape
    assert (proof.relative_gap <= 1e-6).all()


class Recorded:
    """Stands in for skglm.Lasso, which is compiled for some ten seconds when it is first used."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.coef_: Any = None

    def fit(self, matrix: Any, b: Any) -> None:
        assert self.settings["alpha"] == pytest.approx(0.5 / 30)
        assert self.settings["tol"] == pytest.approx(0.5e-6 * 0.5 / 30)
        assert not self.settings["fit_intercept"]
        assert self.settings["warm_start"]
        assert np.array_equal(matrix, MATRIX)
        self.coef_ += 1.0


def test_skglm_is_asked_for_the_same_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skglm", SimpleNamespace(Lasso=Recorded))
    x = lasso_from("skglm", PREPARED, MEASURED, CODES, regularization=0.5, gap=1e-6)
    assert np.array_equal(x, CODES + 1.0)


@pytest.mark.parametrize("solver", exact_lasso.SOLVERS)
def test_a_missing_solver_is_said_to_be_missing(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingSolver, match=f"pip install {solver}"):
        lasso_from(solver, PREPARED, MEASURED, CODES, regularization=0.5)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SparseInputError, match="no solver"):
        lasso_from("magic", PREPARED, MEASURED, CODES, regularization=0.5)
    with pytest.raises(ShapeMismatch):
        lasso_from("celer", PREPARED, MEASURED[:, :4], CODES, regularization=0.5)
    with pytest.raises(SparseInputError, match="start"):
        lasso_from("celer", PREPARED, MEASURED, CODES[:2], regularization=0.5)
    with pytest.raises(SparseInputError, match="start"):
        lasso_from("celer", PREPARED, MEASURED, CODES * np.nan, regularization=0.5)
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidRegularization):
            lasso_from("celer", PREPARED, MEASURED, CODES, regularization=wrong)
    with pytest.raises(InvalidRegularization):
        lasso_from("celer", PREPARED, MEASURED, CODES, regularization=0.5, gap=0.0)
