"""Few labelled instances become many before training: perturbed copies, kept beside the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from training.config import TrainingConfig
from training.perturbing import PerturbationSettings, perturb_folders

COPIES: Final = "perturbed"
"""The folder of the copies below that of the run."""


def with_copies(
    data: Sequence[Path],
    run: Path,
    config: TrainingConfig,
    *,
    wanted: int,
    seed: int,
    workers: int,
    say: Callable[[str], None],
) -> list[Path]:
    """The folders to train on: those given and, where they hold fewer than `wanted` instances, the copies'.

    Copies are in the part, trained on or held out, of the instance that they were made from: the split is
    that of `training.training` with the same configuration and seed.

    Args:
        say: told, in a sentence, what was made.

    Raises:
        ValueError: as `training.perturbing.perturb_folders`.
    """
    settings = PerturbationSettings(
        wanted=wanted,
        seed=seed,
        validation=config.validation_share,
        calibration=config.calibration_share,
        workers=workers,
    )
    made = perturb_folders(data, run / COPIES, settings)
    if made is None:
        return list(data)
    say(str(made))
    return [*data, run / COPIES]
