"""In the worker: requests of sparse recovery in, written answers out."""

from __future__ import annotations

import json
from collections import Counter

from service.arrays import write_npy, write_npz
from service.http.calculations import Calculation
from service.http.questions import Reply
from service.http.sparse_body import question_of
from service.http.sparse_parameters import JSON, NPY, SUMMARY_HEADER
from service.settings import Settings
from service.sparse_output import answer_arrays, answer_document, summary
from service.sparse_recovery import SparseAnswer, SparseRecoverer


class SparseAnswerer:
    """Holds the dictionaries and networks that were last asked for.

    Args:
        settings: limits, and where the registry is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recoverer = SparseRecoverer(settings)

    def answer(self, calculation: Calculation) -> Reply:
        """The reply to one request.

        Raises:
            SparseInputError, InstanceError, RegistryError, ServiceError: it is refused.
        """
        question, sparse = question_of(calculation, self._settings)
        answer = self._recoverer.answer(question)
        return Reply(
            document=_written(answer, calculation.accepted, sparse),
            seconds=((calculation.kind, answer.seconds),),
            media=calculation.accepted,
            headers=_headers(answer, calculation.accepted),
            provenances=tuple(Counter(answer.recovery.provenance).items()),
        )


def _written(answer: SparseAnswer, form: str, sparse: bool) -> bytes:
    if form == JSON:
        return answer_document(answer, sparse=sparse)
    return write_npy(answer.recovery.x) if form == NPY else write_npz(answer_arrays(answer))


def _headers(answer: SparseAnswer, form: str) -> tuple[tuple[str, str], ...]:
    """The measures in short, where the document has no place for them."""
    if form != NPY:
        return ()
    short = json.dumps(summary(answer), separators=(",", ":"), allow_nan=False)  # in ASCII, as headers are
    return ((SUMMARY_HEADER, short),)
