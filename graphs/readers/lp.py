"""A strict CPLEX-LP reader, whose reading HiGHS confirms.

The text is read by a grammar of our own, which refuses what readers understand differently; then HiGHS reads
it too, in a bounded child process, and both must have found the same model. `docs/formats.md` states every
decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import PurePath

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from graphs.readers.lp_agreement import require_agreement
from graphs.readers.lp_bounds import settle
from graphs.readers.lp_grammar import Model, Rows, parse
from graphs.readers.lp_terms import Terms
from graphs.readers.lp_tokens import Text

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_lp(text: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> Instance:
    """Read the text of a CPLEX-LP file.

    Args:
        text: the file's bytes, not compressed.
        name: the file's name, for errors and for the instance.

    Raises:
        MalformedFile: the text breaks the format's grammar, or HiGHS reads something else or does not end.
        UnsupportedSection: quadratic terms, special ordered sets, semi-continuous variables and the like.
        InvalidBounds: bounds that cross, are infinite on the wrong side, or mean different things to readers.
        InstanceTooLarge: beyond `limits`.
        OSError: no temporary file can be written.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    instance = _instance(parse(Text(text, name), limits), name)
    require_agreement(text, instance, file=name, limits=limits)
    return instance


def _instance(model: Model, file: str) -> Instance:
    rows, columns = model.rows, len(model.variables.places)
    lower, upper = settle(model.bounds, columns)
    integrality = np.zeros(columns, dtype=np.bool_)
    integrality[[*model.bounds.integers, *model.bounds.binaries]] = True
    sign = -1.0 if model.maximize else 1.0
    return Instance(
        name=PurePath(file).name.partition(".")[0] or file,
        objective_vector=sign * _sums(model.objective, columns) + 0.0,
        objective_offset=sign * model.offset + 0.0,
        maximize=model.maximize,
        constraint_matrix=_matrix(rows, columns),
        constraint_lower_bound=np.array(rows.lower),
        constraint_upper_bound=np.array(rows.upper),
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=integrality,
        constraint_names=_row_names(rows.names),
        variable_names=[name.decode() for name in model.variables.places],
    )


def _sums(terms: Terms, columns: int) -> Vector:
    """The objective's coefficients, shape (columns,): terms of one variable added in the text's order."""
    places, values = np.array(terms.places, dtype=np.intp), np.array(terms.values, dtype=np.float64)
    sums: Vector = np.bincount(places, weights=values, minlength=columns).astype(np.float64)
    return sums


def _matrix(rows: Rows, columns: int) -> csr_array:
    """The constraint matrix: terms of one variable in one row added in the text's order."""
    starts = np.concatenate([[0], np.array(rows.ends, dtype=np.int64)])
    places, values = (
        np.array(rows.terms.places, dtype=np.int64),
        np.array(rows.terms.values, dtype=np.float64),
    )
    row = np.repeat(np.arange(len(rows.ends)), np.diff(starts))
    keys = row * columns + places
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    if not first.all():
        values = np.bincount(np.cumsum(first) - 1, weights=values[order]).astype(np.float64)
        order = order[first]
        ends = np.bincount(row[order], minlength=len(rows.ends))
        starts = np.concatenate([[0], np.cumsum(ends)])
    else:
        values = values[order]
    return csr_array((values, places[order], starts), shape=(len(rows.ends), columns))


def _row_names(names: Sequence[str | None]) -> list[str]:
    """The names stated, and r0, r1, ... by place where there is none, unlike any stated."""
    stated = {name for name in names if name is not None}
    return [name if name is not None else _unlike(f"r{place}", stated) for place, name in enumerate(names)]


def _unlike(name: str, others: set[str]) -> str:
    return next(candidate for at in count() if (candidate := name + "_" * at) not in others)
