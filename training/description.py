"""What a data set is made of, gathered while it is read: for the model card and for evaluation reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import torch

from graphs.prediction import CLASSES
from training.dataset import Dataset


@dataclass
class Description:
    """Counts of what was added.

    Attributes:
        verdicts: instances by (family, class number).
        ambiguous: MILPs with nodes that get random features (`graphs.network.noise`), by family.
        spans: least and most rows, columns and nonzeros.
        solvers: instances by who labelled them.
        certified: labels that our certificate proves; within_gap: those of a MILP solved to within a gap.
        perturbed: instances made from others; seconds: what the solvers took.
    """

    verdicts: Counter[tuple[str, int]] = field(default_factory=Counter)
    ambiguous: Counter[str] = field(default_factory=Counter)
    spans: dict[str, list[int]] = field(default_factory=dict)
    solvers: Counter[str] = field(default_factory=Counter)
    certified: int = 0
    within_gap: int = 0
    perturbed: int = 0
    seconds: float = 0.0

    def add(self, part: Dataset) -> None:
        """Count the instances of a data set."""
        graphs = part.graphs
        self.verdicts.update(zip(part.family, part.targets.verdict.tolist(), strict=True))
        ambiguous = (graphs.fields["random_seed"] != 0).tolist()
        self.ambiguous.update(family for family, one in zip(part.family, ambiguous, strict=True) if one)
        for name, sizes in (
            ("rows", graphs.rows),
            ("columns", graphs.columns),
            ("nonzeros", graphs.entries),
        ):
            self._widen(name, sizes)
        self.solvers.update(label.solver for label in part.labels)
        self.certified += sum(label.certified for label in part.labels)
        self.within_gap += sum(not label.exact for label in part.labels)
        self.perturbed += sum(label.perturbed for label in part.labels)
        self.seconds += sum(label.seconds for label in part.labels)

    def to_json(self, sha256: str) -> dict[str, Any]:
        """As the card has it; `sha256` is the hash of the instances."""
        names = sorted({family for family, _ in self.verdicts})
        families = {
            family: {str(verdict): self.verdicts[family, k] for k, verdict in enumerate(CLASSES)}
            for family in names
        }
        instances = sum(self.verdicts.values())
        return {
            "instances": instances,
            "perturbed": self.perturbed,
            "families": families,
            "ambiguous": {family: self.ambiguous[family] for family in names if self.ambiguous[family]},
            **self.spans,
            "instances_sha256": sha256,
            "labels": {
                "solvers": dict(self.solvers),
                "certified": self.certified,
                "within_gap": self.within_gap,
                "solver_seconds": round(self.seconds, 1),
            },
        }

    def _widen(self, name: str, sizes: torch.Tensor) -> None:
        least, most = int(sizes.min()), int(sizes.max())
        known = self.spans.setdefault(name, [least, most])
        self.spans[name] = [min(known[0], least), max(known[1], most)]
