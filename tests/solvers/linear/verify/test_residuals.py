"""Numbers of numeric certificates lie in the ranges that exact arithmetic gives them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.decimals import decimal
from graphs.instance import Instance
from solvers.linear import residuals
from solvers.linear.rational.program import RationalProgram, RationalVector
from solvers.linear.residuals import DEFAULT_TOLERANCES, LinearForm, point_values
from solvers.linear.verify.residuals import Measures, point_ranges, rounding_factor, vanishing_costs


def random_instance(rng: np.random.Generator) -> Instance:
    m, n = 5, 7
    lower = rng.normal(size=m)
    return Instance(
        name="random",
        objective_vector=rng.normal(size=n),
        constraint_matrix=csr_array(rng.normal(size=(m, n)) * (rng.random((m, n)) < 0.6)),
        constraint_lower_bound=lower,
        constraint_upper_bound=lower + rng.random(m),
        variable_lower_bound=np.where(rng.random(n) < 0.5, -np.inf, -1.0),
        variable_upper_bound=np.where(rng.random(n) < 0.5, np.inf, 1.0),
        integrality=rng.random(n) < 0.5,
    )


@pytest.mark.parametrize("terms", [0, 1, 17, 1000])
def test_the_rounding_factor_is_the_numeric_one(terms: int) -> None:
    numeric = float(residuals.rounding_factor(np.array(terms)))
    assert float(rounding_factor(terms)) == pytest.approx(numeric, rel=1e-15)


@pytest.mark.parametrize("seed", range(25))
def test_residuals_of_points_lie_in_their_ranges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = random_instance(rng)
    point = rng.normal(size=instance.columns)
    values = point_values(instance, point[None, :], DEFAULT_TOLERANCES)
    measures = Measures(RationalProgram.of(instance))
    exact = RationalVector.of([decimal(x) for x in point.tolist()])
    whole = [
        abs(x - round(x)) for x, whole in zip(exact.fractions(), instance.integrality, strict=True) if whole
    ]
    ranges = point_ranges(measures, exact, max(whole, default=Fraction(0)))
    for name, (low, high) in ranges.items():
        stated = Fraction(float(getattr(values, name)[0]))
        assert low * Fraction(1 - 10**-12) <= stated <= high * Fraction(1 + 10**-9), name
    form = LinearForm.of(instance)
    sizes = form.activities(point[None, :])[1][0]
    for ours, theirs in zip(measures.absolute_activities(exact), sizes.tolist(), strict=True):
        assert float(ours) == pytest.approx(theirs, rel=1e-12, abs=1e-300)


def test_only_what_an_infinite_side_forbids_is_a_violation() -> None:
    rng = np.random.default_rng(1)
    instance = random_instance(rng)
    program = RationalProgram.of(instance)
    dual = RationalVector.of([decimal(y) for y in rng.normal(size=instance.rows).tolist()])
    cone = vanishing_costs(Measures(program), dual, program.box(), priced=True)
    y = np.array([float(value) for value in dual.fractions()])
    reduced = instance.objective_vector - instance.constraint_matrix.T @ y
    no_lower, no_upper = np.isinf(instance.variable_lower_bound), np.isinf(instance.variable_upper_bound)
    expected = np.maximum(np.where(no_lower, reduced, 0.0), np.where(no_upper, -reduced, 0.0))
    assert cone.index == np.flatnonzero(no_lower | no_upper).tolist()
    assert float(cone.total[0]) == pytest.approx(np.maximum(expected, 0.0).sum(), rel=1e-12)
    assert cone.total[0] <= cone.total[1]
    assert cone.excess <= cone.largest_share[0]
