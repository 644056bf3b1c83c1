"""Which files are labelled, in which order, as members of which family."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.sources import find_sources


def place(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_which_files_are_found(tmp_path: Path) -> None:
    place(tmp_path, "b.mps", "a.json", "c.txt", "d.mps.gz", "family.json", ".hidden.mps", "sub/e.json.gz")
    place(tmp_path, "labels/f.json", "sub/labels/g.mps", ".git/h.mps")
    (tmp_path / "folder.mps").mkdir()
    found = list(find_sources(tmp_path))
    assert [source.file for source in found] == ["a.json", "b.mps", "d.mps.gz", "sub/e.json.gz"]
    assert found[1].size == 1
    assert found[1].mtime_ns == (tmp_path / "b.mps").stat().st_mtime_ns


def test_a_file_that_is_not_to_be_found(tmp_path: Path) -> None:
    """A dangling link is listed, and becomes a rejection when it is read."""
    (tmp_path / "gone.mps").symlink_to(tmp_path / "nowhere")
    (source,) = find_sources(tmp_path)
    assert (source.file, source.size, source.mtime_ns) == ("gone.mps", -1, -1)


HASH = "0123456789abcdef" * 4


def test_parents_of_perturbed_copies(tmp_path: Path) -> None:
    """Only where the nearest note says so, and only by a whole content hash and a number."""
    names = [f"{HASH}-0.mps", f"{HASH}-17.mps.gz", f"{HASH}.mps", f"{HASH[1:]}-1.mps", f"{HASH}-x.json"]
    place(tmp_path, *(f"copies/0000/{name}" for name in names), *(f"plain/{name}" for name in names))
    place(tmp_path, f"copies/own/{HASH}-3.mps", f"copies/deaf/{HASH}-3.mps")
    (tmp_path / "copies" / "family.json").write_text('{"family": "set-cover", "perturbed": true}')
    (tmp_path / "copies" / "own" / "family.json").write_text('{"family": "other"}')
    (tmp_path / "copies" / "deaf" / "family.json").write_text('{"perturbed": "true"}')
    found = {source.file: source for source in find_sources(tmp_path)}
    assert {file for file, source in found.items() if source.parent} == {
        f"copies/0000/{HASH}-0.mps",
        f"copies/0000/{HASH}-17.mps.gz",
    }
    assert found[f"copies/0000/{HASH}-17.mps.gz"].parent == HASH
    assert found[f"copies/0000/{HASH}-17.mps.gz"].family == "set-cover"
    assert found[f"copies/own/{HASH}-3.mps"].family == "other"


def test_a_note_of_perturbations_need_not_name_the_family(tmp_path: Path) -> None:
    place(tmp_path, f"copies/{HASH}-0.mps")
    (tmp_path / "copies" / "family.json").write_text('{"perturbed": true}')
    (source,) = find_sources(tmp_path)
    assert (source.family, source.parent) == ("copies", HASH)


def test_families(tmp_path: Path) -> None:
    """The nearest note decides, up to the root and no further; a note that names none is no note."""
    root = tmp_path / "data"
    place(root, "noted/deep/a.mps", "plain/b.mps", "broken/c.mps", "odd/d.mps", "e.mps")
    (tmp_path / "family.json").write_text('{"family": "outside"}')
    (root / "noted" / "family.json").write_text('{"family": "set-cover", "seed": 1}')
    (root / "broken" / "family.json").write_text("{")
    (root / "odd" / "family.json").write_text('["family"]')
    assert {source.file: source.family for source in find_sources(root)} == {
        "broken/c.mps": "broken",
        "e.mps": "data",
        "noted/deep/a.mps": "set-cover",
        "odd/d.mps": "odd",
        "plain/b.mps": "plain",
    }


def test_notes_and_names_that_are_not_utf_8(tmp_path: Path) -> None:
    place(tmp_path, "noted/a.mps")
    (tmp_path / "noted" / "family.json").write_bytes(b'{"family": "\xff"}')
    folder = tmp_path / os.fsdecode(b"odd\xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    (folder / os.fsdecode(b"\xe9.mps")).write_text("four")
    noted, odd = find_sources(tmp_path)
    assert noted.family == "noted"
    assert (odd.file, odd.family, odd.size) == ("odd\\xff/\\xe9.mps", "odd\\xff", 4)
