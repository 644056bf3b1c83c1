"""Exact solves → labelled instances: a folder of files becomes shards to train on.

    LP     HiGHS solves, SCIP checks a sample      MILP   SCIP solves, HiGHS checks a sample

Each label is rechecked by our own certificate; what it does not confirm is left out and listed in
`labels/rejected.jsonl`. A MILP whose solver hit its limit is labelled where the gap is small enough. Files
are read and solved in killable children. The work can be interrupted at any moment and continues where it
stopped (`training.journal`); an instance that is there twice, by content hash, is labelled once; labels of
files that have gone or changed are dropped (`training.stale`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from runtime.isolation import Pool, Result, TaskCrashed, TaskFailure, TaskTimeout
from runtime.progress import progress_bar
from training.journal import Entry, Journal, Outcome
from training.label import is_exact
from training.labelling import ACCEPTED_GAP, MIP_GAP, Labeller, Reason, Rejection, label_source
from training.shards import Row
from training.sources import Source, find_sources
from training.stale import drop_stale

_SHARD_ROWS: Final = 8192
_SHARD_BYTES: Final = 64 << 20
_COMMIT_SECONDS: Final = 60.0
_MEMORY_LIMIT: Final = 8 << 30


@dataclass(frozen=True)
class LabelSummary:
    """What became of a folder, earlier runs included.

    Attributes:
        files: files found.
        resumed: of them, those that an earlier run had dealt with.
        labelled, duplicates, rejected: what became of the files.
        certified, cross_checked: labels proved by a certificate, and agreed by a second solver.
        within_gap: labels whose objective is the optimum only up to a gap (not `Label.is_exact`).
        statuses: labels by status.
        reasons: rejections by reason.
        seconds: wall clock time of this run.
        folder: where the shards are.
    """

    files: int
    resumed: int
    labelled: int
    duplicates: int
    rejected: int
    certified: int
    cross_checked: int
    within_gap: int
    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: float
    folder: Path


def label_folder(
    folder: Path,
    *,
    out: Path | None = None,
    workers: int,
    time_limit: float,
    cross_check_share: float = 0.02,
    seed: int = 0,
    mip_gap: float = MIP_GAP,
    accepted_gap: float = ACCEPTED_GAP,
    retry_rejected: bool = False,
    memory_limit: int | None = _MEMORY_LIMIT,
    progress: bool = True,
) -> LabelSummary:
    """Labels every .mps and .json file (.gz too) below a folder; see the module docstring.

    Args:
        folder: searched recursively, in sorted order.
        out: where `labels/` is kept; the folder itself by default.
        workers: children that read and solve.
        time_limit: seconds a solver may take for an instance.
        cross_check_share: share of instances a second solver checks, chosen by content hash and seed.
        seed: of that choice.
        mip_gap: relative gap at which a solver may call a MILP solved.
        accepted_gap: largest gap at which a MILP is labelled whose solver stopped at a limit.
        retry_rejected: try files again that an earlier run rejected, with a longer time limit perhaps.
        memory_limit: bytes of address space a child may map; what needs more is rejected.
        progress: show a bar with rate and time left on standard error.

    Raises:
        FileNotFoundError: there is no such folder.
        FolderInUseError: another process is labelling into the same folder.
        OtherFolderError: `out` holds the labels of another folder's files.
    """
    labeller = Labeller(time_limit, cross_check_share, seed, mip_gap, accepted_gap)
    return label_with(
        labeller,
        folder,
        out=out,
        workers=workers,
        memory_limit=memory_limit,
        retry_rejected=retry_rejected,
        progress=progress,
    )


def label_with(
    labeller: Labeller,
    folder: Path,
    *,
    out: Path | None = None,
    workers: int,
    kill_after: float | None = None,
    memory_limit: int | None = None,
    retry_rejected: bool = False,
    progress: bool = False,
) -> LabelSummary:
    """`label_folder` with a labeller of one's own.

    Args:
        kill_after: seconds after which the child at work on a file is killed; 5 · time limit + 30 by default.
        memory_limit: bytes of address space a child may map; see `runtime.isolation.Pool`.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    started = time.monotonic()
    limit = 5 * labeller.time_limit + 30 if kill_after is None else kill_after
    with Journal(out or folder, folder) as journal, Pool(workers, memory_limit=memory_limit) as pool:
        found = list(find_sources(folder))
        drop_stale(journal, found, elsewhere=out is not None and out.resolve() != folder.resolve())
        work = [item for item in found if not _is_done(item, journal, retry_rejected)]
        results = pool.map(partial(label_source, labeller, folder), work, limit=limit, ordered=True)
        bar = progress_bar("labelling", len(work), unit="files", shown=progress)
        with closing(_Batch(journal)) as batch, bar as shown:
            for item, result in zip(work, results, strict=True):
                batch.add(item, result)
                shown.advance()
        return _summarise(journal, found, len(found) - len(work), time.monotonic() - started)


def _is_done(work: Source, journal: Journal, retry_rejected: bool) -> bool:
    if not journal.knows(work.file, work.size, work.mtime_ns):
        return False
    return not (retry_rejected and journal.entries[work.file].outcome is Outcome.REJECTED)


class _Batch:
    """Collects results until they are worth a commit."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._clear()

    def add(self, work: Source, result: Result[Row | Rejection]) -> None:
        value = result.value if result.failure is None else _rejection(result.failure)
        assert value is not None
        if isinstance(value, Rejection):
            self._entries.append(_rejected(work, value))
        else:
            self._add_row(work, value)
        overdue = time.monotonic() - self._since > _COMMIT_SECONDS
        if overdue or len(self._rows) >= _SHARD_ROWS or self._bytes >= _SHARD_BYTES:
            self.close()

    def close(self) -> None:
        """Commits what there is; what an interrupted commit leaves, the next opening of the journal mends."""
        rows, entries = self._rows, self._entries
        self._clear()
        if entries:
            self._journal.commit(rows, entries)

    def _add_row(self, work: Source, row: Row) -> None:
        sha256 = row["sha256"]
        if sha256 in self._journal.hashes or sha256 in self._hashes:
            self._entries.append(_entry(work, Outcome.DUPLICATE, sha256=sha256))
            return
        self._hashes.add(sha256)
        self._rows.append(row)
        self._bytes += sum(value.nbytes for value in row.values() if isinstance(value, np.ndarray))
        entry = _entry(
            work,
            Outcome.LABELLED,
            sha256=sha256,
            verdict=row["status"],
            certified=row["certified"],
            cross_checked=row["cross_checked"],
            gap=row["gap"],
        )
        self._entries.append(entry)

    def _clear(self) -> None:
        self._rows: list[Row] = []
        self._entries: list[Entry] = []
        self._hashes: set[str] = set()
        self._bytes = 0
        self._since = time.monotonic()


def _rejection(failure: TaskFailure) -> Rejection:
    match failure:
        case TaskTimeout():
            return Rejection(Reason.TIMEOUT, str(failure))
        case TaskCrashed():
            return Rejection(Reason.CRASHED, f"{failure}. {failure.output}".strip())
    return Rejection(Reason.FAILED, str(failure))


def _rejected(work: Source, rejection: Rejection) -> Entry:
    return _entry(
        work,
        Outcome.REJECTED,
        sha256=rejection.sha256,
        verdict=rejection.reason.value,
        detail=rejection.detail,
    )


def _entry(
    work: Source,
    outcome: Outcome,
    *,
    sha256: str | None,
    verdict: str = "",
    detail: str = "",
    certified: bool = False,
    cross_checked: bool = False,
    gap: float = 0.0,
) -> Entry:
    return Entry(
        work.file, work.size, work.mtime_ns, outcome, sha256, verdict, detail, certified, cross_checked, gap
    )


def _summarise(journal: Journal, found: list[Source], resumed: int, seconds: float) -> LabelSummary:
    entries = [journal.entries[work.file] for work in found]
    outcomes = Counter(entry.outcome for entry in entries)
    labelled = [entry for entry in entries if entry.outcome is Outcome.LABELLED]
    return LabelSummary(
        files=len(found),
        resumed=resumed,
        labelled=len(labelled),
        duplicates=outcomes[Outcome.DUPLICATE],
        rejected=outcomes[Outcome.REJECTED],
        certified=sum(entry.certified for entry in labelled),
        cross_checked=sum(entry.cross_checked for entry in labelled),
        within_gap=sum(not is_exact(entry.gap, certified=entry.certified) for entry in labelled),
        statuses=Counter(entry.verdict for entry in labelled),
        reasons=Counter(entry.verdict for entry in entries if entry.outcome is Outcome.REJECTED),
        seconds=seconds,
        folder=journal.folder,
    )
