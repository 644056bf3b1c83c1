"""A forward operator of its description, every parameter checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.blur import Blur
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.inpainting import Inpainting
from solvers.implicit.imaging.masked_fourier import MaskedFourier
from solvers.implicit.imaging.operator_kinds import LARGEST_PICTURE, OPERATORS, OperatorParameter
from solvers.implicit.imaging.own_arrays import own_arrays
from solvers.implicit.imaging.super_resolution import SuperResolution
from solvers.implicit.imaging.tomography import Tomography

__all__ = ["OPERATORS", "make_operator"]

_MAKERS: dict[str, Callable[..., ForwardOperator]] = {
    operator.kind: operator for operator in (MaskedFourier, Blur, Inpainting, SuperResolution, Tomography)
}
_LARGEST_PROJECTOR = 5 * 10**7
"""Samples that a tomography's matrix is made of, at most: angles · diagonal²."""


def make_operator(description: Mapping[str, Any], image_shape: tuple[int, int]) -> ForwardOperator:
    """The operator, for pictures of (H, W).

    Args:
        description: `kind`, and parameters of `OPERATORS`, those left out having their defaults; or one of
            the kind's arrays in their place.

    Raises:
        InvalidOperator: there is no such operator, or a parameter is not known or out of its range.
    """
    kind = description.get("kind")
    if not isinstance(kind, str) or kind not in OPERATORS:
        raise InvalidOperator(
            f"there is no forward operator {kind!r}", hint=f"one of {', '.join(sorted(OPERATORS))}"
        )
    known, names = OPERATORS[kind].parameters, OPERATORS[kind].names
    unknown = sorted(str(name) for name in description if name != "kind" and name not in names)
    if unknown:
        raise InvalidOperator(f"{kind} has no parameter {unknown[0]!r}", hint=f"it has {', '.join(names)}")
    values: dict[str, Any] = own_arrays(kind, description)
    if not values:
        values = {name: _value(name, known[name], description.get(name)) for name in known}
    shape = _shape(image_shape)
    if (
        kind == Tomography.kind
        and _count(values["angles"]) * (math.hypot(*shape) + 4) ** 2 > _LARGEST_PROJECTOR
    ):
        raise InvalidOperator("so many angles of so large a picture need too large a matrix")
    return _MAKERS[kind](shape, **values)


def _count(angles: int | list[float]) -> int:
    return angles if isinstance(angles, int) else len(angles)


def _value(name: str, parameter: OperatorParameter, given: Any) -> float | int:
    if given is None:
        given = parameter.default
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given:
        raise InvalidOperator(f"{name} must be a number, not {given!r}")
    if not parameter.least <= given <= parameter.greatest:
        raise InvalidOperator(f"{name} must be from {parameter.least:g} to {parameter.greatest:g}")
    if parameter.whole and given != int(given):
        raise InvalidOperator(f"{name} must be a whole number, not {given!r}")
    return int(given) if parameter.whole else float(given)


def _shape(image_shape: tuple[int, int]) -> tuple[int, int]:
    height, width = (int(side) for side in image_shape)
    if not (1 <= height <= LARGEST_PICTURE and 1 <= width <= LARGEST_PICTURE):
        raise InvalidOperator(
            f"a picture has from 1 to {LARGEST_PICTURE} pixels along a side, not {height} × {width}"
        )
    return height, width
