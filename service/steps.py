"""The steps between a prediction and an answer; each takes drafts and gives them back improved, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from graphs.points import Candidate
from service.answers import Lane
from service.choices import Require
from service.drafts import Draft
from service.effort import Effort
from service.failures import Failure
from service.lanes import Lanes
from service.proving import prove_all
from solvers.linear.certificate import CertificateKind
from solvers.linear.lane.start import Start
from solvers.linear.rational.exact_certificate import exact_certificate


def prove(drafts: Sequence[Draft], effort: Effort) -> list[Draft | Failure]:
    """What the network's own points and rays prove, as they are or projected."""
    instances, predictions = [draft.instance for draft in drafts], [draft.prediction for draft in drafts]
    proofs = prove_all(instances, predictions, effort.tolerances)
    return [
        proof
        if isinstance(proof, Failure)
        else draft.with_certificate(proof.certificate).after("certify", proof.seconds)
        for draft, proof in zip(drafts, proofs, strict=True)
    ]


def polish(drafts: Sequence[Draft], effort: Effort) -> list[Draft]:
    """What a first-order method, and for MILPs rounding and repair, prove that go on from there."""
    from solvers.linear.polish import DEFAULT_BUDGET, polished_certificates  # loads torch

    started = perf_counter()
    instances, predictions = [draft.instance for draft in drafts], [draft.prediction for draft in drafts]
    budget = DEFAULT_BUDGET.times(effort.work)
    found = polished_certificates(
        instances, predictions, effort.tolerances, budget, optimum=effort.require is Require.OPTIMUM
    )
    share = (perf_counter() - started) / max(len(drafts), 1)
    return [
        replace(draft.with_certificate(certificate), lane=Lane.CERTIFY).after("polish", share)
        for draft, certificate in zip(drafts, found, strict=True)
    ]


def solve(drafts: Sequence[Draft], effort: Effort, lanes: Lanes, limits: Sequence[float]) -> list[Draft]:
    """What an exact solver says, started from a user's own start or the prediction, and rechecked."""
    starts = [_start(draft) for draft in drafts]
    for draft in drafts:
        lanes.about_to_solve(draft)
    known = [_known(draft) for draft in drafts]
    results = lanes.solve([draft.instance for draft in drafts], starts, effort, limits, known)
    return [
        draft.with_result(result).after("solve", result.seconds)
        for draft, result in zip(drafts, results, strict=True)
    ]


def sharpen(drafts: Sequence[Draft]) -> list[Draft]:
    """Certificates in exact arithmetic in place of numeric ones, where they can be had."""
    return [_sharpened(draft) for draft in drafts]


def _sharpened(draft: Draft) -> Draft:
    if draft.certificate is None:
        return draft
    started = perf_counter()
    exact = exact_certificate(draft.instance, draft.certificate)
    found = draft.certificate if exact is None else exact
    return replace(draft, certificate=found).after("certify", perf_counter() - started)


def _known(draft: Draft) -> Candidate | None:
    """The vectors of what was proved before."""
    proof = draft.certificate
    if proof is None:
        return None
    point, dual = (np.zeros((0, 0)) if v is None else v[None, :] for v in (proof.point, proof.dual))
    ray = np.zeros((0, 0)) if proof.ray is None else proof.ray[None, :]
    if proof.kind is CertificateKind.INFEASIBLE:
        return Candidate(farkas_rays=ray)
    return Candidate(points=point, duals=dual, rays=ray)


def _start(draft: Draft) -> Start:
    if draft.start is not None:
        return Start(primal=draft.start, origin="user")
    return Start.from_prediction(draft.instance, draft.prediction)
