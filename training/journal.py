"""What has been labelled already: a journal that survives being killed at any moment.

    labels/journal.jsonl       a line for each file, and after each batch of them a line that commits it
    labels/rejected.jsonl      a line for each file left out, for people; a retried file may come twice
    labels/part-*.parquet      the labels

A batch is committed in this order: its shard (written aside, synced, renamed), its rejections, its journal
lines. On opening, whatever came after the last commit is undone: the tails of both files are cut off, and a
shard that was written but not yet journalled is adopted. So no file is lost and no instance is there twice.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final

import orjson

from training.shards import LABELS, Row, read_columns, shard_paths, write_shard
from training.sources import stamp

_JOURNAL: Final = "journal.jsonl"
_REJECTED: Final = "rejected.jsonl"


class Outcome(StrEnum):
    LABELLED = "labelled"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    FORGOTTEN = "forgotten"
    """As if the file had never been seen: what was said of it before does not count."""


@dataclass(frozen=True)
class Entry:
    """What became of one file, known again by its path, size and time of change.

    Attributes:
        file: path below the labelled folder.
        size: bytes.
        mtime_ns: time of last change.
        outcome: labelled, duplicate of a labelled instance, or rejected.
        sha256: content hash of the instance, where it could be read.
        verdict: the label's status, or the reason of the rejection.
        detail: more about a rejection.
        certified, cross_checked, gap: of the label.
    """

    file: str
    size: int
    mtime_ns: int
    outcome: Outcome = Outcome.LABELLED
    sha256: str | None = None
    verdict: str = ""
    detail: str = ""
    certified: bool = False
    cross_checked: bool = False
    gap: float = 0.0


_LINE: Final = tuple(field.name for field in fields(Entry) if field.name != "detail")


class FolderInUseError(RuntimeError):
    """Another process is labelling into the same folder."""


class Journal:
    """The state of one labelled folder; a context manager that holds the folder's lock.

    Args:
        out: the folder below which labels are kept.
        source: the folder whose files are labelled.

    Attributes:
        entries: the last entry of each file.
        hashes: content hashes of the labelled instances.

    Raises:
        FolderInUseError: another process has the journal open.
    """

    def __init__(self, out: Path, source: Path) -> None:
        self.folder = out / LABELS
        self.folder.mkdir(parents=True, exist_ok=True)
        self.entries: dict[str, Entry] = {}
        self.hashes: set[str] = set()
        self._journal = _open(self.folder / _JOURNAL)
        self._rejected = _open(self.folder / _REJECTED)
        try:
            _lock(self._journal)
            self._adopt(out, source, known=self._recover())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._journal.close()
        self._rejected.close()

    def knows(self, file: str, size: int, mtime_ns: int) -> bool:
        """The file has been dealt with and has not changed since."""
        entry = self.entries.get(file)
        return entry is not None and (entry.size, entry.mtime_ns) == (size, mtime_ns)

    def commit(self, rows: Sequence[Row], entries: Sequence[Entry]) -> None:
        """Stores a batch: all of it or, after a crash, none of it."""
        shard = self._next_shard() if rows else None
        if shard is not None:
            write_shard(shard, rows)
        self._write(entries, None if shard is None else shard.name)

    def forget(self, entries: Sequence[Entry]) -> None:
        """From now on these files are unknown, and what they were labelled with may be labelled again."""
        if entries:
            self._write([replace(entry, outcome=Outcome.FORGOTTEN) for entry in entries], None)

    def _write(self, entries: Sequence[Entry], shard: str | None) -> None:
        rejected = [_rejection(entry) for entry in entries if entry.outcome is Outcome.REJECTED]
        _append(self._rejected, rejected)
        end = {"shard": shard, "rejected_bytes": self._rejected.tell()}
        _append(self._journal, [*(_line(entry) for entry in entries), end])
        for entry in entries:
            self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        if entry.outcome is Outcome.FORGOTTEN:
            former = self.entries.pop(entry.file, None)
            if former is not None and former.outcome is Outcome.LABELLED and former.sha256 is not None:
                self.hashes.discard(former.sha256)
            return
        self.entries[entry.file] = entry
        if entry.outcome is Outcome.LABELLED and entry.sha256 is not None:
            self.hashes.add(entry.sha256)

    def _recover(self) -> set[str]:
        """Reads up to the last commit and cuts off what follows, in both files; returns the known shards."""
        committed = rejected_bytes = 0
        pending: list[Entry] = []
        shards: set[str] = set()
        for line, end in _lines(self._journal):
            if "rejected_bytes" not in line:
                pending.append(Entry(**{**line, "outcome": Outcome(line["outcome"])}))
                continue
            for entry in pending:
                self._remember(entry)
            pending.clear()
            committed, rejected_bytes = end, line["rejected_bytes"]
            shards.add(line["shard"])
        _cut(self._journal, committed)
        _cut(self._rejected, rejected_bytes)
        return shards

    def _adopt(self, out: Path, source: Path, known: set[str]) -> None:
        """Journals the shards that are there but unknown, and removes unfinished ones."""
        for unfinished in self.folder.glob(".part-*.tmp"):
            unfinished.unlink()
        for path in shard_paths(out):
            if path.name not in known:
                self._write(list(_entries_of_shard(path, source)), path.name)

    def _next_shard(self) -> Path:
        numbers = [int(path.stem.removeprefix("part-")) for path in self.folder.glob("part-*.parquet")]
        return self.folder / f"part-{max(numbers, default=-1) + 1:05d}.parquet"


def _lock(file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUseError(f"another process is labelling into {Path(file.name).parent}") from None


def _open(path: Path) -> IO[bytes]:
    """For reading and appending, created where it is not."""
    return path.open("a+b")


def _append(file: IO[bytes], lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())


def _cut(file: IO[bytes], size: int) -> None:
    if file.seek(0, os.SEEK_END) > size:
        file.truncate(size)
    file.seek(0, os.SEEK_END)


def _lines(file: IO[bytes]) -> Iterator[tuple[dict[str, Any], int]]:
    """The complete lines of a file with the offset of each one's end; stops at the first damaged one."""
    file.seek(0)
    end = 0
    for line in file:
        end += len(line)
        try:
            content = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        if not line.endswith(b"\n"):
            return
        yield content, end


def _line(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _LINE}


def _rejection(entry: Entry) -> dict[str, Any]:
    return {"file": entry.file, "reason": entry.verdict, "detail": entry.detail, "sha256": entry.sha256}


def _entries_of_shard(path: Path, source: Path) -> Iterator[Entry]:
    columns = read_columns(path, ("file", "sha256", "status", "certified", "cross_checked", "gap"))
    for file, sha256, status, certified, cross_checked, gap in zip(*columns.values(), strict=True):
        yield Entry(
            file,
            *stamp(source / file),
            sha256=sha256,
            verdict=status,
            certified=certified,
            cross_checked=cross_checked,
            gap=gap or 0.0,  # shards of version 1 have none
        )
