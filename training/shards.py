"""Labelled instances on disk: Parquet shards, one row an instance with its data and its label.

    DIR/labels/part-00000.parquet, part-00001.parquet, ...

Training reads the shards alone, one batch of rows after another, whatever their number and size. Vectors are
list columns; an absent vector (no dual, no ray) is null; a pool of K points is its K · n values, point after
point. Objectives are in the minimising sense, duals in the signs of `solvers.linear.certificate`.

Version 2 of the columns added gap, time_limit, parent, pool and pool_objectives. Shards of version 1 are read
with what a label without them means (`_ABSENT`), and may stand beside newer ones in a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from runtime.files import replace_atomically
from solvers.linear.exact.solution import SolveStatus
from training.label import Label, LabelledInstance

__all__ = [
    "LABELS",
    "SCHEMA",
    "Label",
    "LabelledInstance",
    "Row",
    "keep_rows",
    "read_columns",
    "read_labelled",
    "read_shard",
    "row_of",
    "shard_paths",
    "write_shard",
]

LABELS: Final = "labels"
Row = Mapping[str, Any]
"""One row of a shard: column name → scalar, numpy vector, or None."""

_BATCH_ROWS: Final = 256
_REPEATED: Final = ["family", "solver", "status"]
_INSTANCE_VECTORS: Final[dict[str, pa.DataType]] = {
    "indptr": pa.int64(),
    "indices": pa.int32(),
    "data": pa.float64(),
    "objective_vector": pa.float64(),
    "constraint_lower_bound": pa.float64(),
    "constraint_upper_bound": pa.float64(),
    "variable_lower_bound": pa.float64(),
    "variable_upper_bound": pa.float64(),
    "integrality": pa.bool_(),
}
_LABEL_VECTORS: Final[dict[str, pa.DataType]] = {
    "primal": pa.float64(),
    "dual": pa.float64(),
    "farkas_ray": pa.float64(),
    "unbounded_ray": pa.float64(),
    "pool": pa.float64(),
    "pool_objectives": pa.float64(),
}
_LABEL_SCALARS: Final[dict[str, pa.DataType]] = {
    "status": pa.string(),
    "objective": pa.float64(),
    "dual_bound": pa.float64(),
    "solver": pa.string(),
    "seconds": pa.float64(),
    "certified": pa.bool_(),
    "cross_checked": pa.bool_(),
    "gap": pa.float64(),
    "time_limit": pa.float64(),
}
_SCALARS: Final[dict[str, pa.DataType]] = {
    "sha256": pa.string(),
    "file": pa.string(),
    "family": pa.string(),
    "parent": pa.string(),
    "name": pa.string(),
    "rows": pa.int32(),
    "columns": pa.int32(),
    "nonzeros": pa.int64(),
    "objective_offset": pa.float64(),
    "maximize": pa.bool_(),
    **_LABEL_SCALARS,
}
_VECTORS: Final[dict[str, pa.DataType]] = {**_INSTANCE_VECTORS, **_LABEL_VECTORS}
SCHEMA: Final = pa.schema(
    [
        *(pa.field(name, kind) for name, kind in _SCALARS.items()),
        *(pa.field(name, pa.list_(kind)) for name, kind in _VECTORS.items()),
    ],
    metadata={"farkas_labels": "2"},
)
_READABLE: Final = (b"1", b"2")
_ABSENT: Final[dict[str, Any]] = {"gap": 0.0, "parent": ""}
"""What a null, or a column that a shard of version 1 lacks, stands for; None where nothing is said here."""


def row_of(instance: Instance, label: Label, *, file: str, family: str, parent: str = "") -> Row:
    """The row that stores an instance and its label."""
    matrix = instance.constraint_matrix
    return {
        "sha256": instance.sha256,
        "file": file,
        "family": family,
        "parent": parent,
        "name": instance.name,
        "rows": instance.rows,
        "columns": instance.columns,
        "nonzeros": instance.nonzeros,
        "indptr": matrix.indptr,
        "indices": matrix.indices,
        "data": matrix.data,
        "objective_vector": instance.objective_vector,
        "objective_offset": instance.objective_offset,
        "maximize": instance.maximize,
        "constraint_lower_bound": instance.constraint_lower_bound,
        "constraint_upper_bound": instance.constraint_upper_bound,
        "variable_lower_bound": instance.variable_lower_bound,
        "variable_upper_bound": instance.variable_upper_bound,
        "integrality": instance.integrality,
        **{field.name: getattr(label, field.name) for field in fields(Label)},
        "status": label.status.value,
        "pool": None if label.pool is None else label.pool.ravel(),
    }


def write_shard(path: Path, rows: Sequence[Row]) -> None:
    """Writes one shard so that `path` holds all of it or does not exist, whatever happens meanwhile."""
    columns = [_scalars(rows, name) for name in _SCALARS] + [_vectors(rows, name) for name in _VECTORS]
    _write(path, pa.Table.from_arrays(columns, schema=SCHEMA))


def keep_rows(path: Path, wanted: Callable[[str, str], bool]) -> None:
    """Rewrites a shard, all at once, without the rows whose file and content hash are not wanted.

    A shard that none is wanted of stays, without rows, so that its name is not given to another.
    """
    names: list[dict[str, Any]] = pq.read_table(path, columns=["file", "sha256"]).to_pylist()
    kept = [wanted(row["file"], row["sha256"]) for row in names]
    if not all(kept):
        _write(path, pq.read_table(path, schema=SCHEMA).filter(pa.array(kept, type=pa.bool_())))


def _write(path: Path, table: pa.Table) -> None:
    replace_atomically(
        path,
        lambda temporary: pq.write_table(
            table,
            temporary,
            compression="zstd",
            use_dictionary=_REPEATED,  # type: ignore[arg-type]
        ),
    )


def shard_paths(folders: Path | Iterable[Path]) -> list[Path]:
    """The shards of one labelled folder or several, in order."""
    listed = [folders] if isinstance(folders, Path) else list(folders)
    return [path for folder in listed for path in sorted((folder / LABELS).glob("part-*.parquet"))]


def read_labelled(folders: Path | Iterable[Path]) -> Iterator[LabelledInstance]:
    """Streams the labelled instances of one folder or several, in shard order, in constant memory."""
    for path in shard_paths(folders):
        yield from read_shard(path)


def read_shard(path: Path) -> Iterator[LabelledInstance]:
    """The labelled instances of one shard.

    Raises:
        ValueError: its version is not known here.
    """
    with pq.ParquetFile(path) as file:
        version = (file.schema_arrow.metadata or {}).get(b"farkas_labels")
        if version not in _READABLE:
            raise ValueError(f"{path} holds labels of a version that this farkas cannot read: {version!r}")
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            yield from _read_batch(batch)


def read_columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """Scalar columns of one shard, without its vectors; a column that an older shard lacks is all None."""
    with pq.ParquetFile(path) as file:
        there = [name for name in names if name in file.schema_arrow.names]
        table = file.read(columns=there)
    return {name: table[name].to_pylist() if name in there else [None] * len(table) for name in names}


def _scalars(rows: Sequence[Row], name: str) -> pa.Array[Any]:
    return pa.array([row[name] for row in rows], type=_SCALARS[name])


def _vectors(rows: Sequence[Row], name: str) -> pa.Array[Any]:
    """A list column from numpy vectors: one concatenation, no Python object a value."""
    kind = _VECTORS[name]
    vectors: list[NDArray[Any] | None] = [row[name] for row in rows]
    offsets = np.zeros(len(vectors) + 1, dtype=np.int32)
    np.cumsum([0 if vector is None else len(vector) for vector in vectors], out=offsets[1:])
    present = [vector for vector in vectors if vector is not None]
    dtype = np.dtype(kind.to_pandas_dtype())
    values = np.concatenate(present).astype(dtype, copy=False) if present else np.zeros(0, dtype)
    mask = np.array([vector is None for vector in vectors], dtype=np.bool_)
    lists: Any = pa.ListArray  # its stubs know no numpy offsets
    found: pa.Array[Any] = lists.from_arrays(
        offsets, pa.array(values), type=pa.list_(kind), mask=pa.array(mask)
    )
    return found


def _read_batch(batch: pa.RecordBatch) -> Iterator[LabelledInstance]:
    known = set(batch.schema.names)
    scalars = {name: batch.column(name).to_pylist() for name in _SCALARS if name in known}
    vectors = {name: _split(batch.column(name)) for name in _VECTORS if name in known}
    absent = dict.fromkeys([name for name in SCHEMA.names if name not in known])
    for k in range(batch.num_rows):
        row = {**absent, **{name: values[k] for name, values in scalars.items()}}
        row |= {name: values[k] for name, values in vectors.items()}
        row |= {name: value for name, value in _ABSENT.items() if row[name] is None}
        yield _labelled(row)


def _split(column: Any) -> list[NDArray[Any] | None]:
    """The vectors of a list column, each its own writable copy; null becomes None."""
    offsets = column.offsets.to_numpy()
    values = column.values.to_numpy(zero_copy_only=False)
    present = column.is_valid().to_numpy(zero_copy_only=False).tolist()
    bounds = zip(offsets[:-1].tolist(), offsets[1:].tolist(), present, strict=True)
    return [values[start:end].copy() if here else None for start, end, here in bounds]


def _labelled(row: dict[str, Any]) -> LabelledInstance:
    shape = (row["rows"], row["columns"])
    matrix = csr_array((row["data"], row["indices"], row["indptr"]), shape=shape)
    instance = Instance(
        name=row["name"],
        constraint_matrix=matrix,
        **{name: row[name] for name in _INSTANCE_FIELDS},
    )
    label = {name: row[name] for name in (*_LABEL_SCALARS, *_LABEL_VECTORS) if name != "status"}
    if row["pool"] is not None:
        label["pool"] = row["pool"].reshape(len(row["pool_objectives"]), row["columns"])
    return LabelledInstance(
        instance=instance,
        status=SolveStatus(row["status"]),
        sha256=row["sha256"],
        file=row["file"],
        family=row["family"],
        parent=row["parent"],
        **label,
    )


_INSTANCE_FIELDS: Final = (
    "objective_vector",
    "objective_offset",
    "maximize",
    "constraint_lower_bound",
    "constraint_upper_bound",
    "variable_lower_bound",
    "variable_upper_bound",
    "integrality",
)
