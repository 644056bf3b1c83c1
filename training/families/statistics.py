"""What a sample of a family looks like: mean sizes, share of integer columns, shares of the verdicts.

The figures of docs/families.md. Nothing is solved here: verdicts come with the instances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graphs.instance import Instance
from graphs.prediction import CLASSES, Verdict


@dataclass(frozen=True)
class FamilyStatistics:
    """Means and shares over a sample.

    Attributes:
        rows, columns, nonzeros: means.
        integer_share: mean over the instances of integer columns / columns.
        verdict_shares: of optimal, infeasible, unbounded; short of 1 where a verdict is missing.
    """

    rows: float
    columns: float
    nonzeros: float
    integer_share: float
    verdict_shares: tuple[float, float, float]

    def cells(self) -> tuple[str, ...]:
        """One cell a figure, as in docs/families.md: means rounded to integers, shares to percent."""
        means = (f"{mean:.0f}" for mean in (self.rows, self.columns, self.nonzeros))
        return (*means, *(f"{100 * share:.0f} %" for share in (self.integer_share, *self.verdict_shares)))


def family_statistics(instances: Sequence[Instance], verdicts: Iterable[Verdict | None]) -> FamilyStatistics:
    """Statistics of a sample; `verdicts` has one an instance, None where nothing was found out.

    Raises:
        ValueError: an empty sample, or another number of verdicts than of instances.
    """
    found = list(verdicts)
    if not instances or len(found) != len(instances):
        raise ValueError(f"one verdict an instance is needed, not {len(found)} for {len(instances)}")
    count = Counter(found)
    optimal, infeasible, unbounded = (count[verdict] / len(found) for verdict in CLASSES)
    return FamilyStatistics(
        rows=float(np.mean([instance.rows for instance in instances])),
        columns=float(np.mean([instance.columns for instance in instances])),
        nonzeros=float(np.mean([instance.nonzeros for instance in instances])),
        integer_share=float(
            np.mean([instance.integers / max(instance.columns, 1) for instance in instances])
        ),
        verdict_shares=(optimal, infeasible, unbounded),
    )
