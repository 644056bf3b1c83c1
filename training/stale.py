"""Labels of files that have gone or changed are dropped: the shards hold what the folder holds.

First the journal forgets those files, then every shard is swept of the rows that the journal does not know.
A run that is killed between the two is mended by the sweep of the next. The copies of a dropped instance are
forgotten with it, so that one of them is labelled in its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.journal import Entry, Journal, Outcome
from training.shards import keep_rows, shard_paths
from training.sources import Source


class OtherFolderError(RuntimeError):
    """The labels are those of another folder's files."""


def drop_stale(journal: Journal, found: Sequence[Source], *, elsewhere: bool) -> None:
    """Forget what is not, or no longer, among the files of the folder.

    Where no file is found at all, everything is kept: an empty folder may be one that is not mounted.

    Args:
        found: the folder's files as they are now.
        elsewhere: the labels are kept in a folder of their own, which may be another's by mistake.

    Raises:
        OtherFolderError: `elsewhere`, and no labelled file is among those found.
    """
    if not found:
        return
    stamps = {item.file: (item.size, item.mtime_ns) for item in found}
    labelled = _of(journal, Outcome.LABELLED)
    if elsewhere and labelled and not any(entry.file in stamps for entry in labelled):
        raise OtherFolderError(
            f"{journal.folder} holds the labels of another folder's files: choose another --output"
        )
    stale = [entry for entry in labelled if stamps.get(entry.file) != (entry.size, entry.mtime_ns)]
    hashes = {entry.sha256 for entry in stale}
    copies = [entry for entry in _of(journal, Outcome.DUPLICATE) if entry.sha256 in hashes]
    journal.forget([*stale, *copies])
    _sweep(journal)


def _sweep(journal: Journal) -> None:
    known = {(entry.file, entry.sha256) for entry in _of(journal, Outcome.LABELLED)}
    for path in shard_paths(journal.folder.parent):
        keep_rows(path, lambda file, sha256: (file, sha256) in known)


def _of(journal: Journal, outcome: Outcome) -> list[Entry]:
    return [entry for entry in journal.entries.values() if entry.outcome is outcome]
