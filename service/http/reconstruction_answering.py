"""In the worker: requests of reconstruction in, written answers out."""

from __future__ import annotations

import json
from collections import Counter

from service.arrays import write_npy, write_npz
from service.errors import InvalidRequest
from service.http.calculations import Calculation
from service.http.questions import Reply
from service.http.reconstruction_body import question_of
from service.http.sparse_parameters import JSON, NPY, SUMMARY_HEADER
from service.picture_files import PNG, write_png
from service.reconstructing import ReconstructionAnswer, Reconstructor
from service.reconstruction_output import Encoding, answer_arrays, answer_document, images_of, summary
from service.settings import Settings


class ReconstructionAnswerer:
    """Holds the operators and networks that were last asked for.

    Args:
        settings: limits, and where the registry is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reconstructor = Reconstructor(settings)

    def answer(self, calculation: Calculation) -> Reply:
        """The reply to one request.

        Raises:
            ImplicitInputError, InstanceError, RegistryError, ServiceError: it is refused.
        """
        question, encoding = question_of(calculation, self._settings)
        answer = self._reconstructor.answer(question)
        words = Counter(word for result in answer.results for word in result.reconstruction.provenance)
        return Reply(
            document=_written(answer, calculation.accepted, encoding),
            seconds=((calculation.kind, answer.seconds),),
            media=calculation.accepted,
            headers=_headers(answer, calculation.accepted),
            provenances=tuple(words.items()),
        )


def _written(answer: ReconstructionAnswer, form: str, encoding: Encoding) -> bytes:
    if form == JSON:
        return answer_document(answer, encoding)
    if form == PNG:
        images = images_of(answer.results[0])
        if len(images) > 1:
            raise InvalidRequest(f"an answer in {PNG} is of one picture", hint=f"ask for {JSON} or {NPY}")
        return write_png(images[0])
    return write_npy(images_of(answer.results[0])) if form == NPY else write_npz(answer_arrays(answer))


def _headers(answer: ReconstructionAnswer, form: str) -> tuple[tuple[str, str], ...]:
    """The measures in short, where the document has no place for them."""
    if form not in (PNG, NPY):
        return ()
    short = json.dumps(summary(answer), separators=(",", ":"), allow_nan=False)  # in ASCII, as headers are
    return ((SUMMARY_HEADER, short),)
