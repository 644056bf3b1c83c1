"""What is asked of a recovery, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from solvers.sparse.errors import InvalidRegularization, SparseInputError
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.variants import find_variant

BUNDLED_NUMBERS = Hyperparameters(threshold=0.014, momentum=0.00406, support=0.412)
"""HyperLISTA's three where no others are given: those of the bundled `hyperlista`."""
PRECISIONS = ("mixed", "single", "double")


@dataclass(frozen=True)
class RecoveryOptions:
    """Attributes:
    variant: one of `solvers.sparse.variants.VARIANTS`.
    layers: of a trained variant at most as many as were trained; steps of ISTA and FISTA.
    regularization: λ > 0 of ½‖Ax − b‖² + λ‖x‖₁, or None where a sparse x with Ax ≈ b is wanted.
    duality_gap: relative to ½‖b‖²; with λ only. Go on from the layers until it is proved.
    numbers: HyperLISTA's three.
    max_iterations, time_limit: of the way to that gap: steps an item after the layers, and seconds in all,
        the layers included (which are not cut short).
    precision: of the layers; every measure is float64. "mixed": HyperLISTA's first twelve layers, in which
        no code is as good as float32 can hold, and trained variants in float32, the rest in float64.

    Raises:
        SparseInputError: an option is out of its range, or makes no sense without another.
    """

    variant: str = "hyperlista"
    layers: int = 16
    regularization: float | None = None
    duality_gap: float | None = None
    numbers: Hyperparameters = BUNDLED_NUMBERS
    max_iterations: int = 20_000
    time_limit: float = 60.0
    precision: str = "mixed"

    def __post_init__(self) -> None:
        variant = find_variant(self.variant)
        object.__setattr__(self, "variant", variant.name)
        if self.layers < 1:
            raise SparseInputError(f"layers must be at least 1, not {self.layers}")
        if self.max_iterations < 0 or not self.time_limit >= 0.0:
            raise SparseInputError("limits must not be negative")
        if self.precision not in PRECISIONS:
            raise SparseInputError(
                f"there is no precision {self.precision!r}", hint=f"there are {', '.join(PRECISIONS)}"
            )
        if self.regularization is None:
            if variant.penalised:
                raise InvalidRegularization(f"{self.variant} minimises ½‖Ax − b‖² + λ‖x‖₁ and needs λ")
            if self.duality_gap is not None:
                raise InvalidRegularization("a duality gap is one of ½‖Ax − b‖² + λ‖x‖₁, and needs λ")
        elif not (math.isfinite(self.regularization) and self.regularization > 0.0):
            raise InvalidRegularization(f"λ must be a positive number, not {self.regularization}")
        if self.duality_gap is not None and not 0.0 < self.duality_gap < math.inf:
            raise SparseInputError(f"a duality gap must be positive, not {self.duality_gap}")
