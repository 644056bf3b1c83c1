"""Which files are labelled, in which order, as members of which family."""

from __future__ import annotations

from pathlib import Path

from training.sources import family_of, find_sources


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
    assert family_of(root, root) == "data"
