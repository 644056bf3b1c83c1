"""What is known of an instance's answer: its label, and the two together.

An objective may be the optimum of a MILP only up to its solver's gap; the label records which gap that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphs.instance import Instance, Vector
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.residuals import Matrix

EXACT_GAP: Final = 1e-6
"""A label of a relative gap up to this is exact; it is the gap of an `optimal` certificate."""


def relative_gap(objective: float, dual_bound: float) -> float:
    """|objective − dual_bound| / max(1, |objective|); both in the minimising sense, offset included."""
    return abs(objective - dual_bound) / max(1.0, abs(objective))


def is_exact(gap: float, *, certified: bool) -> bool:
    """Whether a label of this relative gap is more than one within a gap; a certificate's gap is measured
    without the offset, and has the last word."""
    return certified or gap <= EXACT_GAP


@dataclass(frozen=True, eq=False)
class Label:
    """What is known of an instance's answer.

    Attributes:
        status: OPTIMAL, INFEASIBLE or UNBOUNDED.
        objective: optimal value in the minimising sense, offset included; None unless OPTIMAL.
        primal: x, shape (n,): optimal, or the feasible point that belongs to an unbounded ray.
        dual: y, shape (m,), of an optimal LP.
        farkas_ray: y, shape (m,), where infeasibility (of the relaxation) is proved.
        unbounded_ray: r, shape (n,), where unboundedness is proved.
        dual_bound: a lower bound on the minimum: the certificate's, else the solver's.
        solver: name and version of who solved it.
        seconds: its time.
        certified: a certificate proves status and objective; else they are the solver's word.
        cross_checked: a second solver agreed.
        gap: |objective − dual_bound| / max(1, |objective|), at least 0: the minimum may be lower than the
            objective by so much; 0 unless OPTIMAL.
        time_limit: seconds the solver was given; None where that was not recorded.
        pool: feasible points of a MILP, shape (K, n), distinct, best first: the first is `primal`.
        pool_objectives: their objectives, shape (K,), as `objective`; each point is rechecked as `primal` is.
    """

    status: SolveStatus
    objective: float | None = None
    primal: Vector | None = None
    dual: Vector | None = None
    farkas_ray: Vector | None = None
    unbounded_ray: Vector | None = None
    dual_bound: float | None = None
    solver: str = ""
    seconds: float = 0.0
    certified: bool = False
    cross_checked: bool = False
    gap: float = 0.0
    time_limit: float | None = None
    pool: Matrix | None = None
    pool_objectives: Vector | None = None

    @property
    def is_exact(self) -> bool:
        """The label is not only within a gap: its objective, if any, is the optimum up to rounding."""
        return is_exact(self.gap, certified=self.certified)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledInstance(Label):
    """An instance with its label, as `read_labelled` gives it; names of rows and columns are not kept.

    Attributes:
        instance: the instance.
        sha256: its content hash.
        file: path of its file below the labelled folder.
        family: the instance family it belongs to.
        parent: content hash of the instance that this one was perturbed from; "" where it was not.
    """

    instance: Instance
    sha256: str
    file: str
    family: str
    parent: str = ""
