"""Where networks run."""

from __future__ import annotations

import torch


class DeviceNotAvailable(ValueError):
    """The device asked for is not there."""


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or `auto` for cuda where there is one.

    Raises:
        DeviceNotAvailable: cuda was asked for and there is none, or the name is none of the three.
    """
    if name not in ("cpu", "cuda", "auto"):
        raise DeviceNotAvailable(f"there is no device {name!r}: use cpu, cuda or auto")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise DeviceNotAvailable("this machine, or this build of torch, has no cuda device: use cpu or auto")
    return torch.device("cuda" if name != "cpu" and available else "cpu")
