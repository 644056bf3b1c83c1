"""From a model's name to a network in memory."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from graphs.device import DeviceNotAvailable
from graphs.predictor import Predictor
from runtime.checkpoints import CheckpointError
from runtime.memory import keep_freed_memory
from runtime.names import UnusableModel
from service.settings import Settings

_LOG = logging.getLogger("farkas")


def load_predictor(folder: Path, settings: Settings) -> Predictor:
    """The checkpoint in `folder`, on the device and with the threads that the settings say.

    Raises:
        UnusableModel: it is damaged, or this version cannot run it, or there is no such device.
    """
    use_threads(settings.threads)
    try:
        return Predictor.load(folder, device=settings.device)
    except (CheckpointError, DeviceNotAvailable) as error:
        raise UnusableModel(str(error)) from error
    except (KeyError, TypeError, ValueError, RuntimeError, AssertionError) as error:
        _LOG.error("cannot load %s", folder, exc_info=error)
        raise UnusableModel(
            f"the checkpoint {folder.name!r} cannot be run",
            hint="it may be of another version of farkas",
        ) from error


def use_threads(number: int) -> None:
    """How many CPU threads the network may use when it runs in the calling thread."""
    torch.set_num_threads(number)
    keep_freed_memory()
