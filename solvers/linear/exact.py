"""Exact solvers behind one type: HiGHS and SCIP.

Importing this module loads both solvers; the API process must not. A solver can hang or crash: where that
matters, call it in a child of `runtime.isolation.Pool`.
"""

from __future__ import annotations

from solvers.linear.exact_solution import ExactSolution, SolveStatus
from solvers.linear.highs_adapter import solve_highs
from solvers.linear.scip_adapter import solve_scip

__all__ = ["ExactSolution", "SolveStatus", "solve_highs", "solve_scip"]
