"""Files are the old ones or the new ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from runtime.files import copy_files_atomically, replace_atomically, write_atomically


def test_written_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == b"content"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_writer_that_fails_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"former")

    def half(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        replace_atomically(target, half)
    assert target.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_copied_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a", "b", "c"):
        (source / name).write_text(name)
    copy_files_atomically(source, ("a", "b"), tmp_path / "target")
    assert sorted(file.name for file in (tmp_path / "target").iterdir()) == ["a", "b"]

    copy = shutil.copyfile

    def fail_at_second(origin: Path, goal: Path) -> None:
        if origin.name == "b":
            raise OSError(28, "No space left on device")
        copy(origin, goal)

    monkeypatch.setattr(shutil, "copyfile", fail_at_second)
    with pytest.raises(OSError, match="No space"):
        copy_files_atomically(source, ("a", "b"), tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "target"]


def test_a_full_folder_is_never_replaced(tmp_path: Path) -> None:
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    with pytest.raises(OSError, match="not empty"):
        copy_files_atomically(tmp_path / "source", ("a",), tmp_path / "target")
    assert (tmp_path / "target" / "a").read_text() == "target"
