"""What a person can choose from; imports nothing, so that `farkas --help` is quick."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How much work an answer may cost.

    PREDICT: the network, and the certificates that its own points and rays earn.
    CERTIFY: these polished too, within a budget of work and without an exact solver.
    SOLVE: an exact solver, started from the prediction, its result rechecked.
    AUTO: the cheapest of these that keeps what is required (`Require`) within the deadline.
    """

    PREDICT = "predict"
    CERTIFY = "certify"
    SOLVE = "solve"
    AUTO = "auto"


class Require(StrEnum):
    """What AUTO has to deliver: any answer, a verdict proved or solved, or an optimum proved or solved."""

    PREDICTED = "predicted"
    VERDICT = "verdict"
    OPTIMUM = "optimum"


class Rigour(StrEnum):
    """NUMERIC: float64, tolerances stated. EXACT: rational arithmetic on the file's own decimals too."""

    NUMERIC = "numeric"
    EXACT = "exact"


class ExactSolver(StrEnum):
    """Which exact solver; AUTO takes the one that suits the instance, and the other where that one fails."""

    AUTO = "auto"
    HIGHS = "highs"
    SCIP = "scip"


class Device(StrEnum):
    """Where the network runs; AUTO is CUDA where there is one."""

    CPU = "cpu"
    CUDA = "cuda"
    AUTO = "auto"


TIME_LIMIT, GAP = 60.0, 1e-6
"""What a solver may take for an instance, in seconds, and the relative gap at which it may stop on a MILP,
where nobody says otherwise."""

FATAL, SOME_BAD = 1, 2
"""Exit statuses of the command line, beside 0: nothing could be done; some files could not be answered."""
