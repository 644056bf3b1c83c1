"""From measurements to checked codes: what is promised holds for any input, at any scale, in any batch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from solvers.sparse import prepared as prepared_module
from solvers.sparse import recovery
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import (
    InvalidMeasurements,
    InvalidRegularization,
    ShapeMismatch,
    SparseInputError,
    UnknownVariant,
)
from solvers.sparse.recovery import PreparedDictionary, RecoveryOptions, prepare, recover

Array = NDArray[np.float64]


def gaussian(rows: int, columns: int, seed: int = 0) -> Array:
    matrix = np.random.default_rng(seed).standard_normal((rows, columns))
    return matrix / np.linalg.norm(matrix, axis=0)


def codes(count: int, atoms: int, share: float = 0.08, seed: int = 1) -> Array:
    rng = np.random.default_rng(seed)
    return (rng.random((count, atoms)) < share) * rng.standard_normal((count, atoms))


def decibels(found: Array, truth: Array) -> float:
    return float(10.0 * np.log10(((found - truth) ** 2).sum() / (truth**2).sum()))


def prepared(matrix: Array) -> PreparedDictionary:
    return prepare(Dictionary.of(matrix))


MATRIX = gaussian(60, 120)
TRUTH = codes(40, 120)
MEASURED = TRUTH @ MATRIX.T


@pytest.mark.parametrize("variant", ["hyperlista", "hyperlista-full"])
@pytest.mark.parametrize("precision", ["mixed", "single", "double"])
def test_recovers_sparse_codes(variant: str, precision: str) -> None:
    found = recover(prepared(MATRIX), MEASURED, RecoveryOptions(variant, 20, precision=precision))
    assert decibels(found.x, TRUTH) < -50.0
    assert found.provenance == ("predicted",) * 40
    assert not any(found.replaced)
    assert found.duality_gap is None
    assert found.objective is None
    expected = np.linalg.norm(found.x @ MATRIX.T - MEASURED, axis=1)
    assert np.allclose(found.residual, expected, rtol=1e-9, atol=1e-13)
    assert np.allclose(found.relative_residual, expected / np.linalg.norm(MEASURED, axis=1), atol=1e-13)
    assert np.array_equal(found.support_size, (found.x != 0.0).sum(axis=1))


def test_mixed_precision_is_as_good_as_double() -> None:
    options = [RecoveryOptions(layers=40, precision=name) for name in ("mixed", "double")]
    mixed, double = (recover(prepared(MATRIX), MEASURED, option) for option in options)
    assert np.median(mixed.relative_residual) < 10.0 * np.median(double.relative_residual) + 1e-14


def test_atoms_whose_lengths_lie_far_apart() -> None:
    lengths = np.where(np.arange(120) % 2, 1e-140, 1e140)
    found = recover(prepared(MATRIX * lengths), MEASURED, RecoveryOptions(layers=20))
    assert decibels(found.x * lengths, TRUTH) < -50.0
    assert (found.relative_residual < 1e-2).all()
    penalised = recover(prepared(MATRIX * lengths), MEASURED, RecoveryOptions(regularization=1e-3))
    assert np.isfinite(penalised.x).all()


def test_no_gram_matrix_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    options = RecoveryOptions(regularization=0.02, duality_gap=1e-8)
    ours = recover(PreparedDictionary(Dictionary.of(MATRIX)), MEASURED, options)
    monkeypatch.setattr(prepared_module, "_GRAM_ATOMS", 10)
    without = PreparedDictionary(Dictionary.of(MATRIX))
    assert without.gram is None
    assert np.allclose(recover(without, MEASURED, options).x, ours.x, atol=1e-6)


def test_atoms_of_any_length_and_duplicates_and_lost_rank() -> None:
    lengths = 10.0 ** np.random.default_rng(2).integers(-3, 4, size=120)
    found = recover(prepared(MATRIX * lengths), MEASURED)
    assert decibels(found.x * lengths, TRUTH) < -45.0
    for matrix in (
        np.hstack([MATRIX, MATRIX[:, :5]]),
        np.vstack([MATRIX, MATRIX[:7]]),
        np.vstack([MATRIX[:30], np.zeros((30, 120))]) + 0.0,
        MATRIX[:, :40],
        MATRIX[:, :1],
        MATRIX[:1],
    ):
        b = codes(9, matrix.shape[1], 0.05) @ matrix.T
        found = recover(prepared(matrix), b, RecoveryOptions(regularization=0.05, duality_gap=1e-6))
        assert np.isfinite(found.x).all()
        assert found.provenance == ("certified",) * 9
        again = recover(prepared(matrix), b)
        assert (again.relative_residual <= 1.0).all()


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e100])
def test_hyperlista_commutes_with_the_scale_of_measurements(scale: float) -> None:
    ours, scaled = (recover(prepared(MATRIX), factor * MEASURED) for factor in (1.0, scale))
    assert np.allclose(scaled.x / scale, ours.x, rtol=1e-4, atol=1e-6)
    assert decibels(scaled.x / scale, TRUTH) < -50.0


@pytest.mark.parametrize("exponent", [-300, 3, 290])
def test_powers_of_two_change_nothing_at_all(exponent: int) -> None:
    factor = 2.0**exponent
    options = RecoveryOptions(regularization=0.01, duality_gap=1e-7)
    moved = RecoveryOptions(regularization=0.01 * factor, duality_gap=1e-7)
    ours = recover(prepared(MATRIX), MEASURED, options)
    theirs = recover(prepared(MATRIX), factor * MEASURED, moved)
    assert np.array_equal(factor * ours.x, theirs.x)
    assert np.array_equal(ours.duality_gap, theirs.duality_gap)
    assert np.array_equal(ours.relative_residual, theirs.relative_residual)


@pytest.mark.parametrize(
    "options", [RecoveryOptions(), RecoveryOptions(regularization=0.1, duality_gap=1e-6)]
)
def test_zero_measurements_have_the_code_zero(options: RecoveryOptions) -> None:
    b = MEASURED.copy()
    b[3] = 0.0
    found = recover(prepared(MATRIX), b, options)
    assert not found.x[3].any()
    assert found.relative_residual[3] == 0.0
    assert found.support_size[3] == 0


def test_one_measurement_may_be_a_row() -> None:
    whole, single = recover(prepared(MATRIX), MEASURED), recover(prepared(MATRIX), MEASURED[5])
    assert single.x.shape == (1, 120)
    assert np.allclose(single.x, whole.x[5:6], atol=1e-5)


def test_batches_join_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    options = RecoveryOptions(regularization=0.02, duality_gap=1e-6)
    whole = recover(prepared(MATRIX), MEASURED, options)
    monkeypatch.setattr(recovery, "_BATCH", 7)
    parts = recover(prepared(MATRIX), MEASURED, options)
    assert len(parts) == len(whole) == 40
    assert np.allclose(whole.x, parts.x, atol=1e-5)
    assert parts.provenance == whole.provenance
    assert len(parts.iterations) == len(parts.replaced) == 40


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("gap", [1e-3, 1e-9])
def test_goes_on_to_a_proven_gap(share: float, gap: float) -> None:
    noisy = MEASURED + 0.05 * np.random.default_rng(5).standard_normal(MEASURED.shape)
    penalty = share * float(np.abs(noisy @ MATRIX).max())
    found = recover(prepared(MATRIX), noisy, RecoveryOptions(regularization=penalty, duality_gap=gap))
    assert found.provenance == ("certified",) * 40
    assert found.duality_gap is not None
    assert (found.duality_gap <= gap).all()
    assert found.objective is not None
    expected = 0.5 * found.residual**2 + penalty * np.abs(found.x).sum(axis=1)
    assert np.allclose(found.objective, expected, rtol=1e-12)


def test_a_gap_without_time_is_not_claimed() -> None:
    b = codes(10, 120, 0.5) @ MATRIX.T
    options = RecoveryOptions(layers=1, regularization=0.001, duality_gap=1e-9, max_iterations=1)
    found = recover(prepared(MATRIX), b, options)
    assert found.provenance == ("predicted",) * 10
    assert found.duality_gap is not None
    assert (found.duality_gap > 1e-9).all()


def test_the_time_limit_ends_the_way_to_the_gap() -> None:
    options = RecoveryOptions(regularization=0.001, duality_gap=1e-9, time_limit=0.0)
    found = recover(prepared(MATRIX), MEASURED, options)
    assert not found.iterations.any()
    assert found.provenance == ("predicted",) * 40


def test_with_a_penalty_no_code_is_behind_fista() -> None:
    b = np.vstack([codes(10, 120, 0.6) @ MATRIX.T, MEASURED[:10]])
    for penalty in (1.0, 0.1, 0.003):
        ours = recover(prepared(MATRIX), b, RecoveryOptions(regularization=penalty))
        fista = recover(prepared(MATRIX), b, RecoveryOptions("fista", 16, regularization=penalty))
        assert ours.objective is not None
        assert fista.objective is not None
        assert (ours.objective <= fista.objective * (1.0 + 1e-9)).all()
        replaced = np.array(ours.replaced)
        assert np.allclose(ours.x[replaced], fista.x[replaced])
        assert not any(fista.replaced)
        if penalty == 1.0:
            assert replaced.all()
        if penalty == 0.003:
            assert not replaced[10:].any()


@pytest.mark.parametrize(
    ("b", "error"),
    [
        (np.ones((3, 59)), ShapeMismatch),
        (np.ones((2, 2, 60)), InvalidMeasurements),
        (np.full((1, 60), np.nan), InvalidMeasurements),
        (np.full((1, 60), np.inf), InvalidMeasurements),
        (np.zeros((0, 60)), InvalidMeasurements),
        ([["a"] * 60], InvalidMeasurements),
    ],
)
def test_bad_measurements_are_refused(b: Any, error: type[SparseInputError]) -> None:
    with pytest.raises(error):
        recover(prepared(MATRIX), b)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"regularization": 0.0}, InvalidRegularization),
        ({"regularization": -1.0}, InvalidRegularization),
        ({"regularization": float("nan")}, InvalidRegularization),
        ({"regularization": float("inf")}, InvalidRegularization),
        ({"duality_gap": 1e-6}, InvalidRegularization),
        ({"variant": "fista"}, InvalidRegularization),
        ({"variant": "magic"}, UnknownVariant),
        ({"layers": 0}, SparseInputError),
        ({"regularization": 1.0, "duality_gap": 0.0}, SparseInputError),
        ({"regularization": 1.0, "duality_gap": float("nan")}, SparseInputError),
        ({"regularization": 1.0, "duality_gap": float("inf")}, SparseInputError),
        ({"max_iterations": -1}, SparseInputError),
        ({"time_limit": -1.0}, SparseInputError),
        ({"precision": "half"}, SparseInputError),
    ],
)
def test_bad_options_are_refused(wrong: dict[str, Any], error: type[SparseInputError]) -> None:
    with pytest.raises(error):
        RecoveryOptions(**wrong)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_dictionary_is_answered_and_no_gap_is_false(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    entry = st.integers(-3, 3).map(float)
    cells = data.draw(st.lists(entry, min_size=rows * columns, max_size=rows * columns))
    matrix = np.array(cells).reshape(rows, columns)
    matrix[0, ~matrix.any(axis=0)] = 1.0
    matrix = matrix * 10.0 ** data.draw(st.integers(-100, 100))
    b = np.array([data.draw(st.lists(entry, min_size=rows, max_size=rows)) for _ in range(3)])
    penalty = data.draw(st.sampled_from([1e-3, 0.3, 10.0])) * float(np.abs(matrix).max())
    options = RecoveryOptions(regularization=penalty, duality_gap=1e-6, max_iterations=300)
    found = recover(prepared(matrix), b, options)
    other = recover(prepared(matrix), b, RecoveryOptions("fista", 40, regularization=penalty))
    assert found.objective is not None
    assert found.duality_gap is not None
    assert other.objective is not None
    half = 0.5 * (b**2).sum(axis=1)
    assert (found.objective - other.objective <= (found.duality_gap + 1e-12) * half).all()
    assert np.isfinite(found.x).all()
    assert (found.objective <= half * (1.0 + 1e-12)).all()


def test_prepared_dictionaries_are_kept_by_content() -> None:
    first = prepared(MATRIX)
    assert prepared(MATRIX.copy()) is first
    assert prepared(MATRIX[:, ::-1].copy()) is not first
    for seed in range(6):
        prepared(gaussian(4, 8, seed))
    assert prepared(MATRIX) is not first


def test_codes_beyond_float64_give_way_without_a_word() -> None:
    steep = 1e-150 * np.array([[1.01, 1.01], [0.0, 1e-9]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = recover(prepared(steep), np.array([[0.0, 1e150]]), RecoveryOptions(layers=200))
    assert np.isfinite(found.x).all()
    assert found.replaced == (True,)


@pytest.mark.parametrize(
    "options", [RecoveryOptions(), RecoveryOptions(regularization=0.1, duality_gap=1e-6)]
)
def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch, options: RecoveryOptions) -> None:
    told: list[int] = []
    whole = recover(prepared(MATRIX), MEASURED[:23], options)
    monkeypatch.setattr(recovery, "_BATCH", 10)
    parts = recover(prepared(MATRIX), MEASURED[:23], options, advance=told.append)
    assert told == [10, 10, 3]
    assert parts.provenance == whole.provenance
    np.testing.assert_allclose(parts.x, whole.x, atol=1e-6)
    np.testing.assert_array_equal(parts.support_size, np.count_nonzero(parts.x, axis=1))
    assert (parts.duality_gap is None) == (whole.duality_gap is None)


def test_the_time_limit_is_that_of_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    inner = recovery.continued

    def noting(*parts: Any, deadline: float, **limits: Any) -> Any:
        given.append(deadline)
        return inner(*parts, deadline=deadline, **limits)

    monkeypatch.setattr(recovery, "continued", noting)
    monkeypatch.setattr(recovery.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(recovery, "_BATCH", 6)
    recover(
        prepared(MATRIX),
        MEASURED[:23],
        RecoveryOptions(regularization=0.1, duality_gap=1e-6, time_limit=2.5),
    )
    assert given == [102.5] * 4
