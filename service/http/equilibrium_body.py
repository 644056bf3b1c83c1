"""In the worker: from the body of a request for equilibria to the question it asks."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from service.arrays import Matrix, read_npy
from service.equilibrium_questions import EquilibriumQuestion, Seeking
from service.http.calculation_bodies import one_row_or_many, plain_body
from service.http.calculations import Calculation
from service.http.equilibrium_parameters import EquilibriumParameters
from service.http.json_bodies import decoded
from service.http.sparse_parameters import JSON
from service.settings import Settings
from solvers.implicit.errors import InvalidContext

_OTHER_COMMAS = 64
_LARGEST_CONTEXT = 256
"""Numbers of a context that a server allocates for; games have fewer."""


class EquilibriumDocument(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a request for equilibria."""

    model: Annotated[
        str, Meta(description="A network of the registry (name or name@version), whose game is meant")
    ]
    contexts: Annotated[list[float | list[float]], Meta(description="One context, or a row each of many")]
    gap: Annotated[float | None, Meta(description="Go on until the gap is proved to be at most this")] = None
    max_iterations: Annotated[int | None, Meta(description="Of the network; by default 1000")] = None
    tolerance: Annotated[float | None, Meta(description="Of the network's fixed point")] = None
    time_limit: Annotated[float | None, Meta(description="Seconds for all contexts")] = None


def question_of(calculation: Calculation, settings: Settings) -> EquilibriumQuestion:
    """The question.

    Raises:
        MalformedFile, InvalidRequest, QuestionTooLarge, InvalidContext
    """
    body = plain_body(calculation, settings)
    most = settings.max_contexts * _LARGEST_CONTEXT
    if calculation.media == JSON:
        said = decoded(body, EquilibriumDocument, most_numbers=most + _OTHER_COMMAS)
        seeking = Seeking(said.gap, said.max_iterations, said.tolerance, said.time_limit)
        return EquilibriumQuestion(said.model, _contexts(said.contexts), seeking)
    asked: EquilibriumParameters = calculation.asked
    return EquilibriumQuestion(asked.model or "", read_npy(body, name="contexts", most=most), asked.seeking)


def _contexts(rows: list[float | list[float]]) -> Matrix:
    found = one_row_or_many(rows)
    if found is None:
        raise InvalidContext("contexts are one row of numbers, or rows that are all of one length")
    return found
