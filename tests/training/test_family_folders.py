"""Families become folders, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.family_folders import folder_name
from training.sources import find_sources


def test_a_safe_name_stays() -> None:
    assert folder_name("set-cover") == "set-cover"


@pytest.mark.parametrize(
    "name", ["../../etc", "/", "", ".hidden", "labels", "Über 7: a/b\\c", "\udcff", "x" * 300]
)
def test_any_other_becomes_one_plain_folder_that_is_searched(name: str, tmp_path: Path) -> None:
    folder = tmp_path / folder_name(name)
    assert folder.parent == tmp_path
    assert folder.resolve() == folder.absolute()
    folder.mkdir()
    (folder / "a.mps").touch()
    assert len(list(find_sources(tmp_path))) == 1


def test_names_that_look_alike_have_folders_of_their_own() -> None:
    names = ["a b", "a-b", "A b", "a/b", "A-B", "labels", "Labels"]
    assert len({folder_name(name).lower() for name in names}) == len(names)
