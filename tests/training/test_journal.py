"""The journal of a labelled folder: what is committed stays, what is not has never been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact.solution import SolveStatus
from tests.training.test_shards import make_old
from training import journal as journal_module
from training.journal import Entry, FolderInUseError, Journal, Outcome
from training.shards import Label, Row, read_labelled, row_of, write_shard

LABELLED = Entry(
    "a.mps", 10, 11, sha256="aa", verdict="optimal", certified=True, cross_checked=True, gap=0.03
)
DUPLICATE = Entry("b.mps", 20, 21, Outcome.DUPLICATE, sha256="aa")
REJECTED = Entry("c.mps", 30, 31, Outcome.REJECTED, verdict="timeout", detail="slow")


def a_row() -> Row:
    one = np.ones(1)
    matrix = csr_array(np.ones((1, 1)))
    instance = Instance("x", one, matrix, one, one, one, one, np.zeros(1, dtype=bool))
    return row_of(instance, Label(SolveStatus.OPTIMAL, 1.0), file="a.mps", family="f")


def test_what_was_committed_is_known_again(tmp_path: Path) -> None:
    with Journal(tmp_path, tmp_path) as journal:
        journal.commit([a_row()], [LABELLED, DUPLICATE])
        journal.commit([], [REJECTED])
    with Journal(tmp_path, tmp_path) as journal:
        assert journal.knows("a.mps", 10, 11)
        assert not journal.knows("a.mps", 10, 12)
        assert not journal.knows("a.mps", 11, 11)
        assert not journal.knows("d.mps", 10, 11)
        assert journal.hashes == {"aa"}
        assert journal.entries["a.mps"] == LABELLED
        assert journal.entries["b.mps"] == DUPLICATE
        assert journal.entries["c.mps"].verdict == "timeout"
    assert "slow" in (tmp_path / "labels" / "rejected.jsonl").read_text()


def test_a_journal_from_before_there_were_gaps(tmp_path: Path) -> None:
    with Journal(tmp_path, tmp_path) as journal:
        journal.commit([a_row()], [LABELLED, DUPLICATE])
    path = tmp_path / "labels" / "journal.jsonl"
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        line.pop("gap", None)
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    with Journal(tmp_path, tmp_path) as journal:
        assert journal.entries["a.mps"] == replace(LABELLED, gap=0.0)
        assert journal.entries["b.mps"] == DUPLICATE


@pytest.mark.parametrize("old", [True, False])
def test_a_shard_that_is_adopted_brings_its_gaps(tmp_path: Path, old: bool) -> None:
    """One of version 1 has none."""
    folder = tmp_path / "labels"
    folder.mkdir()
    path = folder / "part-00000.parquet"
    write_shard(path, [dict(a_row(), gap=0.02)])
    if old:
        make_old(path)
    with Journal(tmp_path, tmp_path) as journal:
        assert journal.entries["a.mps"].gap == (0.0 if old else 0.02)


def test_shards_are_numbered_on(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal(tmp_path, tmp_path) as journal:
            journal.commit([a_row()], [LABELLED])
            journal.commit([a_row()], [LABELLED])
    names = sorted(path.name for path in (tmp_path / "labels").glob("part-*"))
    assert names == [f"part-{number:05d}.parquet" for number in range(4)]


def test_one_process_a_folder(tmp_path: Path) -> None:
    with Journal(tmp_path, tmp_path), pytest.raises(FolderInUseError):
        Journal(tmp_path, tmp_path)
    Journal(tmp_path, tmp_path).close()


@pytest.mark.parametrize("step", ["write_shard", "_append"])
def test_a_commit_that_fails_half_way_is_undone(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk before the shard is written, or between shard and journal."""

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    with Journal(tmp_path, tmp_path) as journal, monkeypatch.context() as patch:
        patch.setattr(journal_module, step, fail)
        with pytest.raises(OSError, match="no space"):
            journal.commit([a_row()], [LABELLED, DUPLICATE])
    with Journal(tmp_path, tmp_path) as journal:
        assert "b.mps" not in journal.entries
        adopted = {"a.mps"} if step == "_append" else set()
        assert set(journal.entries) == adopted
    assert len(list(read_labelled(tmp_path))) == len(adopted)
