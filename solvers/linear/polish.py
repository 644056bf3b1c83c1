"""From a network's prediction to a proof, without an exact solver: what the policy `certify` does.

    LP      the primal–dual method goes on from the predicted point and prices (`solvers.linear.pdhg`), all
            instances of a batch together, to one tolerance after another; after each, what it found is
            certified as it is, then moved onto the face it is near, then projected. Only instances that are
            not settled go on.
    MILP    the same method on the relaxation, for a bound or a Farkas ray; then integral points by
            propagation, rounding and repair (`solvers.linear.integral`), guided by the network and by the
            relaxed optimum.

All work is counted, none of it timed: the same batch gives the same certificates. In other company an
instance's numbers may differ in their last digits, as sparse products sum in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate, Matrix, PrimalDualPoint
from graphs.prediction import Prediction, Verdict
from solvers.iteration import TerminationReason
from solvers.linear.certificate import Certificate, CertificateKind, Tolerances, certify
from solvers.linear.comparison import merged
from solvers.linear.integral.budget import RepairBudget
from solvers.linear.integral.repair import repair
from solvers.linear.pdhg import PdhgOutcome, PdhgSettings, solve_pdhg
from solvers.linear.projection import projections
from solvers.linear.snapping import snapped
from solvers.linear.warm_start import warm_starts

_ENDED = (TerminationReason.INFEASIBLE, TerminationReason.UNBOUNDED)
_COMPLETIONS = 0.5  # share of the budget for all completions of a MILP's continuous columns
_COMPLETION_TOLERANCE = 1e-6


@dataclass(frozen=True)
class PolishBudget:
    """Work that a polish may do for an instance.

    Attributes:
        iterations: of the primal–dual method, over all tolerances.
        products: iterations times nonzeros, likewise.
        operations: of the search for integral points (`RepairBudget`).
        tolerances: relative errors to which the method goes, one after the other; each has an equal share of
            the iterations and products, whatever the rest of the batch needs.
    """

    iterations: int = 20_000
    products: int = 500_000_000
    operations: float = 5e6
    tolerances: tuple[float, ...] = (1e-4, 1e-6, 1e-8)

    def times(self, factor: float) -> PolishBudget:
        """The same, with so many times the work."""
        return replace(
            self,
            iterations=max(1, int(self.iterations * factor)),
            products=max(1, int(self.products * factor)),
            operations=max(1.0, self.operations * factor),
        )

    def stages(self) -> Iterator[PdhgSettings]:
        """The settings of one run of the method after the other."""
        count = len(self.tolerances)
        for tolerance in self.tolerances:
            yield PdhgSettings(
                tolerance=tolerance,
                max_iterations=max(1, self.iterations // count),
                max_products=max(1, self.products // count),
            )


DEFAULT_BUDGET = PolishBudget()


def polished_certificates(
    instances: Sequence[Instance],
    predictions: Sequence[Prediction],
    tolerances: Tolerances,
    budget: PolishBudget = DEFAULT_BUDGET,
    *,
    optimum: bool = False,
) -> list[Certificate | None]:
    """The strongest certificate found for each instance, None where there is none.

    Args:
        optimum: go on until the gap is closed, not only until the verdict is proved.
    """
    found: list[Certificate | None] = [None] * len(instances)
    starts = warm_starts(instances, predictions)
    reached = [Candidate()] * len(instances)
    left = list(range(len(instances)))
    for settings in budget.stages():
        outcomes = solve_pdhg(
            [instances[k] for k in left], starts=[starts[k] for k in left], settings=settings
        )
        for k, outcome in zip(left, outcomes, strict=True):
            starts[k], reached[k] = PrimalDualPoint(outcome.primal, outcome.dual), outcome.candidate()
            found[k] = _claimed(instances[k], predictions[k], outcome, tolerances, found[k], optimum)
        left = [
            k
            for k, outcome in zip(left, outcomes, strict=True)
            if outcome.reason not in _ENDED and not instances[k].is_mip and not _is_settled(found[k], optimum)
        ]
    for k, instance in enumerate(instances):
        if instance.is_mip and not _proves_infeasible(found[k]):
            claim = _repaired(instance, predictions[k], reached[k], tolerances, budget, any_point=not optimum)
            found[k] = merged(instance, found[k], claim, tolerances, besides=predictions[k].candidate)
    return found


def _claimed(
    instance: Instance,
    said: Prediction,
    outcome: PdhgOutcome,
    tolerances: Tolerances,
    before: Certificate | None,
    optimum: bool,
) -> Certificate | None:
    """What the method's point, prices and rays prove, as they are or mended, or what was proved before."""
    duals = Candidate(duals=outcome.dual[None, :])
    claim = certify(instance, outcome.candidate(), tolerances=tolerances)
    claim = merged(instance, before, claim, tolerances, besides=duals)
    if _is_settled(claim, optimum):
        return claim
    for mended in _mended(instance, outcome, said):
        further = certify(instance, mended, tolerances=tolerances)
        claim = merged(instance, claim, further, tolerances, besides=duals)
        if _is_settled(claim, optimum):
            break
    return claim


def _mended(instance: Instance, outcome: PdhgOutcome, said: Prediction) -> Iterator[Candidate]:
    """On the face that the outcome is near, and projected."""
    if outcome.reason not in _ENDED:
        yield from snapped(instance, outcome.primal, outcome.dual)
    yield from projections(instance, outcome.candidate(), _verdicts(outcome, said))


def _verdicts(outcome: PdhgOutcome, said: Prediction) -> list[Verdict]:
    """What the outcome could prove, the likeliest first."""
    match outcome.reason:
        case TerminationReason.INFEASIBLE:
            return [Verdict.INFEASIBLE]
        case TerminationReason.UNBOUNDED:
            return [Verdict.UNBOUNDED]
        case TerminationReason.CONVERGED:
            return [Verdict.OPTIMAL]
    return said.likely(0.0)


def _repaired(
    instance: Instance,
    said: Prediction,
    relaxed: Candidate,
    tolerances: Tolerances,
    budget: PolishBudget,
    *,
    any_point: bool,
) -> Certificate | None:
    """A MILP's integral points, with the relaxation's prices and the rays at hand."""
    complete, own = _Completer(budget, tolerances), RepairBudget(budget.operations)
    points = repair(instance, said.solution, budget=own, complete=complete, any_point=any_point)
    for relaxed_point in relaxed.points:
        points = points or repair(instance, relaxed_point, budget=own, complete=complete, any_point=any_point)
    if not points:
        return None
    duals, rays = _stacked(relaxed.duals, said.candidate.duals), _stacked(relaxed.rays, said.candidate.rays)
    claim = certify(instance, Candidate(np.array(points), duals, rays=rays), tolerances=tolerances)
    if claim is not None and claim.verdict is not None:
        return claim
    for projected in projections(instance, Candidate(rays=rays, duals=duals), said.likely(0.0)):
        both = replace(projected, points=np.array(points))
        further = certify(instance, both, tolerances=tolerances)
        claim = merged(instance, claim, further, tolerances, besides=Candidate(duals=duals))
        if claim is not None and claim.verdict is not None:
            break
    return claim


class _Completer:
    """Values of a MILP's continuous columns once its integers are fixed: the same method on what is left.

    All completions of an instance share one budget of iterations.
    """

    def __init__(self, budget: PolishBudget, tolerances: Tolerances) -> None:
        self._left = budget.times(_COMPLETIONS)
        self._tolerances = tolerances

    def __call__(self, rest: Instance, hint: Vector) -> Vector | None:
        if self._left.iterations <= 0 or self._left.products <= 0:
            return None
        start = PrimalDualPoint(_or_zero(hint), np.zeros(rest.rows))
        settings = PdhgSettings(
            tolerance=_COMPLETION_TOLERANCE,
            max_iterations=self._left.iterations,
            max_products=self._left.products,
        )
        [outcome] = solve_pdhg([rest], starts=[start], settings=settings)
        self._left = replace(
            self._left,
            iterations=self._left.iterations - max(outcome.iterations, 1),
            products=self._left.products - outcome.iterations * rest.nonzeros,
        )
        if outcome.reason is TerminationReason.INFEASIBLE:
            return None
        return self._point(rest, outcome)

    def _point(self, rest: Instance, outcome: PdhgOutcome) -> Vector | None:
        for proposal in self._proposals(rest, outcome):
            claim = certify(rest, proposal, tolerances=self._tolerances)
            if claim is not None and claim.point is not None:
                return claim.point
        return None

    def _proposals(self, rest: Instance, outcome: PdhgOutcome) -> Iterator[Candidate]:
        yield outcome.candidate()
        yield from snapped(rest, outcome.primal, outcome.dual)
        yield from projections(rest, outcome.candidate(), [Verdict.OPTIMAL])


def _or_zero(vector: Vector) -> Vector:
    return np.where(np.isfinite(vector), vector, 0.0)


def _stacked(first: Matrix, second: Matrix) -> Matrix:
    """The finite rows of both."""
    parts = [part[np.isfinite(part).all(axis=1)] for part in (first, second) if part.size]
    return np.concatenate(parts) if parts else first


def _is_settled(claim: Certificate | None, optimum: bool) -> bool:
    if claim is None or claim.verdict is None:
        return False
    return not optimum or claim.verdict is not Verdict.OPTIMAL or claim.kind is CertificateKind.OPTIMAL


def _proves_infeasible(claim: Certificate | None) -> bool:
    return claim is not None and claim.verdict is Verdict.INFEASIBLE
