"""How well solution values tell the ones of binary variables from the zeros.

The area under the ROC curve is the probability that a variable which is 1 in the label has a greater value
than one which is 0, ties counting half (Hanley and McNeil, "The meaning and use of the area under a receiver
operating characteristic (ROC) curve", Radiology 143, 1982): the rank sum of the ones, with midranks, less its
least possible value, divided by their product. 0.5 is no better than chance.

Values are counted in cells of width 2⁻¹⁸, and those of one cell are tied; so the counts of any number of
variables have one size, and two of them add up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask, Vector

_CELLS: Final = 1 << 18


@dataclass(frozen=True, eq=False)
class Separation:
    """Counts of zeros and ones by value.

    Attributes:
        counts: int64, shape (2, _CELLS + 1): row 0 the zeros, row 1 the ones.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, _CELLS + 1), dtype=np.int64))

    def add(self, values: Vector, label: Vector) -> None:
        """Count values, shape (n,), in [0, 1] (others as the nearer end), labelled 0 or 1 up to rounding.

        A value that is not a number counts as wrong as it can be.
        """
        ones = label > 0.5
        finite = np.where(np.isnan(values), ~ones, values)
        cells = np.rint(np.clip(finite, 0.0, 1.0) * _CELLS).astype(np.int64)
        np.add.at(self.counts, (ones.astype(np.int64), cells), 1)

    def __len__(self) -> int:
        return int(self.counts.sum())

    @property
    def area(self) -> float:
        """The area under the ROC curve; NaN where there are no zeros or no ones."""
        zeros, ones = self.counts.astype(np.float64)
        pairs = zeros.sum() * ones.sum()
        beaten = np.cumsum(zeros) - zeros / 2
        return float(ones @ beaten / pairs) if pairs else float("nan")


def binaries(instance: Instance) -> Mask:
    """Integer columns with bounds 0 and 1, shape (n,)."""
    box = (instance.variable_lower_bound == 0) & (instance.variable_upper_bound == 1)
    return np.asarray(instance.integrality & box)
