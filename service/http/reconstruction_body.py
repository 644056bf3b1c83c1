"""In the worker: from the body of a request of reconstruction to the question it asks."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from graphs.errors import MalformedFile
from service.errors import InvalidRequest
from service.http.calculation_bodies import plain_body
from service.http.calculations import Calculation
from service.http.json_bodies import decoded
from service.http.reconstruction_parameters import ReconstructionParameters
from service.http.sparse_parameters import JSON, NPY, NPZ
from service.measurement_arrays import read_measurement, read_measurement_file
from service.picture_files import PNG, is_picture
from service.reconstruction_output import Encoding
from service.reconstruction_questions import (
    NOISE,
    SIZE,
    Approach,
    Degradation,
    Operator,
    ReconstructionQuestion,
    asked_degradation,
    checked_operator,
    operator_of,
    operator_with,
    shape_of,
)
from service.settings import Settings
from solvers.implicit.errors import InvalidMeasurement

_OTHER_COMMAS = 256

Numbers = list[float | list[float | list[float]]]
OwnNumbers = list[bool | float | list[bool | float]]


class ComplexNumbers(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Complex numbers in two parts of one shape."""

    real: Numbers
    imaginary: Numbers


class ReconstructionDocument(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a request of reconstruction."""

    operator: Annotated[
        str | dict[str, str | int | float | OwnNumbers],
        Meta(
            description="A kind of GET /v1/operators, or an object: `kind` and unusual parameters, or in "
            "their place an array of your own, as a list or rows"
        ),
    ]
    measurement: Annotated[
        str | Numbers | ComplexNumbers,
        Meta(
            description="One measurement, or many end to end: rows of numbers, complex ones in two parts; or "
            "a .npy, PNG or JPEG file in base64. With degrade: pictures from 0 to 1"
        ),
    ]
    image_shape: Annotated[
        list[int] | None, Meta(description="Rows and columns, where the measurement does not tell")
    ] = None
    degrade: Annotated[
        bool, Meta(description="The measurement is of pictures, which farkas degrades by the operator first")
    ] = False
    noise: Annotated[float | None, Meta(description=f"With degrade: σ, by default {NOISE}")] = None
    seed: Annotated[int | None, Meta(description="With degrade: of the noise, by default 0")] = None
    size: Annotated[
        int | None, Meta(description=f"With degrade: a larger file is shrunk to this side; by default {SIZE}")
    ] = None
    truth: Annotated[
        str | Numbers | None, Meta(description="Pictures to compare with, rows of numbers or a .npy file")
    ] = None
    methods: Annotated[
        list[str] | None, Meta(description="Each answers; by default network, else total-variation")
    ] = None
    model: Annotated[str | None, Meta(description="A network of the registry")] = None
    max_iterations: Annotated[int | None, Meta(description="By default the method's own")] = None
    tolerance: Annotated[float | None, Meta(description="By default the method's own")] = None
    regularization: Annotated[float | None, Meta(description="Of total variation: its weight")] = None
    time_limit: Annotated[float | None, Meta(description="Seconds for all methods together")] = None
    encoding: Annotated[
        Encoding, Meta(description="Of pictures in the answer: PNG files in base64, or rows of numbers")
    ] = "png"


@dataclass(frozen=True, eq=False)
class _Source:
    """An array, or a picture's file."""

    array: NDArray[Any] | None = None
    picture: bytes | None = None


def question_of(calculation: Calculation, settings: Settings) -> tuple[ReconstructionQuestion, Encoding]:
    """The question, and how pictures are wanted in JSON.

    Raises:
        MalformedFile, InvalidRequest, QuestionTooLarge, ImplicitInputError
    """
    body = plain_body(calculation, settings)
    if calculation.media == JSON:
        question, encoding = _of_json(body, settings)
    else:
        asked: ReconstructionParameters = calculation.asked
        question, encoding = _of_file(body, calculation.media, asked, settings), asked.encoding
    if calculation.accepted in (PNG, NPY) and len(question.approach.methods) > 1:
        raise InvalidRequest(
            f"an answer in {calculation.accepted} is of one method", hint=f"ask for {JSON} or {NPZ}"
        )
    return question, encoding


def _of_json(body: bytes, settings: Settings) -> tuple[ReconstructionQuestion, Encoding]:
    most = 2 * _most(settings) + settings.max_pixels
    said = decoded(body, ReconstructionDocument, most_numbers=most + _OTHER_COMMAS)
    operator = (
        operator_of(said.operator) if isinstance(said.operator, str) else checked_operator(said.operator)
    )
    truth = None if said.truth is None else _source(said.truth, "truth", settings).array
    if said.truth is not None and truth is None:
        raise InvalidRequest("truth: rows of numbers, or a .npy file in base64")
    question = _question(
        _source(said.measurement, "measurement", settings),
        operator,
        asked_degradation(said.degrade, said.noise, said.seed, said.size),
        Approach(
            tuple(said.methods or ()),
            said.model,
            said.max_iterations,
            said.tolerance,
            said.regularization,
            said.time_limit,
        ),
        said.size,
        truth,
    )
    return replace(question, image_shape=_sides(said.image_shape)), said.encoding


def _of_file(
    body: bytes, media: str, asked: ReconstructionParameters, settings: Settings
) -> ReconstructionQuestion:
    source, named, truth, own = _Source(picture=body), None, None, {}
    if media == NPZ:
        file = read_measurement_file(body, most=_most(settings))
        source, named, truth, own = _Source(file.measurement), file.operator, file.truth, file.own
    elif media == NPY:
        source = _Source(read_measurement(body, name="measurement", most=_most(settings)))
    if named is not None and asked.operator is not None:
        raise InvalidRequest(
            "the operator is both in the body and in the query", hint="leave one of them out"
        )
    operator = operator_with(asked.operator if named is None else named, own)
    if operator is None:
        raise InvalidRequest("no operator is named", hint="add ?operator=KIND; GET /v1/operators lists them")
    approach = Approach(
        _split(asked.methods),
        asked.model,
        asked.max_iterations,
        asked.tolerance,
        asked.regularization,
        asked.time_limit,
    )
    degradation = asked_degradation(asked.degrade, asked.noise, asked.seed, asked.size)
    question = _question(source, operator, degradation, approach, asked.size, truth)
    return replace(question, image_shape=shape_of(asked.image_shape))


def _question(
    source: _Source,
    operator: Operator,
    degradation: Degradation | None,
    approach: Approach,
    size: int | None,
    truth: NDArray[Any] | None,
) -> ReconstructionQuestion:
    if degradation is not None and truth is not None:
        raise InvalidRequest(
            "truth goes without degrade", hint="the pictures that are degraded are the truth"
        )
    return ReconstructionQuestion(
        operator=operator,
        measurements=source.array,
        picture=source.picture,
        degradation=degradation,
        truth=truth,
        size=SIZE if size is None else size,
        approach=approach,
    )


def _source(said: str | Numbers | ComplexNumbers, name: str, settings: Settings) -> _Source:
    if isinstance(said, str):
        data = _bytes(said, name)
        if is_picture(data):
            return _Source(picture=data)
        return _Source(read_measurement(data, name=name, most=_most(settings)))
    if isinstance(said, ComplexNumbers):
        real, imaginary = _array(said.real, name), _array(said.imaginary, name)
        if real.shape != imaginary.shape:
            raise InvalidMeasurement(f"the two parts of the {name} are not of one shape")
        return _Source(real + 1j * imaginary)
    return _Source(_array(said, name))


def _array(rows: Numbers, name: str) -> NDArray[np.float64]:
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise InvalidMeasurement(f"a {name} is rows of numbers, all of one length") from error


def _bytes(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedFile(f"the {name} is no valid base64") from error


def _sides(said: list[int] | None) -> tuple[int, int] | None:
    if said is None:
        return None
    if len(said) != 2 or not all(0 < side < 1_000_000 for side in said):
        raise InvalidRequest("image_shape: rows and columns, such as [128, 96]")
    return said[0], said[1]


def _split(methods: str | None) -> tuple[str, ...]:
    return () if methods is None else tuple(part.strip() for part in methods.split(","))


def _most(settings: Settings) -> int:
    """Numbers of an array: a measurement may have a little more than the pictures have pixels."""
    return 2 * settings.max_batch_pixels
