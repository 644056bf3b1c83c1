"""Whether the numbers that a certificate states lie where its vectors put them.

Of each number one side is *better*: it would claim more than the vectors show. A low objective, gap or
residual is better, a high dual bound, gain or margin (minimising sense). An exact certificate's numbers are
rounded to the worse side, so none may be better than its fraction. A numeric certificate's may be worse by
the rounding bounds that its range (`solvers.linear.verify.stated_ranges`) holds; better only as far as the
rounding of its last float64 operations, and the decimals of its vectors, reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from solvers.linear.rational.checks import NOTHING
from solvers.linear.verify.check import Check, number
from solvers.linear.verify.residuals import Range

GROUP = "numbers stated"
ULP = Fraction(1, 1 << 51)
"""Relative: two units in the last place, one for a sum and one for the decimal that is written."""

_WORSE = Fraction(1, 10**9)
_HIGH_IS_BETTER = {"dual bound", "ray_gain", "relative_ray_gain", "infeasibility_margin"}
_IN_OWN_SENSE = {"dual bound", "objective"}


@dataclass(frozen=True)
class StatedNumbers:
    """Checks of stated numbers.

    Attributes:
        exact: the rigour.
        sign: −1 where objective and dual bound are stated of a maximisation.
        rounding: γ of the longest sum, what a numeric residual or gap may be better by, relative.
    """

    exact: bool
    sign: int
    rounding: Fraction

    def check(self, name: str, stated: Fraction | None, span: Range) -> Check:
        """A stated number lies in its range (minimising sense), whose better end is shown as the limit."""
        low, high = span
        sign = self.sign if name in _IN_OWN_SENSE else 1
        high_is_better = name in _HIGH_IS_BETTER
        best = high if high_is_better else low
        if stated is None:
            return Check(f"{name}, stated", None, number(sign * best), False, GROUP)
        worse, better = self._slacks(name)
        worse, better = worse * max(abs(low), abs(high)), better * abs(best)
        below, above = (worse, better) if high_is_better else (better, worse)
        holds = low - below <= sign * stated <= high + above
        return Check(f"{name}, stated", number(stated), number(sign * best), holds, GROUP)

    def _slacks(self, name: str) -> tuple[Fraction, Fraction]:
        """Relative, beyond the range: on the worse side, on the better side."""
        if self.exact:
            return ULP, NOTHING
        if name == "objective":
            return ULP, NOTHING  # `objective_range` has its rounding on both sides
        return (ULP, ULP) if name == "dual bound" else (_WORSE, self.rounding)
