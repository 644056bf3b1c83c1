"""Points and rays: what a prediction proposes and a certificate proves.

Sign conventions are those of `solvers.linear.certificate`: y_i > 0 prices the row's lower bound,
y_i < 0 its upper bound, reduced costs are d = c − Aᵀy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def _none() -> Matrix:
    return np.zeros((0, 0))


@dataclass(frozen=True, eq=False)
class Candidate:
    """Everything someone (a network, a solver, a person) proposes about one instance, in its own units.

    Attributes:
        points: proposed feasible points, shape (K_p, n).
        duals: proposed dual solutions y, shape (K_d, m).
        farkas_rays: proposed proofs of infeasibility y, shape (K_f, m).
        rays: proposed unbounded directions r, shape (K_r, n).

    Each may be empty (shape (0, anything)). Nothing is promised of them: `certify` decides.
    """

    points: Matrix = field(default_factory=_none)
    duals: Matrix = field(default_factory=_none)
    farkas_rays: Matrix = field(default_factory=_none)
    rays: Matrix = field(default_factory=_none)


@dataclass(frozen=True, eq=False)
class PrimalDualPoint:
    """A primal point x, shape (n,), with a dual y, shape (m,)."""

    primal: NDArray[np.float64]
    dual: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ray:
    """A direction: of the primal recession cone (shape (n,)) or a Farkas ray (shape (m,))."""

    direction: NDArray[np.float64]
