"""Devices by name."""

from __future__ import annotations

import pytest
import torch

from graphs.device import DeviceNotAvailable, choose_device


def test_cpu_and_auto() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_missing_device_is_named() -> None:
    if torch.cuda.is_available():
        assert choose_device("cuda").type == "cuda"
        return
    with pytest.raises(DeviceNotAvailable, match="no cuda device"):
        choose_device("cuda")
