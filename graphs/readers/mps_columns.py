"""ROWS and COLUMNS of an MPS file: names, objective, constraint matrix, integer columns.

The first N row (or the one OBJNAME names) is the objective; other N rows bind nothing and are dropped. A
column's entries stand together. Columns between the markers INTORG and INTEND are integer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array

from graphs.readers.limits import ReadLimits
from graphs.readers.mps_grammar import Grammar, Pairs
from graphs.readers.mps_tokens import Bytes, Index, Mask, Tokens, where
from graphs.readers.mps_values import Names, Places, Values, Words, declare, refuse_infinite

N, L, G, E = (ord(kind) for kind in "NLGE")
_IS_KIND = np.isin(np.arange(256), (N, L, G, E))


@dataclass(frozen=True, eq=False)
class Rows:
    """Every row of ROWS in the file's order, N rows included.

    Attributes:
        names: of all r rows.
        kinds: N, L, G or E as bytes, shape (r,).
        objective: which row is the objective.
        bound: the rows that are constraints, shape (m,).
    """

    names: Names
    kinds: Bytes
    objective: int
    bound: Index


@dataclass(frozen=True, eq=False)
class Columns:
    """Names, costs (in the file's own sense), coefficients and integrality of n columns."""

    names: Names
    costs: Values
    matrix: csr_array
    integrality: Mask


def read_rows(grammar: Grammar, words: Words, limits: ReadLimits) -> Rows:
    """Read the section ROWS."""
    tokens, first = grammar.tokens, grammar.rows.first
    kinds = tokens.first_bytes(first)
    wrong = ~_IS_KIND[kinds] | (tokens.ends[first] - tokens.starts[first] != 1)
    if wrong.any():
        hint = "a row is N, L, G or E, in upper case"
        raise tokens.error(int(first[np.argmax(wrong)]), "{} is no kind of row", hint)
    names = declare(tokens, words, first + 1, "row", "ROWS", "give each row its own name")
    bound = where(kinds != N)
    limits.check("rows", len(bound), file=tokens.file)
    return Rows(names, kinds, _objective(grammar, names, kinds), bound)


def read_columns(grammar: Grammar, words: Words, rows: Rows, limits: ReadLimits) -> Columns:
    """Read the section COLUMNS."""
    tokens, first = grammar.tokens, grammar.columns.first
    heads = words.heads
    hint = "keep a column's entries together, and give each column its own name"
    names = declare(tokens, words, first[heads], "column", "COLUMNS", hint)
    limits.check("columns", len(names.declared), file=tokens.file)
    limits.check("nonzeros", len(grammar.entries.line), file=tokens.file)
    refuse_infinite(tokens, words.entries, grammar.entries.numbers)
    column = (np.cumsum(heads, dtype=np.int32) - np.int32(1))[grammar.entries.line]
    entries = _Entries(grammar.entries, rows.names.look_up(grammar.entries.names), column, words.entries)
    costs, matrix = _assemble(tokens, rows, entries, len(names.declared))
    return Columns(names, costs, matrix, grammar.integer[heads])


def _objective(grammar: Grammar, names: Names, kinds: Bytes) -> int:
    """The row OBJNAME names, else the first N row."""
    tokens, hint = grammar.tokens, "list the objective in ROWS as an N row"
    named = grammar.layout.objective
    if named is not None:
        row = int(names.look_up(np.array([named]))[0])
        if kinds[row] != N:
            raise tokens.error(named, "the objective {} is no N row", hint)
        return row
    if not (kinds == N).any():
        raise tokens.error(int(tokens.first[grammar.rows.heading]), "{} holds no objective", hint)
    return int(np.argmax(kinds == N))


@dataclass(frozen=True, eq=False)
class _Entries:
    """The pairs of COLUMNS, understood: A[row, column] = value."""

    pairs: Pairs
    row: Places
    column: Index
    value: Values

    def select(self, chosen: Mask) -> _Entries:
        pairs = self.pairs
        pairs = Pairs(pairs.line[chosen], pairs.names[chosen], pairs.numbers[chosen], pairs.sets)
        return _Entries(pairs, self.row[chosen], self.column[chosen], self.value[chosen])


def _assemble(tokens: Tokens, rows: Rows, entries: _Entries, columns: int) -> tuple[Values, csr_array]:
    """Costs and the matrix of the constraints."""
    is_cost = entries.row == rows.objective
    costs, cost_column = np.zeros(columns), entries.column[is_cost]
    costs[cost_column] = entries.value[is_cost]
    place = np.full(len(rows.kinds), -1, dtype=np.int32)
    place[rows.bound] = np.arange(len(rows.bound), dtype=np.int32)
    row = place[entries.row]
    kept = row >= 0
    starts = np.zeros(columns + 1, dtype=np.int32)
    np.cumsum(np.bincount(entries.column[kept], minlength=columns), out=starts[1:])
    by_column = csc_array((entries.value[kept], row[kept], starts), shape=(len(rows.bound), columns))
    matrix: csr_array = by_column.tocsr()
    dropped = np.count_nonzero(kept) + len(cost_column) < len(kept)
    if dropped or (cost_column[1:] == cost_column[:-1]).any() or not matrix.has_canonical_format:
        distinct = _without_repeats(tokens, entries)
        if len(distinct.row) != len(entries.row):
            return _assemble(tokens, rows, distinct, columns)
    return costs, matrix


def _without_repeats(tokens: Tokens, entries: _Entries) -> _Entries:
    """Leave out lines that say again both pairs of the line before them; refuse other repeats."""
    line = entries.pairs.line
    double = where(line[1:] == line[:-1])  # first pair of each line that has two
    again = double[np.isin(double - 2, double)]
    for half in (0, 1):
        here, there = again + half, again + half - 2
        same = (entries.row[here] == entries.row[there]) & (entries.column[here] == entries.column[there])
        again = again[same & (entries.value[here] == entries.value[there])]
    entries = entries.select(~np.isin(np.arange(len(line)), np.concatenate([again, again + 1])))
    order = np.lexsort((entries.row, entries.column))
    column, row = entries.column[order], entries.row[order]
    twice = order[1:][(column[1:] == column[:-1]) & (row[1:] == row[:-1])]
    if len(twice):
        token, hint = int(entries.pairs.names[twice.min()]), "give each coefficient once"
        raise tokens.error(token, "the row {} comes twice in one column", hint)
    return entries
