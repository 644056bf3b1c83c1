"""How an exact lane solves: which solver, within which limits, to which tolerances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SolverName = Literal["highs", "scip"]


@dataclass(frozen=True)
class SolveOptions:
    """Settings of one solve.

    Attributes:
        solver: "auto" chooses by kind and asks the other one where the first fails.
        time_limit: wall clock seconds for everything: retries, second opinion, irreducible subset.
        memory_limit: bytes of address space of the child, libraries included; None for no limit.
        mip_gap: relative gap at which a MILP counts as solved.
        feasibility_tolerance: the solver's own absolute tolerance, primal and dual.
        threads: threads of HiGHS; SCIP has one.
        irreducible_subset: explain an infeasible instance by rows and bounds that cannot hold together.
        want_rays: look for rays that pass `certify` where the solver's own does not.
        log: a file that incumbents and bounds are appended to while solving (`lane.incumbents`).

    Raises:
        ValueError: a setting is out of range.
    """

    solver: Literal["auto", "highs", "scip"] = "auto"
    time_limit: float = 60.0
    memory_limit: int | None = None
    mip_gap: float = 1e-6
    feasibility_tolerance: float = 1e-7
    threads: int = 1
    irreducible_subset: bool = False
    want_rays: bool = True
    log: Path | None = None

    def __post_init__(self) -> None:
        if self.solver not in ("auto", "highs", "scip"):
            raise ValueError(f"solver must be auto, highs or scip, not {self.solver!r}")
        if not (math.isfinite(self.time_limit) and self.time_limit > 0.0):
            raise ValueError(f"time_limit must be positive and finite, not {self.time_limit!r}")
        if not 0.0 <= self.mip_gap < math.inf:
            raise ValueError(f"mip_gap must be nonnegative and finite, not {self.mip_gap!r}")
        if not 1e-10 <= self.feasibility_tolerance <= 1e-3:
            raise ValueError("feasibility_tolerance must lie between 1e-10 and 1e-3")
        if self.threads < 1:
            raise ValueError("threads must be at least 1")
        if self.memory_limit is not None and self.memory_limit <= 0:
            raise ValueError("memory_limit must be positive")
