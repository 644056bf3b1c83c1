"""From a network's prediction to a proof, without an exact solver: what the policy `certify` does.

    LP      the primal–dual method goes on from the predicted point and prices (`solvers.linear.pdhg`), all
            instances of a batch together, to one tolerance after another; after each, what it found is
            certified as it is, then moved onto the face it is near, then projected. Only instances that are
            not settled go on.
    MILP    the same method on the relaxation, for a bound or a Farkas ray; then integral points by
            propagation, rounding and repair (`solvers.linear.integral`), guided by the network and by the
            relaxed optimum.

All work is counted, none of it timed: the same batch gives the same certificates.
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
from solvers.linear.comparison import stronger
from solvers.linear.integral.budget import RepairBudget
from solvers.linear.integral.repair import repair
from solvers.linear.pdhg import PdhgOutcome, PdhgSettings, solve_pdhg
from solvers.linear.projection import projections
from solvers.linear.snapping import snapped

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
        tolerances: relative errors to which the method goes, one after the other.
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
    iterated = [Candidate()] * len(instances)
    starts = map(_start, predictions)
    left = [_Left(k, start, budget.iterations, budget.products) for k, start in enumerate(starts)]
    for tolerance in budget.tolerances if left else ():
        outcomes = _iterated([instances[item.place] for item in left], left, tolerance)
        for item, outcome in zip(left, outcomes, strict=True):
            place = item.place
            iterated[place] = outcome.candidate()
            claim = _claimed(instances[place], predictions[place], outcome, tolerances)
            found[place] = stronger(found[place], claim)
        left = [
            item.after(outcome, instances[item.place].nonzeros)
            for item, outcome in zip(left, outcomes, strict=True)
            if outcome.reason not in _ENDED
            and not instances[item.place].is_mip
            and not _is_settled(found[item.place], optimum)
        ]
        left = [item for item in left if item.iterations > 0 and item.products > 0]
        if not left:
            break
    for place, instance in enumerate(instances):
        if instance.is_mip and not _proves_infeasible(found[place]):
            claim = _repaired(
                instance, predictions[place], iterated[place], tolerances, budget, any_point=not optimum
            )
            found[place] = stronger(found[place], claim)
    return found


@dataclass(frozen=True, eq=False)
class _Left:
    """An instance that is not settled yet: where it goes on, and what work is left to it."""

    place: int
    start: PrimalDualPoint
    iterations: int
    products: int

    def after(self, outcome: PdhgOutcome, nonzeros: int) -> _Left:
        used = outcome.iterations
        return replace(
            self,
            start=PrimalDualPoint(outcome.primal, outcome.dual),
            iterations=self.iterations - used,
            products=self.products - used * nonzeros,
        )


def _iterated(instances: Sequence[Instance], left: Sequence[_Left], tolerance: float) -> list[PdhgOutcome]:
    """One run of the method for all, within the limits of the instance that has the most left."""
    settings = PdhgSettings(
        tolerance=tolerance,
        max_iterations=max(item.iterations for item in left),
        max_products=max(item.products for item in left),
    )
    return solve_pdhg(instances, starts=[item.start for item in left], settings=settings)


def _start(said: Prediction) -> PrimalDualPoint:
    return PrimalDualPoint(_or_zero(said.solution), _or_zero(said.dual))


def _claimed(
    instance: Instance, said: Prediction, outcome: PdhgOutcome, tolerances: Tolerances
) -> Certificate | None:
    """What the method's point, prices and rays prove, as they are or mended."""
    claim = certify(instance, outcome.candidate(), tolerances=tolerances)
    if claim is not None and claim.verdict is not None:
        return claim
    for mended in _mended(instance, outcome, said):
        claim = stronger(claim, certify(instance, mended, tolerances=tolerances))
        if claim is not None and claim.verdict is not None:
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
        claim = stronger(claim, certify(instance, both, tolerances=tolerances))
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
