"""Settings of the method, with the values of the papers or, where they are ours, of `benchmarks/pdhg.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PdhgSettings:
    """Settings of `solve_pdhg`.

    Attributes:
        tolerance: of the relative primal residual, dual residual and gap (`kkt`); an item converges where all
            three are within it.
        max_iterations: steps of an item.
        max_products: steps of an item times its nonzeros; a limit on work that does not depend on the
            machine.
        first_look, look_share, most_steps: steps between two looks at residuals and restarts: a share
            of those taken, but at least the first and at most the last. Early restarts set the primal
            weight right.
        step: η, of τ σ ‖A‖² = η²; below 1.
        sufficient, necessary, artificial: restart where ‖T(z) − z‖ has fallen to the first share of
            its value after the last restart; to the second, and has begun to rise; or where the steps
            since the restart are the third share of all (cuPDLPx).
        proportional, integral, smoothing: gains of the controller of the primal weight, and the share
            of its old sum that it keeps (cuPDLPx).
        find_rays: look for proofs of infeasibility and unboundedness.
        compact_share: share of the items in a batch that must have ended before they are left out of it.

    Raises:
        ValueError: a setting is out of its range.
    """

    tolerance: float = 1e-4
    max_iterations: int = 20_000
    max_products: int = 2_000_000_000
    first_look: int = 8
    look_share: float = 0.1
    most_steps: int = 40
    step: float = 0.998
    sufficient: float = 0.2
    necessary: float = 0.8
    artificial: float = 0.36
    proportional: float = 0.65
    integral: float = 0.01
    smoothing: float = 0.3
    find_rays: bool = True
    compact_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("tolerance", "sufficient", "necessary", "artificial"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be between 0 and 1, not {getattr(self, name)!r}")
        if not 0.0 < self.step < 1.0:
            raise ValueError(f"step must be between 0 and 1, not {self.step!r}")
        for name in ("max_iterations", "max_products"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)!r}")
        if not 1 <= self.first_look <= self.most_steps:
            raise ValueError(f"there must be 1 ≤ first_look ≤ most_steps, not {self.first_look!r}")
