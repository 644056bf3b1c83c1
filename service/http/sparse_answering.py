"""In the worker: requests of sparse recovery in, written answers out."""

from __future__ import annotations

from service.arrays import write_npy, write_npz
from service.http.calculated_reply import calculated_reply
from service.http.calculations import Calculation
from service.http.questions import Reply
from service.http.sparse_body import question_of
from service.http.sparse_parameters import JSON, NPY
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
        document = _written(answer, calculation.accepted, sparse)
        return calculated_reply(
            calculation, document, answer.seconds, answer.recovery.provenance, lambda: summary(answer)
        )


def _written(answer: SparseAnswer, form: str, sparse: bool) -> bytes:
    if form == JSON:
        return answer_document(answer, sparse=sparse)
    return write_npy(answer.recovery.x) if form == NPY else write_npz(answer_arrays(answer))
