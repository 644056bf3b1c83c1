"""What a person can choose from; imports nothing, so that `farkas --help` is quick."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How much work an answer may cost. This version has `predict`."""

    PREDICT = "predict"
    CERTIFY = "certify"
    SOLVE = "solve"
    AUTO = "auto"


class Device(StrEnum):
    """Where the network runs; AUTO is CUDA where there is one."""

    CPU = "cpu"
    CUDA = "cuda"
    AUTO = "auto"


AVAILABLE_POLICIES = (Policy.PREDICT,)

FATAL, SOME_BAD = 1, 2
"""Exit statuses of the command line, beside 0: nothing could be done; some files could not be answered."""
