"""RHS and RANGES of an MPS file: the bounds of rows.

With right-hand side b (0 where absent) and range R a row reads

    kind   without a range   with a range
    L      aᵀx ≤ b           b − |R| ≤ aᵀx ≤ b
    G      aᵀx ≥ b           b ≤ aᵀx ≤ b + |R|
    E      aᵀx = b           b ≤ aᵀx ≤ b + R where R ≥ 0,  b + R ≤ aᵀx ≤ b where R < 0

Sums are those of the decimals, correctly rounded (`graphs.decimals`): 0.1 and a range of 0.2 give 0.3. The
right-hand side of the objective is its constant, negated. Bounds of magnitude 1e20 or more are infinite.
"""

from __future__ import annotations

import numpy as np

from graphs.decimals import decimal_sum
from graphs.errors import InvalidBounds
from graphs.readers.mps_columns import E, G, L, N, Rows
from graphs.readers.mps_grammar import Grammar, Pairs
from graphs.readers.mps_tokens import Tokens, where
from graphs.readers.mps_values import (
    Places,
    Values,
    Words,
    crossed,
    infinite_beyond,
    one_set,
    refuse_infinite,
)


def read_row_bounds(grammar: Grammar, words: Words, rows: Rows) -> tuple[float, Values, Values]:
    """The objective's constant (in the file's own sense), and lower and upper bounds of the constraints.

    Raises:
        InvalidBounds: a bound is infinite on the wrong side.
        MalformedFile: a row is unknown, or has two different right-hand sides or ranges.
    """
    tokens, pairs, value = grammar.tokens, grammar.sides, words.sides
    one_set(tokens, words, pairs.sets, "RHS")
    row, side = rows.names.look_up(pairs.names), np.zeros(len(rows.kinds))
    side[row] = value
    _refuse_conflict(tokens, pairs, row, value, side, "right-hand side")
    of_objective = row == rows.objective
    refuse_infinite(tokens, value[of_objective], pairs.numbers[of_objective])
    lower = np.where(rows.kinds == L, -np.inf, side)
    upper = np.where(rows.kinds == G, np.inf, side)
    if len(grammar.ranges.names):
        _apply_ranges(grammar, words, rows, side, lower, upper)
    lower, upper = infinite_beyond(lower[rows.bound]), infinite_beyond(upper[rows.bound])
    wrong = crossed(lower, upper)
    if wrong.any():
        last = where(row == rows.bound[np.argmax(wrong)])[-1]
        hint = "give it a finite right-hand side"
        detail = "the right-hand side of {} leaves no finite value"
        raise tokens.error(int(pairs.names[last]), detail, hint, InvalidBounds)
    return -float(side[rows.objective]), lower, upper


def _apply_ranges(
    grammar: Grammar, words: Words, rows: Rows, side: Values, lower: Values, upper: Values
) -> None:
    """Widen the bounds of rows with a range, in place; see the module docstring."""
    tokens, pairs, value = grammar.tokens, grammar.ranges, words.ranges
    one_set(tokens, words, pairs.sets, "RANGES")
    row, ranges = rows.names.look_up(pairs.names), np.zeros(len(rows.kinds))
    kind = rows.kinds[row]
    if (kind == N).any():
        token, hint = int(pairs.names[np.argmax(kind == N)]), "give ranges to L, G and E rows only"
        raise tokens.error(token, "the N row {} has a range", hint)
    ranges[row] = value
    _refuse_conflict(tokens, pairs, row, value, ranges, "range")
    down = (kind == L) | ((kind == E) & (value < 0))
    below, above = row[down], row[~down]
    # ∞ − ∞ is NaN, refused with the crossed bounds
    lower[below] = decimal_sum(side[below], -np.abs(value[down]))
    upper[above] = decimal_sum(side[above], np.abs(value[~down]))


def _refuse_conflict(
    tokens: Tokens, pairs: Pairs, row: Places, value: Values, stored: Values, what: str
) -> None:
    """Saying the same again is harmless; saying something else is not."""
    conflict = stored[row] != value
    if conflict.any():
        last = where(row == row[np.argmax(conflict)])[-1]
        raise tokens.error(int(pairs.names[last]), f"{{}} has a second {what}", "keep one of the two")
