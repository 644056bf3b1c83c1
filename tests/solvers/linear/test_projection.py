"""Candidates that nearly prove something are mended into ones that do; nothing false comes of it."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import CLASSES, Verdict
from solvers.linear.certificate import certify
from solvers.linear.exact import ExactSolution, solve_highs
from solvers.linear.projection import project
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
        ("random-lp", "infeasible"),
        ("random-lp-infinite", "optimal"),
        ("random-lp-infinite", "infeasible"),
        ("random-lp-infinite", "unbounded"),
    ],
)
def test_disturbed_answers_are_mended(family: str, status: str) -> None:
    cases = solved(family, status, 20)
    proved = 0
    for instance, answer in cases:
        mended = project(instance, candidate(answer), Verdict(status))
        certificate = certify(instance, mended)
        if certificate is not None and certificate.verdict is not None:
            assert certificate.verdict == status
            proved += 1
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
            mended = project(instance, Candidate(10 * columns, rows, rows, columns), verdict)
            certificate = certify(instance, mended)
            if certificate is not None and certificate.verdict is not None:
                assert certificate.verdict == truth


def test_a_large_instance_is_projected_in_sparse_form() -> None:
    size = {"rows": 2100, "columns": 2000, "nonzeros": 6000}
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1, size=size)
    points = np.zeros((1, instance.columns))
    mended = project(instance, Candidate(points=points), Verdict.OPTIMAL)
    assert mended.points.shape == (1, instance.columns)


def test_nothing_to_mend() -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    for verdict in CLASSES:
        mended = project(instance, Candidate(), verdict)
        assert [len(part) for part in vars(mended).values()] == [0, 0, 0, 0]
    broken = Candidate(points=np.full((1, instance.columns), np.nan))
    assert len(project(instance, broken, Verdict.OPTIMAL).points) == 0
