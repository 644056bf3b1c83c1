"""What a network says of an instance: a claim, not yet a proof."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graphs.points import Candidate


class Verdict(StrEnum):
    """OPTIMAL means feasible and bounded; ABSTAIN means the network declines to say."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ABSTAIN = "abstain"


CLASSES = (Verdict.OPTIMAL, Verdict.INFEASIBLE, Verdict.UNBOUNDED)
"""Order of every probability vector and of the network's verdict logits."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A network's answer to one instance, in the instance's own units and minimising sense.

    Attributes:
        verdict: the most probable class, or ABSTAIN.
        probabilities: calibrated probability of each verdict in the order of CLASSES; sums to one.
        confidence: the largest of them.
        out_of_distribution: how far the instance lies from the training data; above 1 is outside.
        objective: predicted optimal objective value (meaningful where the verdict is OPTIMAL).
        solution: predicted optimal point inside its box (up to float32 rounding), shape (n,). Integer columns
            are not rounded; the value of a binary column is read as its probability of being one.
        dual: predicted sign-right dual solution, shape (m,).
        candidate: every point, dual and ray the network proposes, for `certify` to try.
    """

    verdict: Verdict
    probabilities: tuple[float, float, float]
    confidence: float
    out_of_distribution: float
    objective: float
    solution: NDArray[np.float64]
    dual: NDArray[np.float64]
    candidate: Candidate

    def likely(self, least: float) -> list[Verdict]:
        """The classes of at least this probability, the most probable first."""
        order = sorted(range(len(CLASSES)), key=lambda k: -self.probabilities[k])
        return [CLASSES[k] for k in order if self.probabilities[k] >= least]
