"""The gap is an upper bound on P(x) − P* in exact arithmetic, whatever x is, however the data are scaled."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from solvers.sparse.certificate import (
    LassoCertificate,
    LassoForm,
    ScaledResidual,
    certify_lasso,
    scaled_residual,
)

Array = NDArray[np.float64]


def exact(values: Array) -> list[Fraction]:
    return [Fraction(value) for value in values.tolist()]


def exact_objective(matrix: Array, b: Array, penalty: float, x: Array) -> Fraction:
    code = exact(x)
    rows = [
        sum(a * c for a, c in zip(exact(row), code, strict=True)) - right
        for row, right in zip(matrix, exact(b), strict=True)
    ]
    return sum((row * row for row in rows), Fraction(0)) / 2 + Fraction(penalty) * sum(map(abs, code))


def exact_dual(matrix: Array, b: Array, penalty: float, dual: list[Fraction]) -> Fraction:
    """D(u), after checking in exact arithmetic that u is feasible."""
    for column in matrix.T:
        assert abs(sum(a * u for a, u in zip(exact(column), dual, strict=True))) <= Fraction(penalty)
    return sum((u * right - u * u / 2 for u, right in zip(dual, exact(b), strict=True)), Fraction(0))


def certified(
    matrix: Array, b: Array, penalty: float, x: Array
) -> tuple[LassoCertificate, ScaledResidual, LassoForm]:
    form = LassoForm.of(matrix)
    scaled = scaled_residual(form, b, x)
    return certify_lasso(form, penalty, scaled), scaled, form


def check(matrix: Array, b: Array, penalty: float, x: Array) -> LassoCertificate:
    """Every finite gap is at least P(x) − D(u) of the dual point that it stands on, exactly."""
    proof, scaled, _ = certified(matrix, b, penalty, x)
    for item in range(len(b)):
        if not np.isfinite(proof.gap[item]):
            continue
        power = Fraction(2) ** int(scaled.exponents[item])
        factor = Fraction(float(proof.factor[item])) * power
        dual = [factor * value for value in exact(scaled.residual[item])]
        truth = exact_objective(matrix, b[item], penalty, x[item]) - exact_dual(
            matrix, b[item], penalty, dual
        )
        assert Fraction(float(proof.gap[item])) >= truth >= 0
        half = sum(value * value for value in exact(b[item])) / 2
        if half and np.isfinite(proof.relative_gap[item]):
            assert Fraction(float(proof.relative_gap[item])) * half >= truth
    return proof


def soft(value: float, penalty: float) -> float:
    return float(np.sign(value) * max(abs(value) - penalty, 0.0))


finite = st.floats(-1e3, 1e3, allow_subnormal=False)
sizes = st.integers(-140, 140).map(lambda power: 10.0**power)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_holds_in_exact_arithmetic_at_any_scale(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    matrix = np.array(data.draw(st.lists(finite, min_size=rows * columns, max_size=rows * columns))).reshape(
        rows, columns
    )
    b = np.array([data.draw(st.lists(finite, min_size=rows, max_size=rows))])
    x = np.array([data.draw(st.lists(finite, min_size=columns, max_size=columns))])
    check(matrix * data.draw(sizes), b * data.draw(sizes), data.draw(sizes), x * data.draw(sizes))


def test_a_corrupted_code_never_looks_better_than_it_is() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((3, 4))
    b = rng.standard_normal((1200, 3)) * 10.0 ** rng.integers(-8, 8, size=(1200, 1))
    x = rng.standard_normal((1200, 4)) * 10.0 ** rng.integers(-12, 6, size=(1200, 4))
    x *= rng.random((1200, 4)) < 0.5
    proof = check(matrix, b, 0.3, x)
    assert np.isfinite(proof.gap).all()


@settings(max_examples=100, deadline=None)
@given(
    a=st.floats(0.01, 100.0),
    b=st.integers(-1000, 1000).map(lambda k: k / 7),
    penalty=st.floats(1e-3, 1e3),
    x=finite,
)
def test_one_atom_has_a_closed_form(a: float, b: float, penalty: float, x: float) -> None:
    matrix, right = np.array([[a]]), np.array([[b]])
    optimum = soft(a * b, penalty) / (a * a)
    proof = check(matrix, right, penalty, np.array([[x]]))
    best = exact_objective(matrix, right[0], penalty, np.array([optimum]))
    assert Fraction(float(proof.gap[0])) >= exact_objective(matrix, right[0], penalty, np.array([x])) - best
    tight = check(matrix, right, penalty, np.array([[optimum]]))
    assert tight.gap[0] <= 1e-12 * (0.5 * b * b + penalty * abs(optimum)) + 1e-140


def test_zero_is_proved_optimal_from_the_largest_correlation_on() -> None:
    rng = np.random.default_rng(0)
    matrix, b = rng.standard_normal((20, 40)), rng.standard_normal((6, 20))
    largest = np.abs(b @ matrix).max(axis=1)
    form = LassoForm.of(matrix)
    zero = scaled_residual(form, b, np.zeros((6, 40)))
    assert (certify_lasso(form, 1.01 * largest, zero).relative_gap < 1e-25).all()
    assert (certify_lasso(form, 0.9 * largest, zero).relative_gap > 1e-4).all()


def test_zero_measurements_are_solved_by_zero_alone() -> None:
    matrix, b = np.eye(3), np.zeros((2, 3))
    x = np.array([[0.0, 0.0, 0.0], [1e-9, 0.0, 0.0]])
    proof, scaled, _ = certified(matrix, b, 1.0, x)
    assert proof.relative_gap.tolist() == [0.0, np.inf]
    assert scaled.relative_norms.tolist() == [0.0, np.inf]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 1e300])
def test_what_is_not_finite_or_far_out_has_no_proof(bad: float) -> None:
    matrix, b = np.eye(3), np.ones((1, 3))
    proof, _, _ = certified(matrix, b, 0.5, np.array([[bad, 0.0, 0.0]]))
    assert proof.gap[0] == np.inf
    assert proof.relative_gap[0] == np.inf


@pytest.mark.parametrize("power", [-560, -570, -574, -575, -576, -600])
def test_codes_that_scaling_rounds_keep_their_cost(power: int) -> None:
    matrix, b = np.array([[2.0**-500, 2.0**-502]]), np.ones((1, 1))
    for penalty in (2.0**490, 2.0**500, 2.0**560, 2.0**600):
        check(matrix, b, penalty, 1.1 * np.array([[2.0**power, 0.0]]))
        proof = check(matrix, np.zeros((1, 1)), penalty, np.array([[2.0**power, 0.0]]))
        assert proof.relative_gap[0] == np.inf


def test_the_gap_does_not_depend_on_powers_of_two() -> None:
    rng = np.random.default_rng(5)
    matrix, b, x = rng.standard_normal((5, 8)), rng.standard_normal((3, 5)), rng.standard_normal((3, 8))
    proof, _, _ = certified(matrix, b, 0.25, x)
    a, c = 2.0**-60, 2.0**90
    moved, _, _ = certified(a * matrix, c * b, 0.25 * a * c, x * (c / a))
    assert np.array_equal(proof.relative_gap, moved.relative_gap)


def test_residuals_are_those_of_the_matrix_as_given() -> None:
    rng = np.random.default_rng(6)
    matrix, b, x = 1e-90 * rng.standard_normal((4, 6)), 1e80 * rng.standard_normal((2, 4)), np.zeros((2, 6))
    x[0, 2] = 1e170
    scaled = scaled_residual(LassoForm.of(matrix), b, x)
    expected = np.linalg.norm((b - x @ matrix.T) * 1e-80, axis=1) * 1e80
    assert np.allclose(scaled.norms, expected, rtol=1e-13)
    assert np.allclose(scaled.relative_norms[1], 1.0)
