"""A strict, vectorised MPS reader.

It reads what HiGHS reads, as HiGHS reads it, and refuses what is ambiguous; `docs/formats.md` states every
decision. Names without blanks are read in free form, whatever the columns. Where that fails and the whole
file keeps to the columns of the fixed form, with blanks inside names, it is read in fixed form. Small, plain
texts take a fast lane (`graphs.readers.mps_plain`), which leaves every doubt to the strict reader.
"""

from __future__ import annotations

import numpy as np

from graphs.errors import MalformedFile
from graphs.instance import Instance
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from graphs.readers.mps_bounds import read_column_bounds
from graphs.readers.mps_columns import read_columns, read_rows
from graphs.readers.mps_fixed import join_names
from graphs.readers.mps_grammar import parse_grammar
from graphs.readers.mps_plain import read_plain
from graphs.readers.mps_sections import model_name, split_sections
from graphs.readers.mps_sides import read_row_bounds
from graphs.readers.mps_tokens import Tokens, tokenize
from graphs.readers.mps_values import decode_names, read_words

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_mps(text: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> Instance:
    """Read the text of an MPS file, free or fixed form, in one process and without a solver.

    Args:
        text: the file's bytes, not compressed.
        name: the file's name, for errors, and for the instance where NAME is empty.

    Raises:
        MalformedFile: the text breaks the format's grammar.
        UnsupportedSection: quadratic terms, special ordered sets, semi-continuous columns and the like.
        InvalidBounds: bounds that cross, or are infinite on the wrong side.
        InstanceTooLarge: beyond `limits`.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    plain = read_plain(text, name=name, limits=limits)
    if plain is not None:
        return plain
    return read_strict(text, name=name, limits=limits)


def read_strict(text: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> Instance:
    """As `read_mps`, without the fast lane and without a byte order mark."""
    tokens = tokenize(text, file=name)
    try:
        return _read(tokens, limits)
    except MalformedFile:
        joined = join_names(tokens)
        if joined is None:
            raise
    return _read(tokenize(joined, file=name, joined=True), limits)


def _read(tokens: Tokens, limits: ReadLimits) -> Instance:
    layout = split_sections(tokens)
    grammar = parse_grammar(layout)
    words = read_words(grammar)
    rows = read_rows(grammar, words, limits)
    columns = read_columns(grammar, words, rows, limits)
    offset, row_lower, row_upper = read_row_bounds(grammar, words, rows)
    bounds = read_column_bounds(grammar, words, columns)
    named = np.concatenate([rows.names.declared[rows.bound], columns.names.declared])
    names = decode_names(tokens, named)
    sign = -1.0 if layout.maximize else 1.0
    return Instance(
        name=model_name(layout.name, tokens.file),
        objective_vector=sign * columns.costs + 0.0,
        objective_offset=sign * offset + 0.0,
        maximize=layout.maximize,
        constraint_matrix=columns.matrix,
        constraint_lower_bound=row_lower,
        constraint_upper_bound=row_upper,
        variable_lower_bound=bounds.lower,
        variable_upper_bound=bounds.upper,
        integrality=bounds.integrality,
        constraint_names=names[: len(rows.bound)],
        variable_names=names[len(rows.bound) :],
    )
