"""Is a saved certificate true? Checked by a path of its own, trusting nobody.

Only the instance's reader, rational arithmetic and this package's exact checks take part: no network, no
solver, no torch, and none of the code that certifies in float64. The stored vectors are all that counts; the
`statement` is prose and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from graphs.instance import Instance
from solvers.linear.rational.program import RationalProgram, RationalVector
from solvers.linear.verify.answer_checks import AnswerChecks, Proved
from solvers.linear.verify.answer_document import SavedAnswer, SavedCertificate, read_answers
from solvers.linear.verify.check import Check, equal, number
from solvers.linear.verify.claim_checks import RAY_VIOLATION, ClaimChecks
from solvers.linear.verify.strict_json import MalformedAnswer

__all__ = ["LOOSEST", "Check", "MalformedAnswer", "Verification", "read_answers", "verify"]

LOOSEST: Mapping[str, Fraction] = {
    "feasibility": Fraction(1, 10**6),
    "integrality": Fraction(1, 10**6),
    "ray": Fraction(1, 10**9),
    "gap": Fraction(1, 10**6),
    "cancellation": Fraction(1, 10**13),
    "reach": Fraction(10**4),
}
"""The loosest tolerances that need no permission: the defaults. Of `reach`, less is looser."""

_SHAPES = {
    "infeasible": ((), ("ray",)),
    "unbounded": (("point", "ray"), ()),
    "optimal": (("point",), ("dual",)),
    "feasible": (("point",), ()),
}
"""Which vectors of n and which of m entries a certificate needs; `feasible` may have a dual too."""

_SHAPE = "vectors and numbers"


@dataclass(frozen=True)
class Verification:
    """What was checked, and what it amounts to.

    Attributes:
        checks: in order; the first that does not hold is the reason of a refusal.
        statement: what is verified, in our own words; of a refusal, what fails.
    """

    checks: tuple[Check, ...]
    statement: str

    @property
    def verified(self) -> bool:
        return all(check.holds for check in self.checks)


def verify(
    instance: Instance, answers: Sequence[SavedAnswer], *, allow_tolerances: bool = False
) -> Verification:
    """Check the certificate of the answer to this instance.

    Args:
        answers: of those to this very instance all are checked, and the first that is refused is returned.
        allow_tolerances: accept a numeric certificate whose tolerances are looser than `LOOSEST`.
    """
    own = [answer for answer in answers if instance.sha256 in _hashes(answer)]
    if not own:
        stated = ", ".join(answer.sha256[:12] for answer in answers[:3]) or "no answer"
        return _refused([Check("instance", stated, instance.sha256[:12], False)])
    results = [_verify_one(instance, answer, allow_tolerances=allow_tolerances) for answer in own]
    return next((result for result in results if not result.verified), results[0])


def _hashes(answer: SavedAnswer) -> list[str]:
    proof = answer.certificate
    return [answer.sha256] if proof is None else [answer.sha256, proof.sha256]


def _verify_one(instance: Instance, answer: SavedAnswer, *, allow_tolerances: bool) -> Verification:
    saved = answer.certificate
    if saved is None:
        return _refused(
            [Check("the answer has no certificate: there is nothing to verify", None, None, False)]
        )
    checks = list(_first_checks(instance, answer, saved, allow_tolerances=allow_tolerances))
    if not all(check.holds for check in checks):
        return _refused(checks)
    claim = ClaimChecks(RationalProgram.of(instance), saved)
    checks += claim.checks()
    if not all(check.holds for check in checks):
        return _refused(checks)
    checks += AnswerChecks(instance, answer, saved, Proved.by(claim, saved)).checks()
    if not all(check.holds for check in checks):
        return _refused(checks)
    return Verification(tuple(checks), _statement(answer, saved, checks, claim.implied_verdict))


def _refused(checks: Sequence[Check]) -> Verification:
    return Verification(tuple(checks), next(check for check in checks if not check.holds).reason)


def _first_checks(
    instance: Instance, answer: SavedAnswer, saved: SavedCertificate, *, allow_tolerances: bool
) -> Iterator[Check]:
    """That the certificate speaks of this instance, with vectors of its shape and allowed tolerances."""
    yield equal("instance of the answer", answer.sha256[:65], instance.sha256, "instance")
    yield equal("instance of the certificate", saved.sha256[:65], instance.sha256, "instance")
    yield equal("sense", saved.sense, "maximise" if instance.maximize else "minimise", "instance")
    columns, rows = _SHAPES[saved.kind]
    lengths = dict.fromkeys(columns, instance.columns) | dict.fromkeys(rows, instance.rows)
    if saved.kind == "feasible" and saved.dual is not None:
        lengths["dual"] = instance.rows
    for name in ("point", "dual", "ray"):
        yield _length(name, getattr(saved, name), lengths.get(name))
    if saved.kind in ("infeasible", "unbounded"):
        stated = [saved.dual_bound, saved.gap, *([saved.objective] if saved.kind == "infeasible" else [])]
        holds = all(part is None for part in stated)
        yield Check("an objective, dual bound or gap where none belongs", None, None, holds, _SHAPE)
    if saved.rigour == "numeric" or saved.kind == "optimal":
        yield from _tolerance_checks(saved, allow_tolerances=allow_tolerances)


def _length(name: str, vector: RationalVector | None, expected: int | None) -> Check:
    length = None if vector is None else len(vector)
    shown = [None if part is None else float(part) for part in (length, expected)]
    return Check(f"entries of the {name}", shown[0], shown[1], length == expected, _SHAPE)


def _tolerance_checks(saved: SavedCertificate, *, allow_tolerances: bool) -> Iterator[Check]:
    names = ["gap"] if saved.rigour == "exact" else list(LOOSEST)
    for name in names:
        value, limit = saved.tolerances[name], LOOSEST[name]
        loose = value < limit if name == "reach" else value > limit
        holds = allow_tolerances or not loose
        yield Check(f"tolerance {name}", number(value), number(limit), holds, "tolerances")


def _statement(
    answer: SavedAnswer, saved: SavedCertificate, checks: Sequence[Check], implied: str | None
) -> str:
    tolerant = saved.kind != "infeasible" or any(check.name == RAY_VIOLATION for check in checks)
    exact = saved.rigour == "exact" or not tolerant
    how = "exactly, on the file's decimals" if exact else "within the stated tolerances"
    objective = "" if saved.objective is None else f"{number(saved.objective):.12g}"
    match saved.kind:
        case "infeasible":
            return f"the instance is infeasible, {how}"
        case "unbounded":
            return f"the instance is unbounded, {how}"
        case "optimal":
            gap = 0.0 if saved.gap is None else number(saved.gap)
            return (
                f"the point with objective {objective} is feasible, {how}, and optimal to a gap of {gap:.2g}"
            )
    of = " for the relaxation" if saved.scope == "relaxation" else ""
    bound = "" if saved.dual_bound is None else f", and {number(saved.dual_bound):.12g} is a dual bound"
    claimed = implied is None and answer.verdict != "abstain"
    rest = f"; the verdict {answer.verdict!r} is not proved by it" if claimed else ""
    if saved.dual_bound is None and answer.dual_bound is not None:
        rest += f"; the answer's dual bound {number(answer.dual_bound):.12g} is not verified"
    return f"the point with objective {objective} is feasible{of}, {how}{bound}{rest}"
