"""SIGTERM while the server starts is not lost, whoever the process is."""

from __future__ import annotations

import signal

import pytest

from service.http.server import ending_when_asked


def test_it_ends_the_block_well_and_leaves_no_trace() -> None:
    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stop, ending_when_asked():
        signal.raise_signal(signal.SIGTERM)
    assert stop.value.code == 0
    assert signal.getsignal(signal.SIGTERM) is former
