"""In the worker: requests for equilibria in, written answers out."""

from __future__ import annotations

import json
from collections import Counter

from service.arrays import write_npy, write_npz
from service.equilibria import EquilibriumAnswer, EquilibriumFinder
from service.equilibrium_output import answer_arrays, answer_document, summary
from service.http.calculations import Calculation
from service.http.equilibrium_body import question_of
from service.http.questions import Reply
from service.http.sparse_parameters import JSON, NPY, SUMMARY_HEADER
from service.settings import Settings


class EquilibriumAnswerer:
    """Holds the networks that were last asked for.

    Args:
        settings: limits, and where the registry is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._finder = EquilibriumFinder(settings)

    def answer(self, calculation: Calculation) -> Reply:
        """The reply to one request.

        Raises:
            ImplicitInputError, InstanceError, RegistryError, ServiceError: it is refused.
        """
        answer = self._finder.answer(question_of(calculation, self._settings))
        return Reply(
            document=_written(answer, calculation.accepted),
            seconds=((calculation.kind, answer.seconds),),
            media=calculation.accepted,
            headers=_headers(answer, calculation.accepted),
            provenances=tuple(Counter(answer.found.provenance).items()),
        )


def _written(answer: EquilibriumAnswer, form: str) -> bytes:
    if form == JSON:
        return answer_document(answer)
    return write_npy(answer.found.value) if form == NPY else write_npz(answer_arrays(answer))


def _headers(answer: EquilibriumAnswer, form: str) -> tuple[tuple[str, str], ...]:
    """The measures in short, where the document has no place for them."""
    if form != NPY:
        return ()
    short = json.dumps(summary(answer), separators=(",", ":"), allow_nan=False)  # in ASCII, as headers are
    return ((SUMMARY_HEADER, short),)
