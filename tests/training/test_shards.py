"""Labelled instances to Parquet and back: nothing lost, nothing half written, nothing held in memory."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact.solution import SolveStatus
from training import shards
from training.label import Label, LabelledInstance
from training.shards import keep_rows, read_labelled, row_of, shard_paths, write_shard


def make(seed: int, rows: int = 4, columns: int = 6, maximize: bool = False) -> Instance:
    rng = np.random.default_rng(seed)
    upper = rng.uniform(1, 2, columns)
    upper[rng.random(columns) < 0.5] = np.inf
    lower_side = rng.normal(size=rows)
    lower_side[rng.random(rows) < 0.5] = -np.inf
    return Instance(
        name=f"model {seed}",
        objective_vector=rng.normal(size=columns),
        constraint_matrix=csr_array(rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.5)),
        constraint_lower_bound=lower_side,
        constraint_upper_bound=np.full(rows, 3.0),
        variable_lower_bound=rng.uniform(-1, 0, columns),
        variable_upper_bound=upper,
        integrality=rng.random(columns) < 0.3,
        objective_offset=float(rng.normal()),
        maximize=maximize,
    )


def folder_with(tmp_path: Path, *shards_of_rows: list[shards.Row]) -> Path:
    (tmp_path / shards.LABELS).mkdir(parents=True, exist_ok=True)
    for number, rows in enumerate(shards_of_rows):
        write_shard(tmp_path / shards.LABELS / f"part-{number:05d}.parquet", rows)
    return tmp_path


LABELS = (
    Label(SolveStatus.OPTIMAL, -1.5, np.arange(6.0), np.arange(4.0), dual_bound=-1.5, certified=True),
    Label(SolveStatus.INFEASIBLE, farkas_ray=np.array([1.0, -2.0, 0.0, 3.0]), solver="HiGHS", seconds=0.25),
    Label(SolveStatus.UNBOUNDED, primal=np.ones(6), unbounded_ray=-np.ones(6), cross_checked=True),
    Label(
        SolveStatus.OPTIMAL,
        2.0,
        np.ones(6),
        gap=0.03,
        time_limit=60.0,
        pool=np.array([np.ones(6), np.arange(6.0), np.zeros(6)]),
        pool_objectives=np.array([2.0, 2.5, 7.0]),
    ),
    Label(SolveStatus.INFEASIBLE),
)


def test_round_trip(tmp_path: Path) -> None:
    instances = [make(seed, maximize=seed == 2) for seed in range(5)]
    rows = [
        row_of(instance, label, file=f"sub/{k}.mps", family=f"family {k}", parent="ab" * k)
        for k, (instance, label) in enumerate(zip(instances, LABELS, strict=True))
    ]
    found = list(read_labelled(folder_with(tmp_path, rows)))
    assert [item.file for item in found] == [f"sub/{k}.mps" for k in range(5)]
    for k, item in enumerate(found):
        assert item.family == f"family {k}"
        assert item.parent == "ab" * k
        assert item.sha256 == instances[k].sha256 == item.instance.sha256
        assert item.instance.name == f"model {k}"
        assert item.instance.maximize is instances[k].maximize
        for field in fields(Label):
            stored, original = getattr(item, field.name), getattr(LABELS[k], field.name)
            assert (
                np.array_equal(stored, original) if isinstance(original, np.ndarray) else stored == original
            )


def test_instances_of_every_shape(tmp_path: Path) -> None:
    shapes = [(0, 3), (3, 0), (0, 0), (1, 1), (7, 2)]
    instances = [make(k, rows, columns) for k, (rows, columns) in enumerate(shapes)]
    rows = [row_of(instance, Label(SolveStatus.INFEASIBLE), file="f", family="g") for instance in instances]
    found = list(read_labelled(folder_with(tmp_path, rows)))
    assert [(item.instance.rows, item.instance.columns) for item in found] == shapes
    assert [item.instance.sha256 for item in found] == [instance.sha256 for instance in instances]


def test_an_empty_vector_is_not_an_absent_one(tmp_path: Path) -> None:
    label = Label(SolveStatus.OPTIMAL, 0.0, primal=np.zeros(0), dual=None)
    row = row_of(make(0, 2, 0), label, file="f", family="g")
    (item,) = read_labelled(folder_with(tmp_path, [row]))
    assert item.primal is not None
    assert item.primal.shape == (0,)
    assert item.dual is None


def test_an_empty_pool_s_points_keep_their_shape(tmp_path: Path) -> None:
    label = Label(SolveStatus.OPTIMAL, 1.0, np.zeros(0), pool=np.zeros((1, 0)), pool_objectives=np.ones(1))
    (item,) = read_labelled(folder_with(tmp_path, [row_of(make(0, 2, 0), label, file="f", family="g")]))
    assert item.pool is not None
    assert item.pool.shape == (1, 0)


NEW_COLUMNS = ["parent", "gap", "time_limit", "pool", "pool_objectives"]


def make_old(path: Path, version: bytes = b"1") -> None:
    """Rewrite a shard as farkas wrote it before it knew of gaps, pools and parents."""
    table = pq.read_table(path).drop_columns(NEW_COLUMNS)
    pq.write_table(table.replace_schema_metadata({b"farkas_labels": version}), path)


@pytest.fixture
def old_shard(tmp_path: Path) -> Path:
    rows = [row_of(make(k), LABELS[k], file=f"{k}", family="g") for k in range(3)]
    (path,) = shard_paths(folder_with(tmp_path, rows))
    make_old(path)
    return path


def assert_as_of_old(items: list[LabelledInstance]) -> None:
    for item in items:
        label = LABELS[int(item.file)]
        assert (item.status, item.objective, item.certified) == (
            label.status,
            label.objective,
            label.certified,
        )
        assert (item.gap, item.parent, item.time_limit) == (0.0, "", None)
        assert (item.pool, item.pool_objectives) == (None, None)


def test_a_shard_of_version_1_is_read(old_shard: Path) -> None:
    items = list(read_labelled(old_shard.parent.parent))
    assert [item.file for item in items] == ["0", "1", "2"]
    assert_as_of_old(items)


def test_a_shard_of_version_1_may_be_swept(old_shard: Path) -> None:
    keep_rows(old_shard, lambda file, sha256: file != "1")
    items = list(read_labelled(old_shard.parent.parent))
    assert [item.file for item in items] == ["0", "2"]
    assert_as_of_old(items)


def test_old_and_new_shards_in_one_folder(old_shard: Path) -> None:
    row = row_of(make(3), LABELS[3], file="3", family="g", parent="cd")
    write_shard(old_shard.with_name("part-00001.parquet"), [row])
    items = list(read_labelled(old_shard.parent.parent))
    assert [item.gap for item in items] == [0.0, 0.0, 0.0, 0.03]
    assert [item.parent for item in items] == ["", "", "", "cd"]


def test_a_version_to_come_is_refused(old_shard: Path) -> None:
    make_new = pq.read_table(old_shard).replace_schema_metadata({b"farkas_labels": b"3"})
    pq.write_table(make_new, old_shard)
    with pytest.raises(ValueError, match="version"):
        list(read_labelled(old_shard.parent.parent))


def test_vectors_are_writable_and_independent(tmp_path: Path) -> None:
    row = row_of(make(0), LABELS[0], file="f", family="g")
    first, second = read_labelled(folder_with(tmp_path, [row, row]))
    assert first.primal is not None
    first.primal[:] = 9.0
    assert second.primal is not None
    assert np.array_equal(second.primal, np.arange(6.0))


def test_several_folders_in_order(tmp_path: Path) -> None:
    row = row_of(make(0), LABELS[0], file="f", family="g")
    first = folder_with(tmp_path / "a", [dict(row, file="1")], [dict(row, file="2")])
    second = folder_with(tmp_path / "b", [dict(row, file="3")])
    assert [item.file for item in read_labelled([second, first])] == ["3", "1", "2"]
    assert list(read_labelled(tmp_path / "nowhere")) == []


def test_reading_is_lazy(tmp_path: Path) -> None:
    """The second shard is broken, and nobody notices before reaching it."""
    row = row_of(make(0), LABELS[0], file="f", family="g")
    folder = folder_with(tmp_path, [row] * 5, [row])
    shard_paths(folder)[1].write_bytes(b"not parquet")
    items = read_labelled(folder)
    assert len(list(itertools.islice(items, 5))) == 5
    with pytest.raises(Exception, match=r"[Pp]arquet"):
        next(items)


def test_a_failed_write_leaves_no_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(pq, "write_table", fail)
    row = row_of(make(0), LABELS[0], file="f", family="g")
    with pytest.raises(OSError, match="no space"):
        folder_with(tmp_path, [row])
    assert shard_paths(tmp_path) == []


def test_batches_smaller_than_a_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_BATCH_ROWS", 3)
    instances = [make(seed, rows=1 + seed % 3, columns=1 + seed % 5) for seed in range(10)]
    label = Label(SolveStatus.INFEASIBLE)
    rows = [row_of(instance, label, file=str(k), family="g") for k, instance in enumerate(instances)]
    rows[4] = dict(rows[4], farkas_ray=np.array([2.5, 0.5]))
    found = list(read_labelled(folder_with(tmp_path, rows)))
    assert [item.sha256 for item in found] == [instance.sha256 for instance in instances]
    assert [item.sha256 for item in found] == [item.instance.sha256 for item in found]
    assert found[4].farkas_ray is not None
    assert np.array_equal(found[4].farkas_ray, [2.5, 0.5])
    assert sum(item.farkas_ray is not None for item in found) == 1


def test_labels_may_be_replaced(tmp_path: Path) -> None:
    (item,) = read_labelled(folder_with(tmp_path, [row_of(make(0), LABELS[0], file="f", family="g")]))
    assert replace(item, status=SolveStatus.INFEASIBLE).instance is item.instance
