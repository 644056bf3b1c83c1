"""In the worker: from the body of a request of sparse recovery to the question it asks."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from graphs.errors import MalformedFile
from service.arrays import Matrix, read_npy, read_npz
from service.errors import InvalidRequest
from service.http.calculation_bodies import one_row_or_many, plain_body
from service.http.calculations import Calculation
from service.http.json_bodies import decoded
from service.http.sparse_parameters import JSON, NPY, SparseParameters
from service.settings import Settings
from service.sparse_questions import Method, SparseQuestion
from solvers.sparse.errors import InvalidDictionary, InvalidMeasurements

_OTHER_COMMAS = 64

_UNNAMED = "no dictionary is named"


class SparseDocument(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a request of sparse recovery."""

    dictionary: Annotated[
        str | list[list[float]],
        Meta(description="A name of the registry (name or name@version), or A as rows"),
    ]
    measurements: Annotated[list[float | list[float]], Meta(description="One b, or a row each of many")]
    variant: Annotated[
        str | None, Meta(description="By default hyperlista; GET /v1/models has what is trained")
    ] = None
    layers: Annotated[int | None, Meta(description="By default 16, of a trained model all")] = None
    model: Annotated[
        str | None, Meta(description="A trained network, or numbers of HyperLISTA, of the registry")
    ] = None
    regularization: Annotated[
        float | None, Meta(description="λ of ½‖Ax − b‖² + λ‖x‖₁; without it Ax = b is to be recovered")
    ] = None
    duality_gap: Annotated[
        float | None, Meta(description="With λ: go on until this gap, relative to ½‖b‖², is proved")
    ] = None
    time_limit: Annotated[float | None, Meta(description="Seconds that going on may take")] = None
    sparse: Annotated[bool, Meta(description="Rows of x as {indices, values}")] = False


def question_of(calculation: Calculation, settings: Settings) -> tuple[SparseQuestion, bool]:
    """The question, and whether codes are wanted as indices and values.

    Raises:
        MalformedFile, InvalidRequest, QuestionTooLarge, SparseInputError
    """
    body = plain_body(calculation, settings)
    asked: SparseParameters = calculation.asked
    if calculation.media == JSON:
        return _of_json(body, settings)
    if calculation.media == NPY:
        measurements = read_npy(body, name="measurements", most=settings.max_codes)
        return _of_arrays({"measurements": measurements}, asked), asked.sparse
    most = {"dictionary": settings.max_dictionary, "measurements": settings.max_codes}
    return _of_arrays(read_npz(body, most), asked), asked.sparse


def _of_json(body: bytes, settings: Settings) -> tuple[SparseQuestion, bool]:
    most = settings.max_dictionary + settings.max_codes + _OTHER_COMMAS
    said = decoded(body, SparseDocument, most_numbers=most)
    dictionary: Matrix | str = (
        said.dictionary if isinstance(said.dictionary, str) else _dictionary(said.dictionary)
    )
    method = Method(
        said.variant, said.layers, said.model, said.regularization, said.duality_gap, said.time_limit
    )
    return SparseQuestion(dictionary, _measurements(said.measurements), method), said.sparse


def _of_arrays(arrays: dict[str, Matrix], asked: SparseParameters) -> SparseQuestion:
    if "measurements" not in arrays:
        raise MalformedFile("the .npz file holds no measurements", hint="add an array of that name")
    found = arrays.get("dictionary")
    if found is not None and asked.dictionary is not None:
        raise InvalidRequest(
            "the dictionary is both in the body and in the query", hint="leave one of them out"
        )
    if found is not None:
        return SparseQuestion(found, arrays["measurements"], asked.method)
    if asked.dictionary is None:
        raise InvalidRequest(_UNNAMED, hint="add ?dictionary=NAME, or send both in a .npz or JSON body")
    return SparseQuestion(asked.dictionary, arrays["measurements"], asked.method)


def _dictionary(rows: list[list[float]]) -> Matrix:
    widths = {len(row) for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise InvalidDictionary("a dictionary is rows of numbers, all of one length")
    return np.array(rows, dtype=np.float64)


def _measurements(rows: list[float | list[float]]) -> Matrix:
    found = one_row_or_many(rows)
    if found is None:
        raise InvalidMeasurements("measurements are one row of numbers, or rows that are all of one length")
    return found
