"""Failures by name, and when a result counts as certified."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphs.prediction import Verdict
from runtime.results import TaskCrashed, TaskFailed, TaskTimeout
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, CertificateKind
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.result import FailureKind, LaneFailure, LaneResult


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (TaskTimeout(3.0), FailureKind.TIMEOUT),
        (TaskCrashed(11, None), FailureKind.CRASHED),
        (TaskCrashed(6, None, "terminate called: std::bad_alloc"), FailureKind.OUT_OF_MEMORY),
        (TaskFailed("MemoryError", ""), FailureKind.OUT_OF_MEMORY),
        (TaskFailed("_ArrayMemoryError", "Unable to allocate"), FailureKind.OUT_OF_MEMORY),
        (TaskFailed("ValueError", "no"), FailureKind.ERROR),
    ],
)
def test_failures_are_named(failure: Any, kind: FailureKind) -> None:
    assert LaneFailure.of(failure).kind is kind


def test_certified_is_what_the_certificate_implies() -> None:
    proof = Certificate(CertificateKind.INFEASIBLE, "instance", "", DEFAULT_TOLERANCES)
    result = LaneResult("HiGHS", SolveStatus.INFEASIBLE, "", 1.0, certificate=proof)
    assert not result.is_certified  # nothing was accepted
    assert replace(result, verdict=Verdict.INFEASIBLE).is_certified
    assert not replace(result, verdict=Verdict.OPTIMAL).is_certified
    assert not replace(result, verdict=Verdict.INFEASIBLE, certificate=None).is_certified
