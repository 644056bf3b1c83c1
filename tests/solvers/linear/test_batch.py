"""What is decided together is decided as `certify` would decide it alone, and nothing else is decided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear import batch, stack
from solvers.linear.batch import Case, certify_clear
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, Tolerances, certify
from solvers.linear.exact.adapters import solve_highs
from tests.solvers.linear.test_certificate_truth import (
    adversarial,
    check_exactly,
    random_instance,
    random_scaling,
    scaled,
)
from training.families import FAMILIES, generate

INF = np.inf


def boxed(instance: Instance) -> Instance:
    """The instance with every variable bounded on both sides."""
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    lower = np.where(np.isfinite(lower), lower, np.minimum(upper, 0.0) - 3.0)
    return replace(
        instance,
        variable_lower_bound=lower,
        variable_upper_bound=np.where(np.isfinite(upper), upper, lower + 5),
    )


def random_case(rng: np.random.Generator, *, mip: bool) -> Case:
    """Mostly with a bounded box; the candidates are small integers, noise and numbers of absurd sizes."""
    plain = random_instance(rng, mip=mip)
    plain = boxed(plain) if rng.random() < 0.7 else plain
    by = random_scaling(plain, rng)
    kept = slice(None) if rng.random() < 0.3 else slice(0, 4)  # without absurd sizes more cases are clear
    candidate = Candidate(
        points=adversarial(rng, None, 1 / by.columns)[kept],
        duals=adversarial(rng, None, by.objective / by.rows)[kept],
        farkas_rays=adversarial(rng, None, 1 / by.rows)[kept],
    )
    return Case(scaled(plain, by), candidate)


def same(found: Certificate, alone: Certificate | None) -> None:
    """Equal claims; the numbers may differ by rounding, the vectors where several prove the same."""
    assert alone is not None
    assert (found.kind, found.scope, found.verdict) == (alone.kind, alone.scope, alone.verdict)
    if found.objective is None:
        return
    assert alone.objective is not None
    assert alone.dual_bound is not None
    assert found.objective == pytest.approx(alone.objective, rel=1e-9, abs=1e-9)
    assert found.dual_bound == pytest.approx(alone.dual_bound, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), mip=st.booleans(), dense=st.booleans())
def test_clear_cases_are_decided_as_alone(seed: int, mip: bool, dense: bool) -> None:
    rng = np.random.default_rng(seed)
    cases = [random_case(rng, mip=mip) for _ in range(8)]
    with pytest.MonkeyPatch.context() as patch:
        if not dense:
            patch.setattr(stack, "_DENSE_ENTRIES", 0)
        outcomes = certify_clear(cases, DEFAULT_TOLERANCES)
    for case, outcome in zip(cases, outcomes, strict=True):
        assert not outcome.mended
        if outcome.certificate is not None:
            same(outcome.certificate, certify(case.instance, case.candidate))
            check_exactly(case.instance, outcome.certificate)


def network_like(instance: Instance, noise: float) -> Candidate:
    """A solver's vectors with relative noise, three of each."""
    answer = solve_highs(instance, time_limit=10.0)
    rng = np.random.default_rng(1)
    parts = {}
    given_vectors = {"points": answer.primal, "duals": answer.dual, "farkas_rays": answer.farkas_ray}
    for name, vector in given_vectors.items():
        width = instance.columns if name == "points" else instance.rows
        near = rng.normal(size=width) if vector is None else vector
        parts[name] = near * (1 + noise * rng.normal(size=(3, width)))
    return Candidate(**parts)


def test_random_lps_are_clear_cases_once_their_points_are_mended() -> None:
    instances = list(generate(FAMILIES["random-lp"], 60, seed=3))
    candidates = [network_like(instance, 1e-3) for instance in instances]
    pairs = list(zip(instances, candidates, strict=True))
    unmended = certify_clear([Case(*pair) for pair in pairs], DEFAULT_TOLERANCES)
    outcomes = certify_clear([Case(*pair, mend=True) for pair in pairs], DEFAULT_TOLERANCES)
    kinds = Counter(str(o.certificate.verdict) if o.certificate else "open" for o in outcomes)
    assert kinds["open"] <= 2
    assert min(kinds["optimal"], kinds["infeasible"]) >= 20
    for pair, plain, outcome in zip(pairs, unmended, outcomes, strict=True):
        alone = certify(*pair)
        if plain.certificate is not None:
            same(plain.certificate, alone)
        if alone is not None and outcome.certificate is not None:
            same(outcome.certificate, alone)
        if outcome.certificate is not None and outcome.certificate.point is not None:
            point = outcome.certificate.point
            again = certify(pair[0], Candidate(points=point[None], duals=pair[1].duals))
            same(outcome.certificate, again)


def test_an_outcome_does_not_depend_on_the_others() -> None:
    instances = list(generate(FAMILIES["random-lp"], 12, seed=4))
    instances += generate(FAMILIES["random-lp"], 5, seed=4, size={"rows": 3, "columns": 7, "nonzeros": 9})
    cases = [Case(instance, network_like(instance, 1e-3), mend=True) for instance in instances]
    together = certify_clear(cases, DEFAULT_TOLERANCES)
    for case, outcome in zip(cases, together, strict=True):
        (alone,) = certify_clear([case], DEFAULT_TOLERANCES)
        assert (alone.certificate is None, alone.mended) == (outcome.certificate is None, outcome.mended)
        if alone.certificate is not None and outcome.certificate is not None:
            first = alone.certificate.to_json(case.instance, vectors=True)
            assert first == outcome.certificate.to_json(case.instance, vectors=True)


def test_large_batches_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    instances = list(generate(FAMILIES["random-lp"], 9, seed=4))
    cases = [Case(instance, network_like(instance, 1e-3), mend=True) for instance in instances]
    whole = certify_clear(cases, DEFAULT_TOLERANCES)
    monkeypatch.setattr(batch, "_MOST_NUMBERS", 1000)
    seen: list[int] = []
    settle = batch._Group.outcomes

    def counted(group: batch._Group) -> list[batch.Outcome]:
        seen.append(len(group.cases))
        return settle(group)

    monkeypatch.setattr(batch._Group, "outcomes", counted)
    parts = certify_clear(cases, DEFAULT_TOLERANCES)
    assert sum(seen) == 9
    assert max(seen) < 9
    assert [o.certificate is None for o in parts] == [o.certificate is None for o in whole]


def square(upper: float = 1.0, side: float = 0.5, integer: bool = False, cost: float = 1.0) -> Instance:
    """minimise cost·(x + y) over x + y ≥ side, x − y = 0, 0 ≤ x, y ≤ upper."""
    return Instance(
        name="square",
        objective_vector=np.full(2, cost),
        constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, -1.0]])),
        constraint_lower_bound=np.array([side, 0.0]),
        constraint_upper_bound=np.array([INF, 0.0]),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.full(2, upper),
        integrality=np.full(2, integer),
    )


HALF = Candidate(
    points=np.array([[0.2, 0.2]]), duals=np.array([[0.9, 0.0]]), farkas_rays=np.array([[1.0, 0.0]])
)


def only(instance: Instance, candidate: Candidate = HALF, **given: bool) -> batch.Outcome:
    (outcome,) = certify_clear([Case(instance, candidate, **given)], DEFAULT_TOLERANCES)
    return outcome


def test_a_trivial_point_needs_no_mending() -> None:
    """(1, 1) would do, were the costs negative: then it is what they prefer."""
    found = only(square(cost=-1.0)).certificate
    assert found is not None
    assert (found.kind, found.objective) == ("optimal", -2.0)


def test_points_are_mended_where_that_is_asked_for() -> None:
    assert only(square()).certificate is None
    outcome = only(square(), mend=True)
    assert outcome.certificate is not None
    assert (outcome.certificate.kind, outcome.certificate.verdict) == ("feasible", "optimal")
    assert outcome.certificate.objective == pytest.approx(0.5)
    assert outcome.certificate.dual_bound == pytest.approx(0.45)


@pytest.mark.parametrize(
    "instance",
    [
        square(upper=INF),
        square(integer=True, side=0.5),
        replace(square(), objective_vector=np.array([1e-120, 1.0])),
        replace(square(), constraint_lower_bound=np.array([1e120, 0.0])),
        replace(
            square(integer=True), variable_lower_bound=np.full(2, 0.3), variable_upper_bound=np.full(2, 0.6)
        ),
    ],
    ids=["no upper bound", "integers are not mended", "tiny cost", "huge side", "no integer between bounds"],
)
def test_what_is_not_clear_is_left_alone(instance: Instance) -> None:
    assert only(instance, mend=True).certificate is None


def test_a_point_within_tolerance_does_not_hide_a_clear_ray() -> None:
    """x + y ≥ 2 + 1e-6 over [0, 1]²: (1, 1) is feasible within tolerance, the ray proves it is not."""
    instance = square(side=2.0 + 1e-6)
    candidate = replace(HALF, points=np.ones((1, 2)))
    assert certify(instance, Candidate(points=np.ones((1, 2)))).kind == "infeasible"  # type: ignore[union-attr]
    found = only(instance, candidate, mend=True).certificate
    assert found is not None
    assert found.kind == "infeasible"
    assert only(instance, replace(candidate, farkas_rays=np.zeros((0, 2))), mend=True).certificate is None


def test_a_point_that_is_feasible_but_not_clear_is_left_to_be_projected() -> None:
    """A mended point may violate a row by less than the tolerance and more than is negligible."""
    loose = Tolerances(ray=1e-300)
    case = Case(square(), replace(HALF, points=np.array([[0.3, 0.3 + 1e-4]])), mend=True)
    (outcome,) = certify_clear([case], loose)
    assert outcome.certificate is None
    assert not outcome.mended


def test_a_feasible_point_that_is_not_clear_is_not_mended_either() -> None:
    """`certify` would take it as it is."""
    case = Case(square(), replace(HALF, points=np.array([[0.3, 0.3 + 1e-7]])), mend=True)
    assert certify(case.instance, case.candidate) is not None
    (outcome,) = certify_clear([case], DEFAULT_TOLERANCES)
    assert outcome.certificate is None


def test_an_absurd_dual_that_might_close_the_gap_is_left_to_certify() -> None:
    """−1e35 · 0 for the row and for the bound that is 0: nothing is rounded, but estimates cannot tell."""
    instance = replace(
        square(),
        objective_vector=np.array([-1.0, 0.0]),
        constraint_lower_bound=np.array([-INF, 0.0]),
        constraint_upper_bound=np.zeros(2),
    )
    candidate = Candidate(points=np.zeros((1, 2)), duals=np.array([[-1e35, 0.0]]))
    alone = certify(instance, candidate)
    assert alone is not None
    assert alone.kind == "optimal"
    assert only(instance, candidate).certificate is None


def test_a_ray_that_is_not_clear_keeps_its_instance_from_being_mended() -> None:
    """2 + 1e-11: the ray gains less than a point within tolerance may violate."""
    assert not only(square(side=2.0 + 1e-11), mend=True).mended


def test_what_cannot_be_mended_is_said_to_have_been_tried() -> None:
    outcome = only(square(side=3.0), replace(HALF, farkas_rays=np.zeros((1, 2))), mend=True)
    assert outcome.certificate is None
    assert outcome.mended


@pytest.mark.parametrize(
    "candidate",
    [
        replace(HALF, points=np.ones((1, 3))),
        replace(HALF, duals=np.ones(2)),
        replace(HALF, farkas_rays=np.ones((2, 1))),
    ],
    ids=["points", "duals", "rays"],
)
def test_wrong_shapes_are_left_to_be_refused(candidate: Candidate) -> None:
    good, bad = certify_clear(
        [Case(square(), HALF, True), Case(square(), candidate, True)], DEFAULT_TOLERANCES
    )
    assert good.certificate is not None
    assert bad.certificate is None
    with pytest.raises(ValueError, match="shape"):
        certify(square(), candidate)


def test_nothing_proposed_and_nothing_there() -> None:
    assert certify_clear([], DEFAULT_TOLERANCES) == []
    assert only(square(), Candidate(), mend=True).certificate is None
    empty = replace(
        square(),
        constraint_matrix=csr_array((0, 2)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        constraint_names=(),
    )
    assert only(empty, Candidate()).certificate is None


def test_broken_rows_are_ignored() -> None:
    """As if they were not there: not a number of theirs reaches a certificate."""
    broken = Candidate(
        points=np.array([[np.nan, 0.2], [INF, INF], [0.2, 0.2]]),
        duals=np.array([[INF, 0.0], [0.9, 0.0]]),
        farkas_rays=np.array([[np.nan, 1.0], [1.0, 0.0]]),
    )
    found, wanted = only(square(), broken, mend=True).certificate, only(square(), mend=True).certificate
    assert found is not None
    assert wanted is not None
    assert found.to_json(square(), vectors=True) == wanted.to_json(square(), vectors=True)


def test_tolerances_are_those_asked_for() -> None:
    strict = Tolerances(gap=1e-3)
    (outcome,) = certify_clear([Case(square(cost=-1.0), HALF)], strict)
    assert outcome.certificate is not None
    assert outcome.certificate.tolerances == strict


@pytest.mark.parametrize(("gap", "kind"), [(0.02, "feasible"), (0.04, None), (0.06, "optimal")])
def test_a_gap_near_its_tolerance_is_not_clear(gap: float, kind: str | None) -> None:
    """The mended point costs 0.5, its dual bound is 0.45; the gap is 0.05 beside ‖c‖_∞."""
    (outcome,) = certify_clear([Case(square(), HALF, mend=True)], Tolerances(gap=gap))
    assert (outcome.certificate and str(outcome.certificate.kind)) == kind
