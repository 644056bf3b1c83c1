"""Many linear programs as one: scaled, stacked block-diagonally, in torch.

    minimise c'·x'   subject to   L' ≤ A' x' ≤ U',   l' ≤ x' ≤ u'        (scaled as `scaling` says)

Rows and columns of an item are in order of their number of entries: compressed rows of equal length
cost a CPU's branch predictor nothing, which halves the time of a product with short columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from graphs.blocks import Blocks, Index, stack, sum_by
from graphs.instance import Instance, Vector
from solvers.linear.pdhg.products import BlockRows, Products, StackedMatrix
from solvers.linear.pdhg.scaling import Scaling, largest_sides, scaling
from solvers.linear.pdhg.segments import Segments, starts
from solvers.linear.residuals import DEFAULT_TOLERANCES, tightened_box

_POWER_STARTS = 3
_POWER_STEPS = (30, 100)
_POWER_TOLERANCE, _POWER_MARGIN = 1e-4, 1.005


@dataclass(frozen=True, eq=False)
class StackedProblem:
    """B linear programs with M rows and N columns in all; scaled, float64.

    Attributes:
        instances: what was stacked.
        products: A' and its transpose.
        rows, columns: the items' segments.
        objective (N,): c'. column_lower, column_upper (N,): l', u'. row_lower, row_upper (M,): L', U'.
        column_scale (N,), row_scale (M,): S / β and R / γ, so that x = column_scale x' and y = row_scale y'.
        objective_scale (B,): 1 / (γ β): c·x = objective_scale c'·x'.
        norm (B,): ‖A'‖₂ of each block.
        side_norm, cost_norm (B,): ‖b‖₂ and ‖c‖₂ in original units, b the larger finite side of each row.
        crossed (B,): no integer lies between the bounds of some integer column.
        nonzeros (B,): entries of each block.
        idle (N,): the column has no entries in rows that ask for something.
        row_place (M,), column_place (N,): each row's and column's place in its own instance.
    """

    instances: tuple[Instance, ...]
    products: Products
    rows: Segments
    columns: Segments
    objective: Tensor
    column_lower: Tensor
    column_upper: Tensor
    row_lower: Tensor
    row_upper: Tensor
    column_scale: Tensor
    row_scale: Tensor
    objective_scale: Tensor
    norm: Tensor
    side_norm: Tensor
    cost_norm: Tensor
    crossed: Tensor
    nonzeros: Tensor
    row_place: Tensor
    column_place: Tensor
    idle: Tensor

    @cached_property
    def ends(self) -> Ends:
        """The bounds as products want them."""
        return Ends.of(self)

    @property
    def count(self) -> int:
        return len(self.instances)

    @classmethod
    def of(cls, instances: Sequence[Instance], *, device: torch.device) -> StackedProblem:
        """Scale and stack; integer columns are relaxed, their bounds rounded inwards."""
        boxes = [tightened_box(instance, DEFAULT_TOLERANCES.integrality) for instance in instances]
        blocks = stack(instances)
        lower = np.concatenate([box[0] for box in boxes]) if boxes else np.zeros(0)
        upper = np.concatenate([box[1] for box in boxes]) if boxes else np.zeros(0)
        crossed = sum_by(blocks.column_block, (lower > upper).astype(np.float64), blocks.count) > 0.0
        blocks = replace(blocks, column_lower=lower, column_upper=np.maximum(lower, upper))
        return _stacked(tuple(instances), blocks, crossed, device)

    def take(self, items: Tensor) -> StackedProblem:
        """The chosen items, places (K,)."""
        rows, columns = Segments.of(self.rows.sizes[items]), Segments.of(self.columns.sizes[items])
        of_rows, of_columns = self.rows.places(items), self.columns.places(items)
        by = {"M": of_rows, "N": of_columns, "B": items}
        return replace(
            self,
            instances=tuple(self.instances[place] for place in items.tolist()),
            products=self.products.take(items, rows, columns),
            rows=rows,
            columns=columns,
            **{name: getattr(self, name)[by[axis]] for name, axis in _AXES.items()},
        )

    def split_columns(self, values: Tensor) -> list[Vector]:
        """A vector (N,) in original units as one a item, in the instances' own order of columns."""
        return _split(values, self.column_place, self.columns.sizes)

    def split_rows(self, values: Tensor) -> list[Vector]:
        """The same of a vector (M,)."""
        return _split(values, self.row_place, self.rows.sizes)

    def gather_columns(self, vectors: Sequence[Vector]) -> Tensor:
        """The inverse of `split_columns`."""
        return _gather(vectors, self.column_place, self.columns)

    def gather_rows(self, vectors: Sequence[Vector]) -> Tensor:
        """The inverse of `split_rows`."""
        return _gather(vectors, self.row_place, self.rows)


@dataclass(frozen=True, eq=False)
class Ends:
    """Bounds with 0 for infinity, and which are infinite (1 or 0): sums over signs without branches.

    Attributes:
        column_lower, column_upper, no_column_lower, no_column_upper: shape (N,).
        row_lower, row_upper, no_row_lower, no_row_upper: shape (M,).
        open_columns: whether any column has no bound on some side.
    """

    column_lower: Tensor
    column_upper: Tensor
    no_column_lower: Tensor
    no_column_upper: Tensor
    row_lower: Tensor
    row_upper: Tensor
    no_row_lower: Tensor
    no_row_upper: Tensor
    open_columns: bool

    @classmethod
    def of(cls, problem: StackedProblem) -> Ends:
        no_lower, no_upper = torch.isinf(problem.column_lower), torch.isinf(problem.column_upper)
        return cls(
            column_lower=_finite(problem.column_lower),
            column_upper=_finite(problem.column_upper),
            no_column_lower=no_lower.double(),
            no_column_upper=no_upper.double(),
            row_lower=_finite(problem.row_lower),
            row_upper=_finite(problem.row_upper),
            no_row_lower=torch.isinf(problem.row_lower).double(),
            no_row_upper=torch.isinf(problem.row_upper).double(),
            open_columns=bool((no_lower | no_upper).any()),
        )


def _finite(bound: Tensor) -> Tensor:
    return torch.where(torch.isinf(bound), 0.0, bound)


_AXES = (
    dict.fromkeys(("objective", "column_lower", "column_upper", "column_scale", "column_place", "idle"), "N")
    | dict.fromkeys(("row_lower", "row_upper", "row_scale", "row_place"), "M")
    | dict.fromkeys(("objective_scale", "norm", "side_norm", "cost_norm", "crossed", "nonzeros"), "B")
)


def _stacked(
    instances: tuple[Instance, ...], blocks: Blocks, crossed: NDArray[np.bool_], device: torch.device
) -> StackedProblem:
    # a row without sides asks for nothing: its entries would only spoil the scaling and the norm
    asks = np.isfinite(blocks.row_lower) | np.isfinite(blocks.row_upper)
    values = np.where(asks[blocks.entry_row], blocks.values, 0.0)
    factors = scaling(blocks, values)
    row_order, row_rank = _by_degree(blocks.row_degree, blocks.row_block)
    column_degree = np.bincount(blocks.entry_column, minlength=len(blocks.column_block))
    column_order, column_rank = _by_degree(column_degree, blocks.column_block)
    scaled = factors.row[blocks.entry_row] * values * factors.column[blocks.entry_column]
    places = (row_rank[blocks.entry_row], column_rank[blocks.entry_column])
    matrix = csr_array((scaled, places), shape=(len(row_order), len(column_order)))
    rows = Segments.of(torch.as_tensor(blocks.row_sizes, device=device))
    columns = Segments.of(torch.as_tensor(blocks.column_sizes, device=device))
    products = StackedMatrix(
        BlockRows.of_matrix(matrix, rows, columns, device),
        BlockRows.of_matrix(csr_array(matrix.T.tocsr()), columns, rows, device),
    )
    vectors = {
        **_column_vectors(blocks, factors, column_order),
        **_row_vectors(blocks, factors, row_order),
        "objective_scale": 1.0 / (factors.objective * factors.bound),
        "crossed": crossed,
        "idle": (blocks.sum_columns(np.abs(scaled)) == 0.0)[column_order],
        "nonzeros": blocks.entry_sizes,
    }
    return StackedProblem(
        instances=instances,
        products=products,
        rows=rows,
        columns=columns,
        norm=block_norms(products, rows, columns),
        **{name: torch.as_tensor(vector, device=device) for name, vector in vectors.items()},
    )


def _column_vectors(blocks: Blocks, factors: Scaling, order: Index) -> dict[str, NDArray[np.generic]]:
    block = blocks.column_block[order]
    scale, bound = factors.column[order], factors.bound[block]
    return {
        "objective": factors.objective[block] * scale * blocks.objective[order],
        "column_lower": bound * blocks.column_lower[order] / scale,
        "column_upper": bound * blocks.column_upper[order] / scale,
        "column_scale": scale / bound,
        "column_place": order - (np.cumsum(blocks.column_sizes) - blocks.column_sizes)[block],
        "cost_norm": np.sqrt(sum_by(blocks.column_block, blocks.objective**2, blocks.count)),
    }


def _row_vectors(blocks: Blocks, factors: Scaling, order: Index) -> dict[str, NDArray[np.generic]]:
    block = blocks.row_block[order]
    scale, bound = factors.row[order], factors.bound[block]
    sides = largest_sides(blocks.row_lower, blocks.row_upper)
    return {
        "row_lower": bound * scale * blocks.row_lower[order],
        "row_upper": bound * scale * blocks.row_upper[order],
        "row_scale": scale / factors.objective[block],
        "row_place": order - (np.cumsum(blocks.row_sizes) - blocks.row_sizes)[block],
        "side_norm": np.sqrt(sum_by(blocks.row_block, sides**2, blocks.count)),
    }


def block_norms(products: Products, rows: Segments, columns: Segments) -> Tensor:
    """Each block's ‖A'‖₂, shape (B,), by the power method on three starts, a little above; 0 where it
    is zero.

    Scaled as they are, blocks have ‖A'‖₂ ≤ 1, with equality where all entries have one sign. The
    starts depend on a column's place in its own item only, so an item's norm does not on the others.
    """
    local = torch.arange(len(columns.item), device=columns.item.device) - columns.spread(
        starts(columns.sizes)
    )
    longest = int(columns.sizes.max()) if len(columns.sizes) else 0
    pattern = np.random.default_rng(0).standard_normal((longest, _POWER_STARTS))
    vector = torch.as_tensor(pattern, device=local.device)[local]
    norm = torch.zeros(len(columns.sizes), dtype=torch.float64, device=local.device)
    going = torch.ones_like(norm, dtype=torch.bool)
    for step in range(_POWER_STEPS[1]):
        length = columns.sum(vector * vector).sqrt()
        vector = vector / torch.where(length > 0.0, length, 1.0).index_select(0, columns.item)
        image = products.forward(vector)
        found = rows.sum(image * image).sqrt().amax(1)
        last, norm = norm, torch.where(going, found, norm)
        if step >= _POWER_STEPS[0]:
            going = going & (norm - last > _POWER_TOLERANCE * norm)
            if not bool(going.any()):
                break
        vector = products.adjoint(image)
    return (norm * _POWER_MARGIN).clamp(max=1.0)


def _by_degree(degree: Index, block: Index) -> tuple[Index, Index]:
    """The order by degree within each block, and its inverse."""
    order = np.lexsort((degree, block))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return order, rank


def _split(values: Tensor, place: Tensor, sizes: Tensor) -> list[Vector]:
    array, local, ends = values.cpu().numpy(), place.cpu().numpy(), np.cumsum(sizes.cpu().numpy())
    parts = []
    for start, end in zip(np.concatenate(([0], ends[:-1])), ends, strict=True):
        vector = np.empty(end - start)
        vector[local[start:end]] = array[start:end]
        parts.append(vector)
    return parts


def _gather(vectors: Sequence[Vector], place: Tensor, segments: Segments) -> Tensor:
    joined = torch.as_tensor(np.concatenate(vectors) if len(vectors) else np.zeros(0), device=place.device)
    return joined[place + segments.spread(starts(segments.sizes))]
