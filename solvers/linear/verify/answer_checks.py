"""What an answer says beside its verified certificate: held to what the certificate proves.

A certificate's numbers bound the optimum: its dual bound from below, its point, where it is feasible for the
instance itself, from above (minimising sense). An answer that says something else is refused, whoever vouches
for it; what it says in between is its own word, and only "certified" and "solved" values have to be the
certificate's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from graphs.instance import Instance
from solvers.linear.rational.program import RationalVector
from solvers.linear.verify.answer_document import SavedAnswer, SavedCertificate
from solvers.linear.verify.check import Check, equal, number, shown
from solvers.linear.verify.claim_checks import ClaimChecks

UNVERIFIED_BOUND = "dual bound of the answer, from predicted duals: not verified"

_ANSWER = "answer"
_VOUCHED = ("certified", "solved")
_WITHOUT_VALUES = ("infeasible", "unbounded")


@dataclass(frozen=True)
class Proved:
    """What a verified certificate amounts to, in the minimising sense, as it states it.

    Attributes:
        verdict: what it implies, None where it implies none.
        has_point: the instance itself has a feasible point, with exact integers.
        sign: −1 where the answer is of a maximisation.
        objective: of the certificate's point, None where it has none or it is the relaxation's.
        bound: a lower bound on the optimum, None where there is none.
    """

    verdict: str | None
    has_point: bool
    sign: int
    objective: Fraction | None
    bound: Fraction | None

    @classmethod
    def by(cls, claim: ClaimChecks, saved: SavedCertificate) -> Proved:
        """Of a claim whose checks all hold."""
        own = saved.objective if saved.scope == "instance" else None
        return cls(
            verdict=claim.implied_verdict,
            has_point=claim.proves_point,
            sign=claim.sign,
            objective=None if own is None else claim.sign * own,
            bound=None if saved.dual_bound is None else claim.sign * saved.dual_bound,
        )

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What an answer's verdict may be: the implied one, or any that nothing refutes."""
        if self.verdict is not None:
            return (self.verdict,)
        refuted = {"infeasible"} if self.has_point else set()
        if self.bound is not None:
            refuted.add("unbounded")
        return tuple(name for name in ("optimal", *_WITHOUT_VALUES, "abstain") if name not in refuted)

    @property
    def least(self) -> Fraction | None:
        """Of an objective: the bound, or the point's own where it undercuts that by using its tolerance."""
        if self.bound is None or self.objective is None:
            return self.bound
        return min(self.bound, self.objective)


@dataclass(frozen=True, eq=False)
class AnswerChecks:
    """The checks of one answer."""

    instance: Instance
    answer: SavedAnswer
    saved: SavedCertificate
    proved: Proved

    def checks(self) -> Iterator[Check]:
        """In the order in which they are worth reading."""
        yield from self._verdict()
        yield from self._provenance()
        yield from self._absent()
        yield from self._objective()
        if self.answer.solution_provenance in _VOUCHED and self.answer.solution is not None:
            yield _same_point(self.instance, self.answer.solution, self.saved.point)
        if self.answer.dual_bound is not None:
            yield from self._dual_bound(self.proved.sign * self.answer.dual_bound)

    def _verdict(self) -> Iterator[Check]:
        verdict, allowed = self.answer.verdict, self.proved.verdicts
        yield Check("verdict of the answer", verdict, " or ".join(allowed), verdict in allowed)
        if self.answer.provenance == "certified":
            implied = self.proved.verdict is not None
            yield Check("a certified verdict that the certificate implies", None, None, implied, _ANSWER)

    def _provenance(self) -> Iterator[Check]:
        """A value without provenance, or one that calls itself more than it can be."""
        answer = self.answer
        for what, provenance, there in (
            ("objective", answer.objective_provenance, answer.objective is not None),
            ("solution", answer.solution_provenance, answer.solution is not None),
        ):
            known = ("predicted", *_VOUCHED) if there else (None,)
            yield Check(f"provenance of the {what}", provenance, None, provenance in known, _ANSWER)
            if provenance == "certified":
                yield equal(f"kind that certifies the {what}", self.saved.kind, "optimal", _ANSWER)
            if provenance in _VOUCHED:
                yield equal(f"verdict beside the {provenance} {what}", answer.verdict, "optimal", _ANSWER)
                yield equal(f"scope of the {provenance} {what}", self.saved.scope, "instance", _ANSWER)

    def _absent(self) -> Iterator[Check]:
        """Infeasible and unbounded instances have no optimum to speak of."""
        answer, proved = self.answer, self.proved.verdict in _WITHOUT_VALUES
        if not proved and answer.verdict not in _WITHOUT_VALUES:
            return
        parts = [("objective", answer.objective is None), ("solution", answer.solution is None)]
        parts += [("dual bound", answer.dual_bound is None)] if proved else []
        for what, absent in parts:
            name = f"{what} of the answer, where an {answer.verdict} instance has none"
            yield Check(name, None, None, absent, _ANSWER)

    def _objective(self) -> Iterator[Check]:
        answer, proved = self.answer, self.proved
        if answer.objective is None:
            return
        if answer.objective_provenance in _VOUCHED:
            same = answer.objective == self.saved.objective
            stated = shown(self.saved.objective)
            yield Check("objective of the answer", number(answer.objective), stated, same, _ANSWER)
        value = proved.sign * answer.objective
        if proved.least is not None:
            yield self._within(
                "objective of the answer, beside the dual bound", value, proved.least, value >= proved.least
            )
        if proved.has_point and proved.objective is not None:
            limit = proved.objective
            yield self._within("objective of the answer, beside the point's", value, limit, value <= limit)

    def _dual_bound(self, bound: Fraction) -> Iterator[Check]:
        """No better than the certificate's; where it has none, below its point, and otherwise unknown."""
        proved = self.proved
        if proved.bound is not None:
            yield self._within("dual bound of the answer", bound, proved.bound, bound <= proved.bound)
            return
        if proved.has_point and proved.objective is not None:
            name, limit = "dual bound of the answer, below a point's objective", proved.objective
            yield self._within(name, bound, limit, bound <= limit)
        if proved.verdict is None:
            yield Check(UNVERIFIED_BOUND, shown(self.answer.dual_bound), None, True)

    def _within(self, name: str, value: Fraction, limit: Fraction, holds: bool) -> Check:
        """Of values in the minimising sense, shown in the file's own."""
        sign = self.proved.sign
        return Check(name, number(sign * value), number(sign * limit), holds, _ANSWER)


def _same_point(instance: Instance, solution: Mapping[str, Fraction], point: RationalVector | None) -> Check:
    entries = [] if point is None else [number(value) for value in point.fractions()]
    expected = dict(zip(instance.variable_names, entries, strict=False))
    stated = {name: number(value) for name, value in solution.items()}
    nonzero = {name for name, value in expected.items() if value}
    wrong = sum(
        name not in expected or stated.get(name, 0.0) != expected[name] for name in nonzero | {*stated}
    )
    return Check("entries of the solution unlike the point's", float(wrong), 0.0, wrong == 0, _ANSWER)
