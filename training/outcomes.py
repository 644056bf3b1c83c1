"""What came out for instances of labelled data, and the figures of any part of them.

verdict error, objective and solution error, calibration error    `training.metrics`
answered        in distribution and confident enough (`graphs.confidence`): the others are abstentions
binary_auc      how well solution values order the binaries of MILPs (`training.separation`)
foldable_share  instances of which message passing cannot tell some two nodes apart (`graphs.refinement`)
ambiguous       how many MILPs are so in the features that the network reads
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphs.confidence import Calibration
from graphs.prediction import CLASSES
from training.card import figures
from training.metrics import Evaluation, reliability
from training.rules import RuleScores
from training.separation import Separation

_Arrays = TypeVar("_Arrays", Evaluation, RuleScores)
Bins = list[tuple[float, float, float]]
"""Share of instances, mean confidence, accuracy."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """G instances, in the same order in every part.

    Attributes:
        network: the network's answers; rules: those of the rules that learn nothing.
        foldable (G,): by the instances' own data, LPs and MILPs alike.
    """

    network: Evaluation
    rules: RuleScores
    foldable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.network)

    def take(self, chosen: NDArray[np.bool_]) -> Outcomes:
        """The part of it that `chosen` (G,) selects."""
        return Outcomes(self.network.take(chosen), self.rules.take(chosen), self.foldable[chosen])

    @classmethod
    def join(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Several parts, one after another."""
        return cls(
            _joined([part.network for part in parts]),
            _joined([part.rules for part in parts]),
            np.concatenate([part.foldable for part in parts]),
        )


@dataclass(frozen=True, eq=False)
class BinaryValues:
    """How the network's solution values, and those of the rule, order binary variables."""

    network: Separation
    rule: Separation


@dataclass(frozen=True, eq=False)
class Part:
    """The figures of some instances.

    Attributes:
        name: of the family or of the class of sizes.
        figures: by name, rounded for reading; one that no instance has is left out.
        rules: those of the rules, by the first word or words of a figure's name.
        confusion (3, 3): counts, rows the truth and columns the most probable verdict, as in CLASSES.
        answers (3, 4): the same with the abstentions in a column of their own, the last.
        reliability: bins of confidence that are not empty.
        spans: least and most rows, columns and nonzeros.
    """

    name: str
    figures: dict[str, Any]
    rules: dict[str, float]
    confusion: NDArray[np.int64]
    answers: NDArray[np.int64]
    reliability: Bins
    spans: dict[str, list[int]]

    @classmethod
    def of(
        cls, name: str, outcomes: Outcomes, calibration: Calibration, binary: BinaryValues | None = None
    ) -> Part:
        """Figures of at least one instance."""
        network = outcomes.network
        probabilities = calibration.probabilities(network.logits)
        confidence, answer = probabilities.max(1), probabilities.argmax(1)
        extra, rules = _values(outcomes, binary)
        least, most = network.sizes.min(0).tolist(), network.sizes.max(0).tolist()
        return cls(
            name,
            {**figures(network, calibration), **extra},
            rules,
            network.confusion(),
            _counts(network.truth, np.where(_answered(network, calibration), answer, len(CLASSES))),
            reliability(confidence, answer == network.truth),
            dict(zip(("rows", "columns", "nonzeros"), map(list, zip(least, most, strict=True)), strict=True)),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            **self.spans,
            **self.figures,
            "confusion": self.confusion.tolist(),
            "confusion_with_abstentions": self.answers.tolist(),
            "reliability": [[round(value, 5) for value in line] for line in self.reliability],
            "rules": self.rules,
        }


def _values(outcomes: Outcomes, binary: BinaryValues | None) -> tuple[dict[str, Any], dict[str, float]]:
    """The figures that `training.card.figures` does not have; and all of the rules'."""
    network = outcomes.network
    numbers = {"foldable_share": float(outcomes.foldable.mean())}
    rules = dict(vars(outcomes.rules.errors()))
    errors = network.objective_error[network.truth == 0]
    if len(errors):
        numbers["objective_error_median"] = float(np.median(np.where(np.isnan(errors), np.inf, errors)))
    if binary is not None:
        numbers["binary_auc"], rules["binary_auc"] = binary.network.area, binary.rule.area
    counts = {"ambiguous": int(network.foldable.sum()), "optimal": int((network.truth == 0).sum())}
    return {**counts, **_rounded(numbers)}, _rounded(rules)


def _answered(network: Evaluation, calibration: Calibration) -> NDArray[np.bool_]:
    """As `graphs.predictor`: a score that is not finite abstains."""
    confidence = calibration.probabilities(network.logits).max(1)
    inside = calibration.out_of_distribution(network.summaries, network.nodes) <= 1
    return np.asarray((confidence >= calibration.threshold) & inside)


def _counts(truth: NDArray[np.int64], answer: NDArray[np.int64]) -> NDArray[np.int64]:
    table = np.zeros((len(CLASSES), len(CLASSES) + 1), dtype=np.int64)
    np.add.at(table, (truth, answer), 1)
    return table


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in numbers.items() if np.isfinite(value)}


def _joined(parts: Sequence[_Arrays]) -> _Arrays:
    names = list(vars(parts[0]))
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return type(parts[0])(**joined)
