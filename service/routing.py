"""Which steps an instance takes: by its policy, and for AUTO by what they cost and how often they succeed.

AUTO wants the cheapest way to what is required (`service.choices.Require`). With P, Q, S the expected seconds
of proving, polishing and solving, and p, q the shares they settle, a step before the solver is worth taking
where it is likely to save more than it costs,

    P < p S        for proving,       Q < q S        for polishing after proving has failed,

and, so that AUTO never takes much longer than the solve lane alone, where P (and Q) ≤ _MARGIN · S or the gain
is clear. A network that is sure or not decides what p and q are worth: they are scaled by its confidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from graphs.prediction import Verdict
from service.choices import Policy, Require, Rigour
from service.costs import Costs
from service.drafts import Draft
from service.effort import Effort

_MARGIN = 0.05  # share of the solver's time that may be spent on a step of doubtful success
_CLEAR = 0.5  # a step that is expected to cost less than this share of what it saves is clearly worth it
_LEAST_SECONDS = 1e-3  # what remains of a deadline counts as at least this


@dataclass(frozen=True)
class Router:
    """The decisions of one call; `costs` are of the model, None where they were never measured."""

    effort: Effort
    costs: Costs | None

    def proves(self, draft: Draft) -> bool:
        """Whether the network's own points and rays are tried first."""
        match self.effort.policy:
            case Policy.PREDICT | Policy.CERTIFY:
                return True
            case Policy.SOLVE:
                return False
        return self._pays("certify", draft) or not self._may_solve(draft)

    def polishes(self, draft: Draft) -> bool:
        """Whether a first-order method or a repair goes on from them."""
        match self.effort.policy:
            case Policy.CERTIFY:
                return not self._is_enough(draft)
            case Policy.AUTO:
                if self._is_enough(draft) or self.effort.require is Require.PREDICTED:
                    return False
                return self._pays("polish", draft) or (not self._may_solve(draft) and self._fits(draft))
        return False

    def solves(self, draft: Draft) -> bool:
        """Whether an exact solver is asked."""
        match self.effort.policy:
            case Policy.SOLVE:
                return True
            case Policy.AUTO:
                return not self._is_enough(draft)
        return False

    def proves_after_all(self, draft: Draft) -> bool:
        """Whether what the network earns is the last resort: the solver settled nothing."""
        return draft.solver is not None and draft.verdict is None and draft.seconds.certify == 0.0

    def sharpens(self, draft: Draft) -> bool:
        """Whether a certificate in exact arithmetic is looked for."""
        return self.effort.rigour is Rigour.EXACT and draft.certificate is not None

    def time_limit(self, draft: Draft) -> float:
        """Seconds that the solver has for an instance."""
        return min(self.effort.time_limit, self._left(draft))

    def time_limits(self, drafts: Sequence[Draft]) -> list[float]:
        return [self.time_limit(draft) for draft in drafts]

    def _is_enough(self, draft: Draft) -> bool:
        if self.effort.explain and draft.verdict is Verdict.INFEASIBLE:
            return draft.solver is not None
        match self.effort.require:
            case Require.PREDICTED:
                return draft.verdict is not None or draft.prediction.verdict is not Verdict.ABSTAIN
            case Require.VERDICT:
                return draft.verdict is not None
        return draft.is_settled

    def _may_solve(self, draft: Draft) -> bool:
        """Whether the deadline leaves the solver a good chance: half of what it is expected to need."""
        if self.effort.deadline is None or self.costs is None:
            return True
        return self.time_limit(draft) > 0.5 * self.costs.seconds("solve", draft.instance)

    def _fits(self, draft: Draft) -> bool:
        """Whether the deadline leaves a polish the time that it is expected to need."""
        return self.costs is not None and self.costs.seconds("polish", draft.instance) <= self._left(draft)

    def _left(self, draft: Draft) -> float:
        deadline = self.effort.deadline
        return math.inf if deadline is None else max(_LEAST_SECONDS, deadline - draft.seconds.total)

    def _pays(self, step: str, draft: Draft) -> bool:
        if self.effort.require is Require.PREDICTED and self._is_enough(draft):
            return False
        if self.costs is None:
            return step == "certify"
        if self.effort.require is Require.OPTIMUM and draft.instance.is_mip:
            return False  # only a solver closes a MILP's gap
        seconds = self.costs.seconds(step, draft.instance)
        if seconds > self._left(draft):
            return False
        solving = self.costs.seconds("solve", draft.instance)
        chance = self.costs.proved(step, draft.instance) * draft.prediction.confidence
        saved = chance * solving
        return seconds < saved and (seconds <= _MARGIN * solving or seconds < _CLEAR * saved)
