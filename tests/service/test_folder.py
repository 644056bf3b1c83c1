"""Scoring folders: every file a row, whatever happens, and the same rows after any interruption."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from service import tables
from service.effort import Effort
from service.errors import UnreadableFile
from service.folder import Found, Run, chunks, find
from service.lanes import Lanes
from service.settings import Settings


@pytest.fixture
def data(tmp_path: Path, lp: bytes) -> Path:
    """Nine files in two folders: six good ones and three bad ones, beside things that are no instances."""
    folder = tmp_path / "data"
    (folder / "inner").mkdir(parents=True)
    for index in range(5):
        text = lp.replace(b"COST 1.0", b"COST %d.0" % (index + 1))
        (folder / f"good{index}.mps").write_bytes(text)
    (folder / "inner" / "zipped.mps.gz").write_bytes(gzip.compress(lp))
    (folder / "inner" / "bad.mps").write_bytes(lp.replace(b"2.0", b"2,0"))
    (folder / "cut.mps.gz").write_bytes(gzip.compress(lp)[:-9])
    (folder / "other.lp").write_text("no model\n")
    (folder / "readme.txt").write_text("no instance")
    return folder


@pytest.fixture
def make_run(settings: Settings, fake: Any, tmp_path: Path) -> Callable[..., Run]:
    def make(name: str = "out.parquet", predictor: Any = None, **changes: Any) -> Run:
        chosen = settings.model_copy(update={"batch_size": 2, **changes})
        return Run(predictor or fake, Effort(), Lanes(chosen), chosen, tmp_path / name, shard_files=2)

    return make


def ignore(files: int) -> None:
    pass


def rows(path: Path) -> list[dict[str, Any]]:
    """The table without the columns that differ from run to run."""
    found: list[dict[str, Any]] = parquet.read_table(path).drop_columns(list(tables.SECONDS)).to_pylist()
    return found


def test_every_file_has_its_row(data: Path, make_run: Callable[..., Run]) -> None:
    done: list[int] = []
    run = make_run()
    summary = run.score(find([data]), done.append)
    assert (summary.files, summary.failed, summary.reused) == (9, 3, 0)
    assert done == [2, 2, 2, 2, 1]
    found = rows(run.output)
    names = [Path(row["file"]).relative_to(data).as_posix() for row in found]
    assert names == [
        "cut.mps.gz",
        "good0.mps",
        "good1.mps",
        "good2.mps",
        "good3.mps",
        "good4.mps",
        "inner/bad.mps",
        "inner/zipped.mps.gz",
        "other.lp",
    ]
    errors = {name: row["error_type"] for name, row in zip(names, found, strict=True) if row["error_type"]}
    assert errors == {
        "cut.mps.gz": "malformed-file",
        "inner/bad.mps": "malformed-file",
        "other.lp": "malformed-file",
    }
    assert found[6]["error_line"] == 7


def test_a_poisoned_instance_costs_only_its_own_row(
    data: Path, make_run: Callable[..., Run], fake: Any, lp: bytes
) -> None:
    (data / "good1.mps").write_bytes(lp.replace(b"RHS\n", b" Z COST 1.0 NEED 1.0\nRHS\n", 1))
    fake.poison(3)
    run = make_run()
    assert run.score(find([data]), ignore).failed == 4
    found = {Path(row["file"]).name: row for row in rows(run.output)}
    assert found["good1.mps"]["error_type"] == "internal-error"
    assert found["good0.mps"]["verdict"] == found["good2.mps"]["verdict"] == "optimal"


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_a_killed_run_resumes_to_the_same_table(
    data: Path, make_run: Callable[..., Run], make_fake: Any, killed_at: int
) -> None:
    whole = make_run("whole.parquet")
    whole.score(find([data]), ignore)

    predictor = make_fake()
    calls = 0

    def kill() -> None:
        nonlocal calls
        calls += 1
        if calls == killed_at:
            raise KeyboardInterrupt

    predictor.before = kill
    run = make_run("out.parquet", predictor)
    with pytest.raises(KeyboardInterrupt):
        run.score(find([data]), ignore)
    assert not run.output.exists()

    summary = run.score(find([data]), ignore)
    assert summary.reused == 2 * (killed_at - 1)
    assert rows(run.output) == rows(whole.output)


def test_a_second_run_computes_nothing(data: Path, make_run: Callable[..., Run], fake: Any) -> None:
    run = make_run()
    run.score(find([data]), ignore)
    before, calls = run.output.read_bytes(), len(fake.batches)
    assert run.score(find([data]), ignore).reused == 9
    assert len(fake.batches) == calls
    assert run.output.read_bytes() == before


def test_a_changed_file_is_scored_again(data: Path, make_run: Callable[..., Run], lp: bytes) -> None:
    run = make_run()
    run.score(find([data]), ignore)
    (data / "inner" / "bad.mps").write_bytes(lp)
    summary = run.score(find([data]), ignore)
    assert (summary.failed, summary.reused) == (2, 7)


def test_a_touched_file_is_scored_again(data: Path, make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.score(find([data]), ignore)
    os.utime(data / "good0.mps", ns=(1, 1))
    assert run.score(find([data]), ignore).reused == 7


@pytest.mark.parametrize(
    "change", [{"gap_tolerance": 1e-3}, {"max_rows": 7}, {"batch_nonzeros": 3}, {"sha256": "e" * 64}]
)
def test_other_options_are_another_run(
    data: Path, make_run: Callable[..., Run], make_fake: Any, change: dict[str, Any]
) -> None:
    make_run().score(find([data]), ignore)
    predictor = make_fake()
    predictor.sha256 = change.pop("sha256", predictor.sha256)
    assert make_run("out.parquet", predictor, **change).score(find([data]), ignore).reused == 0


def test_what_does_not_matter_is_no_other_run(data: Path, make_run: Callable[..., Run]) -> None:
    make_run().score(find([data]), ignore)
    assert make_run(port=9, threads=2).score(find([data]), ignore).reused == 9


def test_shards_that_are_not_needed_go(data: Path, make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.score(find([data]), ignore)
    (data / "good0.mps").unlink()
    (run.parts / ".half.parquet.x.tmp").write_bytes(b"of a killed run")
    run.score(find([data]), ignore)
    assert len(list(run.parts.iterdir())) == 4 + 1, "four shards and the manifest"
    assert len(rows(run.output)) == 8


def test_forgetting_starts_over_but_touches_nothing_of_others(
    data: Path, make_run: Callable[..., Run]
) -> None:
    run = make_run()
    run.score(find([data]), ignore)
    run.forget()
    assert not run.parts.exists()
    run.parts.mkdir()
    (run.parts / "letter.txt").write_text("mine")
    run.forget()
    assert (run.parts / "letter.txt").exists()


def test_shards_are_never_found_as_instances(data: Path, settings: Settings, fake: Any) -> None:
    run = Run(fake, Effort(), Lanes(settings), settings, data / "out.jsonl")
    run.score(find([data]), ignore)
    assert len(find([data])) == 9


def test_find_takes_files_and_folders_once_each(data: Path) -> None:
    found = find([data / "inner", data / "inner" / "bad.mps", data / "readme.txt"])
    assert [Path(item.name).name for item in found] == ["bad.mps", "zipped.mps.gz", "readme.txt"]
    with pytest.raises(UnreadableFile, match="nowhere"):
        find([data / "nowhere"])


def test_odd_directory_entries_are_error_rows(
    tmp_path: Path, make_run: Callable[..., Run], lp: bytes
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    os.mkfifo(folder / "pipe.mps")
    (folder / "dangling.mps").symlink_to(folder / "nothing")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mps")).write_bytes(lp)
    run = make_run()
    assert run.score(find([folder]), ignore).failed == 2
    found = {Path(row["file"]).name: row["error_type"] for row in rows(run.output)}
    assert found == {"caf\\xe9.mps": None, "dangling.mps": "unreadable-file", "pipe.mps": "unreadable-file"}


def test_chunks_depend_on_number_and_size_alone() -> None:
    def found(size: int, name: str = "a.mps") -> Found:
        return Found(Path(name), size, 0)

    small = [found(1)] * 5
    assert [len(chunk) for chunk in chunks(small, 2)] == [2, 2, 1]
    large = [found(1), found(100 << 20), found(1), found(60 << 20), found(1 << 20, "a.gz")]
    assert [len(chunk) for chunk in chunks(large, 10)] == [1, 1, 2, 1]


def test_an_empty_table_has_all_columns() -> None:
    assert tables.table([], []).schema == tables.SCHEMA
    assert pa.concat_tables([tables.table([], [])]).num_rows == 0
