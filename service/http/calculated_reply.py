"""In the worker: the reply that carries an answer of a calculation, whatever was calculated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from service.http.calculations import Calculation
from service.http.questions import Reply
from service.http.sparse_parameters import NPY, SUMMARY_HEADER
from service.picture_files import PNG

_WITHOUT_MEASURES = (PNG, NPY)
"""The forms of an answer that have no place for its measures."""


def calculated_reply(
    calculation: Calculation,
    document: bytes,
    seconds: float,
    provenance: Iterable[str],
    summary: Callable[[], dict[str, Any]],
) -> Reply:
    """The reply; a header has the measures in short where the document has no place for them.

    Args:
        document: the answer, written as it was asked for.
        provenance: of every item.
        summary: the measures in short.
    """
    return Reply(
        document=document,
        seconds=((calculation.kind, seconds),),
        media=calculation.accepted,
        headers=_headers(summary()) if calculation.accepted in _WITHOUT_MEASURES else (),
        provenances=tuple(Counter(provenance).items()),
    )


def _headers(summary: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    short = json.dumps(summary, separators=(",", ":"), allow_nan=False)  # in ASCII, as headers are
    return ((SUMMARY_HEADER, short),)
