"""The hash of somebody's data: of its content and names, not of where it lies."""

from __future__ import annotations

from pathlib import Path

from training.implicit.data_hash import content_hash


def folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_is_of_names_and_contents(tmp_path: Path) -> None:
    files = {"a.npy": b"1", "deep/b.npy": b"2"}
    here, there = folder(tmp_path / "here", files), folder(tmp_path / "there", files)
    assert content_hash(here) == content_hash(there)
    renamed = folder(tmp_path / "renamed", {"a.npy": b"1", "deep/c.npy": b"2"})
    changed = folder(tmp_path / "changed", {"a.npy": b"1", "deep/b.npy": b"3"})
    assert len({content_hash(root) for root in (here, renamed, changed)}) == 3


def test_a_file_s_is_that_of_its_bytes(tmp_path: Path) -> None:
    folder(tmp_path, {"a": b"1", "b": b"1", "c": b"2"})
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b") != content_hash(tmp_path / "c")
