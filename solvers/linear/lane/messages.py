"""What passes between an exact lane and its children: plain arrays and dataclasses, no solver, no names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance, Mask, Vector
from solvers.linear.exact.solution import ExactSolution
from solvers.linear.lane.options import SolveOptions, SolverName
from solvers.linear.lane.start import Start, StartReport


class Job(StrEnum):
    """What a child is asked for."""

    SOLVE = "solve"
    PROOF = "proof"  # a ray or prices that certify what a solver said
    SUBSET = "subset"  # an irreducible infeasible subset


@dataclass(frozen=True, eq=False)
class PackedInstance:
    """An instance without names, as bytes that cost little to pickle.

    Attributes:
        rows, columns, nonzeros: sizes.
        numbers: c, A's values, L, U, l, u and the offset, end to end.
        places: A's column indices and row starts, end to end, int32.
        integrality: one byte a column; empty for an LP.
    """

    rows: int
    columns: int
    nonzeros: int
    numbers: bytes
    places: bytes
    integrality: bytes

    @classmethod
    def of(cls, instance: Instance) -> PackedInstance:
        matrix = instance.constraint_matrix
        numbers = (
            instance.objective_vector,
            matrix.data,
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
            np.array([instance.objective_offset]),
        )
        places = (matrix.indices, matrix.indptr)
        return cls(
            instance.rows,
            instance.columns,
            instance.nonzeros,
            np.concatenate(numbers).tobytes(),
            np.concatenate(places).astype(np.int32, copy=False).tobytes(),
            instance.integrality.tobytes() if instance.is_mip else b"",
        )

    def unpack(self) -> Instance:
        """The same numbers; the names are rows' and columns' numbers."""
        rows, columns, nonzeros = self.rows, self.columns, self.nonzeros
        numbers: Vector = np.frombuffer(self.numbers)
        cuts = np.cumsum([columns, nonzeros, rows, rows, columns, columns])
        cost, values, row_lower, row_upper, lower, upper, offset = np.split(numbers, cuts)
        places: NDArray[np.int32] = np.frombuffer(self.places, dtype=np.int32)
        matrix = csr_array((values, places[:nonzeros], places[nonzeros:]), shape=(rows, columns))
        integrality: Mask = np.zeros(columns, dtype=np.bool_)
        if self.integrality:
            integrality = np.frombuffer(self.integrality, dtype=np.bool_)
        return Instance(
            name="",
            objective_vector=cost,
            constraint_matrix=matrix,
            constraint_lower_bound=row_lower,
            constraint_upper_bound=row_upper,
            variable_lower_bound=lower,
            variable_upper_bound=upper,
            integrality=integrality,
            objective_offset=float(offset[0]),
            constraint_names=_Numbered(rows),
            variable_names=_Numbered(columns),
        )


class _Numbered(Sequence[str]):
    """Names that nobody reads and that cost nothing to make."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [str(number) for number in range(self._size)[index]]
        return str(range(self._size)[index])


@dataclass(frozen=True, eq=False)
class LaneTask:
    """One piece of work for a child.

    Attributes:
        job: what is asked for.
        packed: the instance.
        solver: who is asked.
        options: those of the whole solve; `time_limit` is what is left of it.
        start: where to begin.
        deadline: `time.monotonic()` at which the whole solve ends; None: `time_limit` after the child begins.
        solution: the answer that a proof is sought for.
    """

    job: Job
    packed: PackedInstance
    solver: SolverName
    options: SolveOptions
    start: Start | None = None
    deadline: float | None = None
    solution: ExactSolution | None = None


@dataclass(frozen=True, eq=False)
class FoundSubset:
    """Rows and sides of columns that cannot hold together, by number; see `irreducible_subset`.

    Attributes:
        rows: numbers of rows.
        row_sides, column_sides: which sides of each take part: 1 lower, 2 upper, 3 both.
        columns: numbers of columns whose bounds take part.
        ray: a Farkas ray of the subset, shape (m,), zero outside it; None where the relaxation has none.
        is_irreducible: every member was shown to be needed (True), one was not (False), time ran out (None).
        integral: integrality takes part: the subset's relaxation is feasible.
    """

    rows: list[int]
    row_sides: list[int]
    columns: list[int]
    column_sides: list[int]
    ray: Vector | None
    is_irreducible: bool | None
    integral: bool = False


@dataclass(frozen=True, eq=False)
class LaneReply:
    """A child's answer; what was not asked for is None."""

    solution: ExactSolution | None = None
    start: StartReport | None = None
    subset: FoundSubset | None = None
