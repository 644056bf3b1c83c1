"""Numbers of one's own in a forward operator's description, checked: no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.operator_kinds import OPERATORS, OperatorArray

_FORMS = {1: "a list of numbers", 2: "a list of rows of numbers, all of one length"}


def own_arrays(kind: str, description: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The arrays that a description has, as lists: at most one, as no kind has more.

    Args:
        kind: of `OPERATORS`.

    Raises:
        InvalidOperator: one is not of its form, or there are parameters beside it.
    """
    known = OPERATORS[kind]
    said = {name: value for name, value in description.items() if name != "kind" and value is not None}
    found = {
        name: checked_array(name, form, said[name])
        for name, form in known.arrays.items()
        if name in said and not (name in known.parameters and is_number(said[name]))
    }
    beside = [name for name in said if name in known.parameters and name not in found]
    if found and beside:
        raise InvalidOperator(
            f"{next(iter(found))} goes without {beside[0]}",
            hint="an operator has numbers of your own or parameters",
        )
    return found


def is_number(value: Any) -> bool:
    """Whether it can be a parameter's value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def checked_array(name: str, form: OperatorArray, given: Any) -> list[Any]:
    """The numbers as lists, integers where they are to be.

    Args:
        given: lists or an array.

    Raises:
        InvalidOperator
    """
    try:
        array = np.asarray(given)
    except (ValueError, OverflowError, RecursionError) as error:
        raise InvalidOperator(f"{name} must be {_FORMS[form.dimensions]}") from error
    if array.ndim != form.dimensions or array.dtype.kind not in "fiub" or array.size == 0:
        raise InvalidOperator(f"{name} must be {_FORMS[form.dimensions]}")
    if max(array.shape) > form.longest:
        raise InvalidOperator(
            f"{name} has {max(array.shape)} entries along a side, and may have {form.longest}"
        )
    if not ((array >= form.least) & (array <= form.greatest)).all():
        raise InvalidOperator(f"{name}: numbers from {form.least:g} to {form.greatest:g}")
    if not form.whole:
        return list(array.astype(np.float64).tolist())
    whole = array.astype(np.int64)
    if (whole != array).any():
        raise InvalidOperator(f"{name}: whole numbers")
    return list(whole.tolist())
