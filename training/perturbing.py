"""More training instances from few: perturbed copies of labelled originals, labelled by the exact solvers.

    target/<family>/family.json                             {"family": ..., "perturbed": true, ...}
    target/<family>/<hash of the original>-<k>.mps.gz       k = 0, 1, ...
    target/labels/                                          one more data folder to train on

Copy k of an original depends on (seed, hash of the original, k) and its siblings alone, and files that are
there are kept: a run that was stopped goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.progress import progress_bar
from training.labels import label_folder
from training.perturbed_files import Made, PerturbationSettings, PerturbedFiles, copies_of_each, originals_of
from training.splitting import read_index

__all__ = ["PerturbationSettings", "PerturbationSummary", "perturb_folders"]


@dataclass(frozen=True)
class PerturbationSummary:
    """What was made, earlier runs included.

    Attributes:
        originals: distinct labelled instances that are no copies.
        copies: perturbed copies made of each.
        made: files that this run wrote.
        kept: files that were there.
        left_out: copies that would have been the original itself, or that no file can hold.
        labelled, duplicates, rejected: what became of the files.
        statuses: labels by status.
    """

    originals: int
    copies: int
    made: int
    kept: int
    left_out: int
    labelled: int
    duplicates: int
    rejected: int
    statuses: Mapping[str, int]

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} {status}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.originals} instances are few: {self.copies} perturbed copies of each added, "
            f"{self.labelled} labelled ({statuses}), {self.duplicates} duplicates, "
            f"{self.left_out + self.rejected} left out"
        )


def perturb_folders(
    data: Sequence[Path], target: Path, settings: PerturbationSettings, *, progress: bool = True
) -> PerturbationSummary | None:
    """Make and label, in `target`, perturbed copies of the originals in labelled folders.

    Args:
        progress: show bars on standard error.

    Returns:
        None, with nothing written, where there are enough originals or none is wanted.

    Raises:
        ValueError: a folder holds no labels, there are too few originals to hold any out, or `target` holds
            copies of other data, or with another seed or shares.
        FolderInUseError: another process is labelling into `target`.
    """
    index = read_index(data)
    if not copies_of_each(int(np.count_nonzero(originals_of(index))), settings.wanted):
        return None
    files = PerturbedFiles(data, target, settings, index)
    files.write_notes()
    became: Counter[Made] = Counter()
    with progress_bar("perturbing", files.originals * files.copies, unit="files", shown=progress) as bar:
        for made in files.write():
            became[made] += 1
            bar.advance()
    labels = label_folder(
        target,
        workers=settings.workers,
        time_limit=files.time_limit if settings.time_limit is None else settings.time_limit,
        cross_check_share=settings.cross_check_share,
        progress=progress,
    )
    return PerturbationSummary(
        originals=files.originals,
        copies=files.copies,
        made=became[Made.WRITTEN],
        kept=became[Made.KEPT],
        left_out=became[Made.LEFT_OUT],
        labelled=labels.labelled,
        duplicates=labels.duplicates,
        rejected=labels.rejected,
        statuses=labels.statuses,
    )
