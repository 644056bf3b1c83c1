"""Candidates that nearly prove something are mended into ones that do; nothing false comes of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import CLASSES, Verdict
from solvers.linear import least_squares
from solvers.linear.certificate import certify
from solvers.linear.exact.adapters import ExactSolution, solve_highs
from solvers.linear.projection import projections
from training.families import FAMILIES, generate

NOISE = 1e-3


def solved(family: str, status: str, count: int) -> list[tuple[Instance, ExactSolution]]:
    found = []
    for instance in generate(FAMILIES[family], 40 * count, seed=13):
        answer = solve_highs(instance, time_limit=10.0)
        if answer.status.value == status:
            found.append((instance, answer))
        if len(found) == count:
            break
    return found


def disturbed(vector: np.ndarray | None, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    assert vector is not None
    noise = np.random.default_rng(seed).normal(0, NOISE, (3, len(vector)))
    return vector * (1 + noise) + noise * np.abs(vector).max() * (vector != 0)


def candidate(answer: ExactSolution) -> Candidate:
    parts = {}
    for name, vector in (
        ("points", answer.primal),
        ("duals", answer.dual),
        ("farkas_rays", answer.farkas_ray),
        ("rays", answer.unbounded_ray),
    ):
        if vector is not None:
            parts[name] = disturbed(vector, 1)
    return Candidate(**parts)


@pytest.mark.parametrize(
    ("family", "status"),
    [
        ("random-lp", "optimal"),
        ("random-lp-infinite", "optimal"),
        ("random-lp-infinite", "infeasible"),
        ("random-lp-infinite", "unbounded"),
    ],
)
def test_disturbed_answers_are_mended(family: str, status: str) -> None:
    cases = solved(family, status, 20)
    proved = 0
    for instance, answer in cases:
        found = verdicts(instance, candidate(answer), Verdict(status))
        assert found <= {status}
        proved += len(found)
    assert len(cases) == 20
    assert proved >= 15


def test_no_projection_proves_what_is_false() -> None:
    """Whatever verdict is asked for, from whatever noise: the certificate says the truth or nothing."""
    generator = np.random.default_rng(0)
    for instance in generate(FAMILIES["random-lp-infinite"], 40, seed=14):
        truth = solve_highs(instance, time_limit=10.0).status.value
        rows, columns = (
            generator.normal(size=(4, instance.rows)),
            generator.normal(size=(4, instance.columns)),
        )
        for verdict in CLASSES:
            assert verdicts(instance, Candidate(10 * columns, rows, rows, columns), verdict) <= {truth}


def test_a_large_instance_is_projected_in_sparse_form() -> None:
    """Equalities and inequalities around a known point; it is disturbed and found again."""
    generator = np.random.default_rng(0)
    rows, columns, entries = 700, 800, 2400
    places = generator.choice(rows * columns, entries, replace=False)
    matrix = csr_array(
        (generator.normal(size=entries), (places // columns, places % columns)), shape=(rows, columns)
    )
    point = generator.uniform(0.2, 0.8, columns)
    activity = matrix @ point
    instance = Instance(
        name="large",
        objective_vector=np.ones(columns),
        constraint_matrix=matrix,
        constraint_lower_bound=np.where(np.arange(rows) < 100, activity, -np.inf),
        constraint_upper_bound=np.where(np.arange(rows) < 100, activity, activity + 0.1),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.zeros(columns, dtype=np.bool_),
    )
    assert rows * columns > least_squares._DENSE
    near = (point + generator.normal(0, NOISE, columns))[None]
    assert certify(instance, Candidate(points=near)) is None
    assert verdicts(instance, Candidate(points=near), Verdict.OPTIMAL) == {"optimal"}


def test_with_bounded_boxes_only_points_are_mended() -> None:
    """Any ray is as good as it can be made there, and no direction is unbounded."""
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    rows, columns = np.ones((2, instance.rows)), np.ones((2, instance.columns))
    proposed = Candidate(columns, rows, rows, columns)
    assert list(projections(instance, proposed, [Verdict.INFEASIBLE])) == []
    for verdicts in (
        [Verdict.OPTIMAL],
        [Verdict.UNBOUNDED],
        list(CLASSES),
        [Verdict.UNBOUNDED, Verdict.OPTIMAL],
    ):
        found = list(projections(instance, proposed, verdicts))
        assert [len(part.points) for part in found] == [1, 2]
        assert not any(len(part.rays) or len(part.farkas_rays) for part in found)


def test_verdicts_take_turns_and_share_their_points() -> None:
    (instance,) = generate(FAMILIES["random-lp-infinite"], 1, seed=1, size={"infinite": 0.5})
    generator = np.random.default_rng(0)
    rows, columns = generator.normal(size=(2, instance.rows)), generator.normal(size=(2, instance.columns))
    verdicts = [Verdict.UNBOUNDED, Verdict.INFEASIBLE, Verdict.OPTIMAL]
    found = list(projections(instance, Candidate(columns, rows, rows, columns), verdicts))
    kinds = [(len(p.points), len(p.duals), len(p.farkas_rays), len(p.rays)) for p in found]
    assert kinds == [(1, 2, 0, 1), (0, 0, 1, 0), (1, 3, 0, 0), (2, 2, 0, 2), (0, 0, 2, 0), (2, 4, 0, 0)]
    np.testing.assert_array_equal(found[0].points, found[2].points)


def test_it_ends_with_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    points = np.random.default_rng(0).normal(0, 10, (6, instance.columns))
    monkeypatch.setattr(least_squares, "_WORK", 1.0)
    monkeypatch.setattr(least_squares, "_WORK_PER_NONZERO", 0.0)
    assert len(list(projections(instance, Candidate(points=points), [Verdict.OPTIMAL]))) == 1


def test_nothing_to_mend() -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    for verdict in CLASSES:
        assert list(projections(instance, empty(instance), [verdict])) == []
    broken = Candidate(points=np.full((1, instance.columns), np.nan), duals=np.zeros((0, instance.rows)))
    assert list(projections(instance, broken, [Verdict.OPTIMAL])) == []


def test_each_projection_keeps_the_ones_before() -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    points = np.random.default_rng(0).normal(0, 10, (6, instance.columns))
    found = list(projections(instance, Candidate(points=points), [Verdict.OPTIMAL], most=3))
    assert [len(part.points) for part in found] == [1, 2, 3]
    np.testing.assert_array_equal(found[2].points[:2], found[1].points)


def empty(instance: Instance) -> Candidate:
    rows, columns = np.zeros((0, instance.rows)), np.zeros((0, instance.columns))
    return Candidate(columns, rows, rows, columns)


def verdicts(instance: Instance, proposed: Candidate, verdict: Verdict) -> set[str]:
    """What the projections of a candidate prove."""
    certificates = (certify(instance, mended) for mended in projections(instance, proposed, [verdict]))
    return {str(proof.verdict) for proof in certificates if proof is not None and proof.verdict is not None}
