"""Weisfeiler–Leman colour refinement: which variables and constraints no message passing tells apart.

Chen, Liu, Wang, Yin, "On representing mixed-integer linear programs by graph neural networks"
(arXiv 2210.10759): an instance is a bipartite graph of constraints i and variables j with edges a_ij. Nodes
start with a colour for their own data and learn their neighbours' colours,

    row_colour_i    ← hash(row_colour_i,    {{(a_ij, column_colour_j) : a_ij ≠ 0}})
    column_colour_j ← hash(column_colour_j, {{(a_ij, row_colour_i)    : a_ij ≠ 0}})

until no colour splits any more, at most m + n rounds. A graph neural network without random features gives
nodes of one colour one answer, and instances with the same colours one answer: it cannot be right about
foldable instances (two variables or two constraints of one colour) that differ in feasibility. Here columns
read the rows' new colours; that takes fewer rounds and ends at the same partition.

Hashing. μ is a bijective mixer of 64-bit words. A side's round is colour ← μ(κ colour + Σ_j w_ij colour_j)
with w_ij = μ(bits of a_ij) made odd, all modulo 2⁶⁴: two sparse products. The sum is a bilinear form in words
that behave like random ones, so two different multisets of d neighbours agree with probability of the order
d 2⁻⁶⁰. There is no seed, so colours are the same on every machine and in every batch; whoever wants
collisions can make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from graphs.blocks import Blocks, Index, stack
from graphs.instance import Instance, Mask, Vector

Colour = NDArray[np.uint64]

_ROW_SEED, _COLUMN_SEED, _EDGE_SEED = (
    np.uint64(seed) for seed in (0x243F6A8885A308D3, 0x13198A2E03707344, 0)
)
_OWN = np.uint64(0xA4093822299F31D1)  # κ: how a node's own colour enters a round
_DROPPED_BITS = 32  # of float64's 52 mantissa bits, by `rounded`


@dataclass(frozen=True, eq=False)
class Colouring:
    """The stable colouring of every block of a batch.

    A block's colours depend on that block alone. Two blocks have the same colours, equally often, exactly
    when they are indistinguishable. Nodes of blocks that are not may differ in colour only because their
    blocks took different numbers of rounds.

    Attributes:
        row_colour, column_colour: shapes (M,) and (N,).
        rounds: how many rounds split a colour, shape (B,).
        row_classes, column_classes: the number of distinct colours in each block, shape (B,).
    """

    row_colour: Colour
    column_colour: Colour
    rounds: Index
    row_classes: Index
    column_classes: Index


def refine(
    blocks: Blocks,
    row_keys: Vector,
    column_keys: Vector,
    entry_keys: Vector,
    *,
    most_rounds: int | None = None,
) -> Colouring:
    """Refine from attributes of rows (M, k), columns (N, k′) and entries (E,), compared exactly, −0 as 0.

    Of the blocks only the places of their entries are used. A block that no round splits any more keeps the
    colours of the round that showed it: equal colours then have equal neighbours in other blocks, too.

    Args:
        most_rounds: stop after so many, with a partition that may be coarser than the stable one. Chains take
            as many rounds as they are long, and a network of that depth sees no further.
    """
    onto_rows, onto_columns = _products(blocks, entry_keys)
    row, column = _hash(row_keys, _ROW_SEED), _hash(column_keys, _COLUMN_SEED)
    row_classes = _classes(row, blocks.row_block, blocks.row_sizes)
    column_classes = _classes(column, blocks.column_block, blocks.column_sizes)
    rounds = np.zeros(blocks.count, dtype=np.int64)
    active = np.ones(blocks.count, dtype=np.bool_)
    while active.any() and (most_rounds is None or rounds.max(initial=0) < most_rounds):
        new_row = _mix(_OWN * row + onto_rows @ column)
        new_column = _mix(_OWN * column + onto_columns @ new_row)
        row = np.where(active[blocks.row_block], new_row, row)
        column = np.where(active[blocks.column_block], new_column, column)
        before = row_classes + column_classes
        row_classes = _classes(row, blocks.row_block, blocks.row_sizes)
        column_classes = _classes(column, blocks.column_block, blocks.column_sizes)
        active = row_classes + column_classes > before
        rounds += active
    return Colouring(row, column, rounds, row_classes, column_classes)


def colour(batch: Sequence[Instance] | Blocks, *, most_rounds: int | None = None) -> Colouring:
    """Refine by the instances' own data: (L, U) of rows, (c, l, u, integrality) of columns, a_ij of entries.

    An objective's offset and own sense belong to no node and are left out. For `most_rounds` see `refine`.
    """
    blocks = batch if isinstance(batch, Blocks) else stack(batch)
    sides = np.stack([blocks.row_lower, blocks.row_upper], axis=1)
    variables = (blocks.objective, blocks.column_lower, blocks.column_upper, blocks.integrality)
    return refine(blocks, sides, np.stack(variables, axis=1), blocks.values, most_rounds=most_rounds)


def foldable(batch: Sequence[Instance] | Blocks, *, most_rounds: int | None = None) -> Mask:
    """Whether two variables or two constraints of an instance share their stable colour, shape (B,); their
    colour after `most_rounds` where those are too few for a stable one."""
    blocks = batch if isinstance(batch, Blocks) else stack(batch)
    found = colour(blocks, most_rounds=most_rounds)
    return (found.row_classes < blocks.row_sizes) | (found.column_classes < blocks.column_sizes)


def is_foldable(instance: Instance) -> bool:
    """Whether two variables or two constraints share their stable colour."""
    return bool(foldable([instance])[0])


def signatures(blocks: Blocks, colouring: Colouring) -> Colour:
    """One word for each block, equal where blocks have the same colours equally often, shape (B,)."""
    rows: Colour = _block_sums(_mix(colouring.row_colour), blocks.row_sizes)
    columns: Colour = _block_sums(_mix(colouring.column_colour), blocks.column_sizes)
    return rows + columns


def are_indistinguishable(first: Instance, second: Instance) -> bool:
    """Whether a network without random features must answer both alike (WL-equivalence, 2210.10759)."""
    blocks = stack([first, second])
    one, other = signatures(blocks, colour(blocks))
    return bool(one == other)


def ambiguous(blocks: Blocks, colouring: Colouring) -> tuple[Mask, Mask]:
    """The rows (M,) and columns (N,) that share their colour with another of their side and block."""
    rows = _shared(colouring.row_colour, blocks.row_block, blocks.row_sizes)
    return rows, _shared(colouring.column_colour, blocks.column_block, blocks.column_sizes)


def rounded(values: Vector) -> Vector:
    """Values rounded to the nearest with a mantissa of 20 bits, any shape: keys that ignore rounding errors.

    The relative change is at most 2⁻²¹. Zeros (as +0) and infinities stay. Like every rounding it parts some
    neighbours, those on two sides of a number with exactly 21 bits, however close they are.
    """
    half, dropped = np.uint64(1 << (_DROPPED_BITS - 1)), np.uint64((1 << _DROPPED_BITS) - 1)
    return ((_bits(values) + half) & ~dropped).view(np.float64)


def _products(blocks: Blocks, entry_keys: Vector) -> tuple[csr_array, csc_array]:
    """The hashed matrix W (M, N) and its transpose (N, M), on shared arrays."""
    weights = _hash(entry_keys[:, None], _EDGE_SEED) | np.uint64(1)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(blocks.row_degree)])
    rows, columns = len(blocks.row_block), len(blocks.column_block)
    by_rows = csr_array((weights, blocks.entry_column, starts), shape=(rows, columns))
    transpose = csc_array((weights, by_rows.indices, by_rows.indptr), shape=(columns, rows))
    return by_rows, transpose


def _hash(keys: Vector, seed: np.uint64) -> Colour:
    """A word for each row of the keys (·, k), from float64's bits."""
    words = np.full(len(keys), seed)
    for key in np.asarray(keys, dtype=np.float64).T:
        words = _mix(words ^ _bits(key))
    return words


def _bits(values: Vector) -> Colour:
    """The bits of float64 numbers, −0 as 0."""
    return (np.asarray(values, dtype=np.float64) + 0.0).view(np.uint64)


def _mix(words: Colour) -> Colour:
    """μ, the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
    2014): a bijection of 64-bit words."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words


def _classes(colours: Colour, block: Index, sizes: Index) -> Index:
    """The number of distinct colours in each block, shape (B,)."""
    first = _is_first(np.sort(_by_block(colours, block, len(sizes))))
    return _block_sums(first.astype(np.int64), sizes)


def _shared(colours: Colour, block: Index, sizes: Index) -> Mask:
    """Whether another node of the block has the colour, shape of the colours."""
    keys = _by_block(colours, block, len(sizes))
    order = np.argsort(keys)
    first = _is_first(keys[order])
    shared = np.empty(len(keys), dtype=np.bool_)
    shared[order] = ~(first & np.append(first[1:], True))
    return shared


def _block_sums(values: Colour | Index, sizes: Index) -> NDArray[Any]:
    """Σ of the values of each block, modulo 2⁶⁴, shape (B,); the blocks follow each other."""
    running = np.concatenate([np.zeros(1, dtype=values.dtype), np.cumsum(values)])
    ends = np.cumsum(sizes)
    return np.asarray(running[ends] - running[ends - sizes])


def _by_block(colours: Colour, block: Index, count: int) -> Colour:
    """Keys that sort by block, then colour: a colour's last ⌈log₂ B⌉ bits make room for its block."""
    bits = max(count - 1, 0).bit_length()
    if not bits:
        return colours
    return (block.astype(np.uint64) << np.uint64(64 - bits)) | (colours >> np.uint64(bits))


def _is_first(keys: Colour) -> Mask:
    """Where a new key starts in sorted keys."""
    first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return first
