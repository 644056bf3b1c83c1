"""What a labelled folder no longer holds is no longer in its shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphs.writers import write_instance
from tests.training.test_labels import label, number, numbers, objectives
from training.journal import Journal
from training.shards import read_labelled, shard_paths
from training.stale import OtherFolderError


def files(folder: Path) -> dict[str, float | None]:
    return {item.file: item.objective for item in read_labelled(folder)}


def test_deleted_and_replaced_files_leave_no_rows(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 4)
    label(folder)
    (folder / "001.mps").unlink()
    write_instance(number(20), folder / "003.mps")
    summary = label(folder)
    assert (summary.files, summary.resumed, summary.labelled) == (3, 2, 3)
    assert files(folder) == {"002.mps": 2.0, "003.mps": 20.0, "004.mps": 4.0}
    again = label(folder)
    assert (again.resumed, again.labelled) == (3, 3)
    assert sorted(objectives(folder)) == [2, 4, 20]


def test_a_copy_takes_the_place_of_what_is_gone(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 2)
    write_instance(number(1), folder / "copy.mps")
    assert label(folder).duplicates == 1
    (folder / "001.mps").unlink()
    summary = label(folder)
    assert (summary.labelled, summary.duplicates) == (2, 0)
    assert files(folder) == {"002.mps": 2.0, "copy.mps": 1.0}


def test_a_touched_file_is_labelled_once(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 2)
    label(folder)
    (folder / "001.mps").touch()
    summary = label(folder)
    assert (summary.resumed, summary.labelled, summary.duplicates) == (1, 2, 0)
    assert sorted(objectives(folder)) == [1, 2]


def test_all_of_a_shard_may_go(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 2)
    label(folder)
    for path in folder.glob("*.mps"):
        path.unlink()
    numbers(folder, 2, first=7)
    assert label(folder).labelled == 2
    assert files(folder) == {"007.mps": 7.0, "008.mps": 8.0}
    assert [path.name for path in shard_paths(folder)] == ["part-00000.parquet", "part-00001.parquet"]


def test_an_empty_folder_keeps_its_labels(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 2)
    label(folder)
    for path in folder.glob("*.mps"):
        path.unlink()
    label(folder)
    assert sorted(objectives(folder)) == [1, 2]


def test_labels_of_another_folder_are_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    label(numbers(tmp_path / "one", 2), out=out)
    with pytest.raises(OtherFolderError, match="--output"):
        label(numbers(tmp_path / "two", 2, first=5), out=out)
    assert sorted(objectives(out)) == [1, 2]


def test_a_run_killed_before_the_sweep_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = numbers(tmp_path / "n", 3)
    label(folder)
    (folder / "001.mps").unlink()
    (folder / "002.mps").touch()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.stale.keep_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            label(folder)
    assert sorted(objectives(folder)) == [1, 2, 3]
    with Journal(folder, folder) as journal:
        assert set(journal.entries) == {"003.mps"}
    assert label(folder).labelled == 2
    assert sorted(objectives(folder)) == [2, 3]
