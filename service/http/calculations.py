"""Questions that are not instances: other things the same workers calculate, one kind an address.

A calculation goes the way of every question, through the same queue to the same child processes: bounded
in time and memory, killed where it exceeds them, alone in its batch. What a kind is, is known to its route,
which makes the `Calculation`, and to its answerer, which runs in the worker and makes the `Reply`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SPARSE_RECOVERY = "sparse-recovery"
RECONSTRUCT = "reconstruct"
EQUILIBRIUM = "equilibrium"


@dataclass(frozen=True, slots=True)
class Calculation:
    """One question.

    Attributes:
        kind: a key of `service.http.answerers.ANSWERERS`.
        body: the request's, plain or gzipped.
        media: what the body is, a content type.
        accepted: the content type of the answer.
        asked: what the request's parameters ask for; of a class that the kind knows, and that can be pickled.
        size: of the body, inflated.
    """

    kind: str
    body: bytes
    media: str
    accepted: str
    asked: Any
    size: int
