"""In the worker: requests of reconstruction in, written answers out."""

from __future__ import annotations

from service.arrays import write_npy, write_npz
from service.errors import InvalidRequest
from service.http.calculated_reply import calculated_reply
from service.http.calculations import Calculation
from service.http.questions import Reply
from service.http.reconstruction_body import question_of
from service.http.sparse_parameters import JSON, NPY
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
        words = [word for result in answer.results for word in result.reconstruction.provenance]
        document = _written(answer, calculation.accepted, encoding)
        return calculated_reply(calculation, document, answer.seconds, words, lambda: summary(answer))


def _written(answer: ReconstructionAnswer, form: str, encoding: Encoding) -> bytes:
    if form == JSON:
        return answer_document(answer, encoding)
    if form == PNG:
        images = images_of(answer.results[0])
        if len(images) > 1:
            raise InvalidRequest(f"an answer in {PNG} is of one picture", hint=f"ask for {JSON} or {NPY}")
        return write_png(images[0])
    return write_npy(images_of(answer.results[0])) if form == NPY else write_npz(answer_arrays(answer))
