"""Measurements and pictures as numpy's files have them, real or complex, with an operator's text beside them.

.npz members: `measurement`, `truth`, and `operator`, a text such as numpy.savez makes of a str; what an
operator has of one's own, `columns`, `mask`, `kernel` or `angles`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MalformedFile
from service.arrays import MATRIX, ArrayForm, npz_members, read_array
from service.reconstruction_questions import OWN_ARRAYS
from solvers.implicit.imaging.operator_kinds import OPERATORS

MEASUREMENT, TRUTH, OPERATOR = "measurement", "truth", "operator"

_NUMBERS = ArrayForm(
    "fiubc", 16, (2, 3), "real or complex numbers of at most 64 bits a part", "two or three (many end to end)"
)
_NUMPY = b"\x93NUMPY"
_LONGEST = 1024  # letters of an operator's text
_ASCII = 128
_TEXT = ArrayForm("U", 4 * _LONGEST, (0, 0), "text", "none")


@dataclass(frozen=True, eq=False)
class MeasurementFile:
    """What a .npz file holds; `operator` is its text, `own` are the operator's arrays by name."""

    measurement: NDArray[Any]
    truth: NDArray[Any] | None
    operator: str | None
    own: dict[str, NDArray[Any]] = field(default_factory=dict)


def read_measurement(data: bytes, *, name: str, most: int) -> NDArray[Any]:
    """The array of a .npy file, float64 or complex128, of two or three dimensions.

    Args:
        name: what messages call it.
        most: numbers it may have.

    Raises:
        MalformedFile: it is no such file.
        QuestionTooLarge: it has more numbers.
    """
    if not data.startswith(_NUMPY):
        raise MalformedFile("it is no PNG or JPEG file, nor a .npy or .npz file", file=name)
    array = read_array(data, name=name, most=most, form=_NUMBERS)
    return np.array(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64, order="C")


def read_measurement_file(data: bytes, *, most: int) -> MeasurementFile:
    """The arrays of a .npz file.

    Raises:
        MalformedFile: it is no such file, or holds something else.
        QuestionTooLarge: an array has more numbers than `most`.
    """
    own = {name: _most_entries(name) for name in OWN_ARRAYS}
    limits = {MEASUREMENT: most, TRUTH: most, OPERATOR: _LONGEST, **own}
    members = dict(npz_members(data, limits, _NUMBERS.widest))
    if MEASUREMENT not in members:
        raise MalformedFile("the .npz file holds no measurement", hint="add an array of that name")
    operator = members.get(OPERATOR)
    truth = members.get(TRUTH)
    return MeasurementFile(
        read_measurement(members[MEASUREMENT], name=MEASUREMENT, most=most),
        None if truth is None else read_measurement(truth, name=TRUTH, most=most),
        None if operator is None else _text(operator),
        {
            name: read_array(members[name], name=name, most=own[name], form=MATRIX)
            for name in OWN_ARRAYS
            if name in members
        },
    )


def _most_entries(name: str) -> int:
    form = OPERATORS[OWN_ARRAYS[name]].arrays[name]
    return int(form.longest**form.dimensions)


def _text(data: bytes) -> str:
    """The letters, which operators have of ASCII alone; numpy would make a str of any number."""
    array = read_array(data, name=OPERATOR, most=1, form=_TEXT).reshape(1)
    letters = array.view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    if (letters >= _ASCII).any():
        raise MalformedFile("the operator has letters beyond ASCII", file=OPERATOR)
    return str(array[0])
