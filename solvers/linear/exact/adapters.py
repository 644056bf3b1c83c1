"""Exact solvers behind one type: HiGHS and SCIP.

Importing this module loads both solvers; the API process must not. A solver can hang or crash: where that
matters, call it in a child of `runtime.isolation.Pool`.
"""

from __future__ import annotations

from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.scip import solve_scip
from solvers.linear.exact.solution import ExactSolution, SolveStatus

__all__ = ["ExactSolution", "SolveStatus", "solve_highs", "solve_scip"]
