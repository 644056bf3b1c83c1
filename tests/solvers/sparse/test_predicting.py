"""Trained variants run on unit atoms in the unit of their training; refused where they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from solvers.sparse.alista import ALISTA
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import ShapeMismatch, SparseInputError, TooManyLayers, UntrainedVariant
from solvers.sparse.networks import initial_network
from solvers.sparse.recovery import PreparedDictionary, RecoveryOptions, prepare, recover

Array = NDArray[np.float64]


def gaussian(rows: int, columns: int) -> Array:
    matrix = np.random.default_rng(0).standard_normal((rows, columns))
    return matrix / np.linalg.norm(matrix, axis=0)


def prepared(matrix: Array) -> PreparedDictionary:
    return prepare(Dictionary.of(matrix))


MATRIX = gaussian(60, 120)
_RNG = np.random.default_rng(1)
MEASURED = ((_RNG.random((40, 120)) < 0.08) * _RNG.standard_normal((40, 120))) @ MATRIX.T


@pytest.fixture(params=["lista", "lista-cp", "lista-ss", "lista-cpss", "alista"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def trained(variant: str, matrix: Array = MATRIX, threshold: float = 0.01) -> Any:
    network = initial_network(variant, Dictionary.of(matrix), 6, threshold=threshold)
    if isinstance(network, ALISTA):
        for layer in network.layers:
            layer.step.fill_(0.3)
    return network


def test_runs_on_unit_atoms_and_in_given_units(variant: str) -> None:
    lengths = np.linspace(0.5, 3.0, 120)
    network = trained(variant)
    options = RecoveryOptions(variant, 2, precision="double")
    plain = recover(prepared(MATRIX), MEASURED, options, network)
    longer = recover(prepared(MATRIX * lengths), MEASURED, options, trained(variant, MATRIX * lengths))
    assert np.allclose(plain.x, longer.x * lengths, atol=1e-9)
    single = recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 2), network)
    assert np.allclose(plain.x, single.x, atol=1e-4)
    assert plain.x.any()


def test_thresholds_keep_their_unit(variant: str) -> None:
    network = trained(variant, threshold=0.5)
    options = RecoveryOptions(variant, 2)
    assert recover(prepared(MATRIX), MEASURED, options, network).x.any()
    assert not recover(prepared(MATRIX), 1e-3 * MEASURED, options, network).x.any()
    assert np.isfinite(recover(prepared(MATRIX), 1e100 * MEASURED, options, network).x).all()


def test_is_refused_where_it_does_not_fit(variant: str) -> None:
    with pytest.raises(UntrainedVariant, match="train"):
        recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 6))
    with pytest.raises(TooManyLayers):
        recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 7), trained(variant))
    other = trained(variant, gaussian(30, 60))
    with pytest.raises(ShapeMismatch):
        recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 6), other)
    with pytest.raises(SparseInputError):
        recover(prepared(MATRIX), MEASURED, RecoveryOptions(), trained(variant))


def test_a_useless_code_gives_way(variant: str) -> None:
    network = trained(variant)
    for layer in network.layers:
        for weight in vars(layer).values():
            weight *= 50.0 if weight.ndim == 2 or weight is getattr(layer, "step", None) else 1.0
    found = recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 6), network)
    assert all(found.replaced)
    assert (found.relative_residual < 1.0).all()
    network.layers[2].threshold.fill_(torch.nan)
    broken = recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 6), network)
    assert np.isfinite(broken.x).all()
    assert (broken.relative_residual <= 1.0).all()


def test_an_answer_does_not_depend_on_its_neighbours(variant: str) -> None:
    """A measurement beyond float32 gets float64; the others keep theirs."""
    network, options = trained(variant), RecoveryOptions(variant, 3)
    alone = recover(prepared(MATRIX), MEASURED[:4], options, network)
    beside = np.vstack([MEASURED[:4], 1e30 * MEASURED[4:5]])
    assert np.array_equal(recover(prepared(MATRIX), beside, options, network).x[:4], alone.x)
