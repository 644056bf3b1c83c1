"""One process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.locking import InUse, exclusive

HOLD = (
    "import sys, pathlib\n"
    "from runtime.locking import exclusive\n"
    "with exclusive(pathlib.Path(sys.argv[1]), 'training'):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InUse, match="another process is training in"), exclusive(tmp_path, "training"):
            pass
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
        if first.stdin is not None:
            first.stdin.close()
    with exclusive(tmp_path, "training"):
        pass


def test_it_can_be_held_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), exclusive(tmp_path, "training"):
        raise KeyError
    with exclusive(tmp_path, "training"):
        pass
