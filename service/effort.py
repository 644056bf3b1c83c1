"""How much work an answer may cost, and what it has to be worth."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.choices import GAP, TIME_LIMIT, ExactSolver, Policy, Require, Rigour
from service.errors import InvalidRequest
from solvers.linear.certificate import DEFAULT_TOLERANCES, Tolerances


@dataclass(frozen=True)
class Effort:
    """What is asked of one instance; hashable, so that like questions are answered together.

    Attributes:
        policy: which lanes may be used.
        rigour: EXACT adds exact certificates where they can be had.
        require: what AUTO has to deliver.
        deadline: seconds AUTO may take for an instance; None for no deadline but the time limit.
        solver: of the solve lane.
        time_limit: wall clock seconds of the solve lane for an instance; what still runs then is killed.
        gap: relative gap at which a solver may stop on a MILP.
        explain: of an infeasible instance, find an irreducible infeasible subset too (solve lane).
        work: of the polish, a multiple of the default budget.
        tolerances: of every certificate.
    """

    policy: Policy = Policy.PREDICT
    rigour: Rigour = Rigour.NUMERIC
    require: Require = Require.VERDICT
    deadline: float | None = None
    solver: ExactSolver = ExactSolver.AUTO
    time_limit: float = TIME_LIMIT
    gap: float = GAP
    explain: bool = False
    work: float = 1.0
    tolerances: Tolerances = field(default=DEFAULT_TOLERANCES)

    def __post_init__(self) -> None:
        positive = {"time limit": self.time_limit, "deadline": self.deadline, "work": self.work}
        for name, value in positive.items():
            if value is not None and not 0.0 < value < float("inf"):
                raise InvalidRequest(f"the {name} must be a positive number")
        if not 0.0 <= self.gap < 1.0:
            raise InvalidRequest("the gap must be at least 0 and less than 1")
        if self.deadline is not None and self.policy is not Policy.AUTO:
            raise InvalidRequest("only the policy 'auto' takes a deadline", hint="or give a time limit")
        if self.explain and self.policy not in (Policy.SOLVE, Policy.AUTO):
            raise InvalidRequest("only the policies 'solve' and 'auto' can explain an infeasibility")

    @property
    def may_solve(self) -> bool:
        return self.policy in (Policy.SOLVE, Policy.AUTO)
