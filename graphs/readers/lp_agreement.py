"""HiGHS as the second reader of a CPLEX-LP text: an instance counts as read when HiGHS found the same one.

HiGHS reads in a child process of its own, bounded in time and memory, that is kept for the next text and
replaced when it hangs, grows or crashes. One text is read at a time.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from graphs.errors import InstanceError, InstanceTooLarge, MalformedFile
from graphs.highs_lp import SMALLEST, HighsReading, read_by_highs
from graphs.instance import Instance
from graphs.readers.limits import ReadLimits
from runtime.isolation import Pool, TaskCrashed, TaskFailed, TaskFailure, TaskTimeout

_BYTES_PER_LIMIT = 1 << 24  # so many bytes of text earn the time limit once more
_ROUNDING = 1e-12  # relative: of sums of several terms, whose order is each reader's own
_TO_MPS = "convert it to MPS, which is read without HiGHS"


class SecondReader:
    """A child process that reads LP texts by HiGHS; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._memory_limit = 0
        os.register_at_fork(after_in_child=self._forget)

    def read(self, text: bytes, *, file: str, limits: ReadLimits) -> HighsReading:
        """HiGHS's reading.

        Raises:
            MalformedFile: HiGHS refuses the text, or crashes on it.
            InstanceTooLarge: it takes more time or memory than allowed.
            OSError: no temporary file can be written.
        """
        seconds = limits.lp_seconds * (1 + len(text) / _BYTES_PER_LIMIT)
        with tempfile.TemporaryDirectory(prefix="farkas-lp-") as folder, self._lock:
            path = Path(folder) / "instance.lp"
            path.write_bytes(text)
            pool = self._pool_within(limits.lp_memory_bytes)
            [result] = pool.map(read_by_highs, [str(path)], limit=seconds)
        if result.failure is not None:
            _raise_failure(result.failure, file, limits)
        if result.value is None:
            hint = f"write it as HiGHS reads it, or {_TO_MPS}"
            raise MalformedFile("HiGHS, the second reader, refuses the file", file=file, hint=hint)
        return result.value

    def close(self) -> None:
        """End the child; the next text gets another."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()
            self._pool = None

    def _pool_within(self, memory_limit: int) -> Pool:
        if self._pool is not None and self._memory_limit != memory_limit:
            self._pool.close()
            self._pool = None
        if self._pool is None:
            self._pool, self._memory_limit = Pool(1, memory_limit=memory_limit), memory_limit
        return self._pool

    def _forget(self) -> None:
        """In a fork: the child is its parent's, and nobody there may be left to release the lock."""
        self._lock, self._pool = threading.Lock(), None


SECOND_READER = SecondReader()


def require_agreement(text: bytes, instance: Instance, *, file: str, limits: ReadLimits) -> None:
    """Let HiGHS read the text too, and refuse it where the models differ.

    Raises:
        MalformedFile: HiGHS reads another model, none, or crashes.
        InstanceTooLarge: HiGHS takes more time or memory than allowed.
        OSError: no temporary file can be written.
    """
    difference = first_difference(instance, SECOND_READER.read(text, file=file, limits=limits))
    if difference is not None:
        hint = f"write it in a way that readers agree on, or {_TO_MPS}"
        raise MalformedFile(f"HiGHS, the second reader, reads {difference}", file=file, hint=hint)


def first_difference(instance: Instance, reading: HighsReading) -> str | None:
    """What HiGHS reads differently, in words; None where both models are the same, columns by name."""
    if len(reading.row_names) != instance.rows:
        return f"{len(reading.row_names)} rows instead of {instance.rows}"
    if sorted(reading.column_names) != sorted(instance.variable_names):
        return "other variables"
    if reading.maximize != instance.maximize:
        return "another sense of the objective"
    places = {name: place for place, name in enumerate(reading.column_names)}
    order = np.array([places[name] for name in instance.variable_names], dtype=np.intp)
    sign = -1.0 if instance.maximize else 1.0
    pairs: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
        "another objective": (sign * instance.objective_vector, reading.costs[order]),
        "another constant of the objective": (
            np.array([sign * instance.objective_offset]),
            np.array([reading.offset]),
        ),
        "other lower bounds": (instance.variable_lower_bound, reading.lower[order]),
        "other upper bounds": (instance.variable_upper_bound, reading.upper[order]),
        "other integer variables": (instance.integrality, reading.integrality[order]),
        "other right-hand sides": (
            np.concatenate([instance.constraint_lower_bound, instance.constraint_upper_bound]),
            np.concatenate([reading.row_lower, reading.row_upper]),
        ),
    }
    for difference, (ours, theirs) in pairs.items():
        if not _alike(ours, theirs):
            return difference
    if not reading.is_plain:
        return "more than a linear model"
    return None if _same_matrix(instance, reading, order) else "another constraint matrix"


def _same_matrix(instance: Instance, reading: HighsReading, order: NDArray[np.intp]) -> bool:
    if not instance.rows or not instance.columns:
        return not len(reading.values)
    shape = (instance.rows, instance.columns)
    theirs = csc_array((reading.values, reading.rows, reading.starts), shape=shape)[:, order].tocsr()
    ours, theirs = _significant(instance.constraint_matrix), _significant(theirs)
    return (
        np.array_equal(ours.indptr, theirs.indptr)
        and np.array_equal(ours.indices, theirs.indices)
        and _alike(ours.data, theirs.data)
    )


def _significant(matrix: csr_array) -> csr_array:
    """A copy without the entries that HiGHS drops."""
    kept = matrix.copy()
    kept.data[np.abs(kept.data) <= SMALLEST] = 0.0
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept


def _alike(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return ours.shape == theirs.shape and bool(np.allclose(ours, theirs, rtol=_ROUNDING, atol=0.0))


def _raise_failure(failure: TaskFailure, file: str, limits: ReadLimits) -> NoReturn:
    """What became of the child, as an error of the instance; RuntimeError where that has no part in it."""
    error: InstanceError
    if isinstance(failure, TaskTimeout):
        detail = f"HiGHS, the second reader, takes more than {failure.limit:.3g} seconds"
        error = InstanceTooLarge(detail, file=file, hint=f"raise the limit of time, or {_TO_MPS}")
    elif _lacks_memory(failure):
        detail = f"HiGHS, the second reader, takes more than {limits.lp_memory_bytes:,} bytes of memory"
        error = InstanceTooLarge(detail, file=file, hint=f"raise the limit of memory, or {_TO_MPS}")
    elif isinstance(failure, TaskFailed):
        raise RuntimeError(f"HiGHS cannot be asked: {failure}")
    else:
        error = MalformedFile("HiGHS, the second reader, crashes on the file", file=file, hint=_TO_MPS)
    raise error


def _lacks_memory(failure: TaskFailure) -> bool:
    if isinstance(failure, TaskFailed):
        return failure.type == "MemoryError"
    return isinstance(failure, TaskCrashed) and "bad_alloc" in failure.output
