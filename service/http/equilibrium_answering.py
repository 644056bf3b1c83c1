"""In the worker: requests for equilibria in, written answers out."""

from __future__ import annotations

from service.arrays import write_npy, write_npz
from service.equilibria import EquilibriumAnswer, EquilibriumFinder
from service.equilibrium_output import answer_arrays, answer_document, summary
from service.http.calculated_reply import calculated_reply
from service.http.calculations import Calculation
from service.http.equilibrium_body import question_of
from service.http.questions import Reply
from service.http.sparse_parameters import JSON, NPY
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
        document = _written(answer, calculation.accepted)
        return calculated_reply(
            calculation, document, answer.seconds, answer.found.provenance, lambda: summary(answer)
        )


def _written(answer: EquilibriumAnswer, form: str) -> bytes:
    if form == JSON:
        return answer_document(answer)
    return write_npy(answer.found.value) if form == NPY else write_npz(answer_arrays(answer))
