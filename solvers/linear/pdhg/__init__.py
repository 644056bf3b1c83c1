"""Batched, restarted primal–dual hybrid gradient for linear programs."""

from __future__ import annotations

from solvers.iteration import TerminationReason
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.solve import Look, PdhgOutcome, solve_pdhg

__all__ = ["Look", "PdhgOutcome", "PdhgSettings", "TerminationReason", "solve_pdhg"]
