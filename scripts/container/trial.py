"""What a trial of the image's command needs of the system."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_NAMESPACE = ["unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child"]
_NO_PRIVILEGES = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_processes() -> list[str]:
    """The words that make the command after them process 1 of a namespace; none where that is not allowed."""
    if shutil.which(_NAMESPACE[0]) is None:
        return []
    allowed = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    return _NAMESPACE if allowed else []


def without_privileges() -> list[str]:
    """The words that bind the command after them to the files' permissions, which root need not heed."""
    return _NO_PRIVILEGES if os.geteuid() == 0 else []


def process_inside(process: int, program: str) -> int:
    """The process that a command runs in: itself, or the child of the one that made the namespace."""
    if program != _NAMESPACE[0]:
        return process
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return int(children.split()[0])


@contextmanager
def read_only(root: Path, *, but: Sequence[Path]) -> Iterator[None]:
    """Nobody may write below `root` while the block runs, except below `but`; root could all the same."""
    modes = {place: place.stat().st_mode for place in [root, *_below(root, but)]}
    try:
        for place, mode in modes.items():
            place.chmod(mode & ~0o222)
        yield
    finally:
        for place, mode in modes.items():
            place.chmod(mode)


def snapshot(root: Path, *, but: Sequence[Path]) -> set[tuple[str, int]]:
    """Every path below a folder with its time of change, except below `but`."""
    return {(str(place), place.stat().st_mtime_ns) for place in _below(root, but)}


def _below(root: Path, but: Sequence[Path]) -> Iterator[Path]:
    for place in root.rglob("*"):
        if not place.is_symlink() and place not in but and not any(it in place.parents for it in but):
            yield place
