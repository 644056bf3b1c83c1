"""From a question of reconstruction to what is measured: which operator, of which pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.errors import InvalidRequest, QuestionTooLarge
from service.picture_files import Picture, read_picture
from service.question_limits import raise_limit
from service.reconstruction_questions import Degradation, ReconstructionQuestion
from service.settings import Settings
from service.told_shapes import told_shape
from solvers.implicit.errors import InvalidMeasurement, InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.operator_kinds import LARGEST_PICTURE, OPERATORS

_UNTOLD = ("masked-fourier", "tomography")
"""Kinds whose measurements do not tell the picture's shape."""

_LEAST_SIDE = 16
LEAST_COUNTED = _LEAST_SIDE**2
"""Pixels that a smaller picture counts as: each is judged and written by itself, however small."""

_OUTSIDE = 1e-6
"""How far beyond [0, 1] a picture's entries may be by rounding."""


@dataclass(frozen=True, eq=False)
class Given:
    """What a question gives.

    Attributes:
        array: pictures that are to be degraded, (B, H, W), or measurements, (B, …).
        notes: what was done to a file's picture.
    """

    array: NDArray[Any]
    notes: tuple[str, ...] = ()


def given(question: ReconstructionQuestion, settings: Settings, *, limited: bool) -> Given:
    """The arrays of a question, its file decoded.

    Raises:
        MalformedFile, QuestionTooLarge, InvalidMeasurement, InvalidRequest
    """
    if not _LEAST_SIDE <= question.size <= LARGEST_PICTURE:
        raise InvalidRequest(f"size: from {_LEAST_SIDE} to {LARGEST_PICTURE}")
    if question.picture is not None:
        picture = _decoded(question, settings)
        picture = _tiled(picture, question.operator) if question.degradation is not None else picture
        array, notes = picture.pixels[None], picture.notes
    elif question.measurements is not None:
        array, notes = question.measurements, ()
    else:
        raise InvalidRequest("there is neither a measurement nor a picture")
    if question.degradation is not None:
        array = pictures_of(array, "picture")
    if limited and array.size > 2 * settings.max_batch_pixels:
        raise _too_many(settings)
    return Given(array, notes)


def image_shape(question: ReconstructionQuestion, array: NDArray[Any]) -> tuple[int, int]:
    """(H, W) of the pictures that are to be found.

    Raises:
        InvalidMeasurement
        InvalidRequest: it is not said, and cannot be told; or it is said of pictures.
    """
    kind = question.operator["kind"]
    if question.image_shape is not None:
        if question.degradation is not None:
            raise InvalidRequest("image_shape goes without degrade", hint="pictures have their own shape")
        return question.image_shape
    if array.ndim < 2 or array.size == 0:
        raise InvalidMeasurement("a measurement is rows of numbers", hint="one, or many along a first axis")
    height, width = int(array.shape[-2]), int(array.shape[-1])
    if question.degradation is None:
        if kind in _UNTOLD:
            told = told_shape(question, array)
            if told is None:
                hint = "such as 128x128; a truth tells it, or a whole Fourier transform"
                raise InvalidRequest("image_shape is needed", hint=hint)
            return told
        if kind == "super-resolution":
            factor = _factor(question.operator)
            return factor * height, factor * width
    return height, width


def check_sizes(shape: tuple[int, int], count: int, settings: Settings) -> None:
    """Refuse pictures beyond the settings' limits.

    Raises:
        QuestionTooLarge
    """
    if shape[0] * shape[1] > settings.max_pixels:
        raise QuestionTooLarge(
            f"a picture of {shape[0]} × {shape[1]} has more than {settings.max_pixels:,} pixels",
            hint=f"send a smaller one, or {raise_limit('MAX_PIXELS')}",
        )
    if count * max(shape[0] * shape[1], LEAST_COUNTED) > settings.max_batch_pixels:
        raise _too_many(settings)


def check_projections(operator: Mapping[str, Any], shape: tuple[int, int], settings: Settings) -> None:
    """Refuse a tomography whose matrix, made anew for a new size, takes too long to make.

    Raises:
        QuestionTooLarge
    """
    if operator["kind"] != "tomography":
        return
    angles = operator.get("angles", OPERATORS["tomography"].parameters["angles"].default)
    angles = len(angles) if isinstance(angles, list) else angles
    if angles * shape[0] * shape[1] > settings.max_projections:
        raise QuestionTooLarge(
            f"{angles:g} angles of {shape[0]} × {shape[1]} pixels are more than "
            f"{settings.max_projections:,} in all",
            hint=f"ask for fewer angles or a smaller picture, or {raise_limit('MAX_PROJECTIONS')}",
        )


def measured(operator: ForwardOperator, pictures: NDArray[Any], how: Degradation) -> Tensor:
    """A x + σ n, of pictures (B, H, W); n is normal with E|n|² = 1, also where it is complex."""
    clean = operator.apply(torch.from_numpy(np.array(pictures, order="C"))[:, None])
    generator = np.random.default_rng(how.seed)
    if not clean.is_complex():
        return clean + how.noise * torch.from_numpy(generator.standard_normal(tuple(clean.shape)))
    parts = torch.from_numpy(generator.standard_normal((*clean.shape, 2)))
    return clean + how.noise * math.sqrt(0.5) * torch.view_as_complex(parts)


def measurements_of(array: NDArray[Any], operator: ForwardOperator) -> Tensor:
    """Measurements of a question, (B, …), of single or double precision; of a whole Fourier transform (as
    numpy's `fft2` with norm="ortho" has it), the columns that the operator measures, where it leaves any out.

    Raises:
        InvalidMeasurement
    """
    columns = getattr(operator, "columns", None)
    is_whole = array.shape[-2:] == operator.image_shape != operator.measurement_shape
    if columns is not None and is_whole:
        array = array[..., columns % operator.image_shape[1]]
    if array.ndim == len(operator.measurement_shape):
        array = array[None]
    is_complex = np.iscomplexobj(array)
    return operator.check_measurements(
        torch.from_numpy(np.array(array, dtype=np.complex128 if is_complex else np.float64, order="C"))
    )


def pictures_of(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Pictures as (B, H, W).

    Raises:
        InvalidMeasurement: they are not real numbers in [0, 1] of that shape.
    """
    if np.iscomplexobj(array) or array.ndim not in (2, 3):
        raise InvalidMeasurement(f"a {name} is rows of real numbers", hint="one, or many along a first axis")
    pictures = np.asarray(array, dtype=np.float64)
    pictures = pictures[None] if pictures.ndim == 2 else pictures
    if not ((pictures >= -_OUTSIDE) & (pictures <= 1.0 + _OUTSIDE)).all():
        raise InvalidMeasurement(f"a {name} has entries from 0 to 1", hint="of 8 bits: divide them by 255")
    return np.clip(pictures, 0.0, 1.0)


def _decoded(question: ReconstructionQuestion, settings: Settings) -> Picture:
    assert question.picture is not None
    longest = question.size if question.degradation is not None else None
    most = settings.max_picture_pixels
    return read_picture(question.picture, name="the picture", most_pixels=most, longest=longest)


def _tiled(picture: Picture, operator: Mapping[str, Any]) -> Picture:
    """The picture without the rows and columns that the blocks of super-resolution do not tile."""
    if operator.get("kind") != "super-resolution":
        return picture
    factor = _factor(operator)
    height, width = (side - side % factor for side in picture.pixels.shape)
    if (height, width) == picture.pixels.shape or not (height and width):
        return picture
    note = f"the picture was cut to {width} × {height} pixels, which blocks of {factor} × {factor} tile"
    return Picture(picture.pixels[:height, :width], (*picture.notes, note))


def _factor(operator: Mapping[str, Any]) -> int:
    parameter = OPERATORS["super-resolution"].parameters["factor"]
    found = operator.get("factor", parameter.default)
    if found != int(found) or not parameter.least <= found <= parameter.greatest:
        raise InvalidOperator(
            f"factor must be a whole number from {parameter.least:g} to {parameter.greatest:g}"
        )
    return int(found)


def _too_many(settings: Settings) -> QuestionTooLarge:
    return QuestionTooLarge(
        f"the pictures have more than {settings.max_batch_pixels:,} pixels in all, "
        f"each counting as {LEAST_COUNTED} at least",
        hint=f"send them in several requests, or {raise_limit('MAX_BATCH_PIXELS')}",
    )
