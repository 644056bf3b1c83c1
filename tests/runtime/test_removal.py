"""Versions are removed whole, and only those that may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.checkpoints import save
from runtime.names import InvalidModelName, ModelNotFound, ReadOnlyModel, RegistryError
from runtime.registry import Registry
from runtime.removal import remove_version


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """`mine` with the versions 1 to 3, 2 current; bundled `base` 1, and 2 of one's own."""
    for top, name, version in (
        ("own", "mine", "1"),
        ("own", "mine", "2"),
        ("own", "mine", "3"),
        ("own", "base", "2"),
        ("bundled", "base", "1"),
    ):
        save(tmp_path / top / name / version, {}, {"name": name, "version": version})
    made = Registry(tmp_path / "own", tmp_path / "bundled")
    made.promote("mine", "2")
    made.promote("base", "1")
    return made


def test_a_version_goes_and_leaves_nothing(registry: Registry) -> None:
    assert registry.history("mine") == ["3"]
    remove_version(registry, "mine", "3")
    assert registry.versions("mine") == ["1", "2"]
    assert registry.current("mine") == "2"
    assert registry.history("mine") == []
    assert {path.name for path in (registry.root / "mine").iterdir()} == {"1", "2", "current.json", ".lock"}
    with pytest.raises(ModelNotFound):
        remove_version(registry, "mine", "3")


def test_the_current_one_goes_last(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="bare name"):
        remove_version(registry, "mine", "2")
    for version in ("1", "3", "2"):
        remove_version(registry, "mine", version)
    assert "mine" not in registry.names()


def test_what_is_bundled_stays(registry: Registry) -> None:
    with pytest.raises(ReadOnlyModel):
        remove_version(registry, "base", "1")
    remove_version(registry, "base", "2")
    assert registry.current("base") == "1"
    with pytest.raises(ReadOnlyModel):
        remove_version(registry, "base", "1")


@pytest.mark.parametrize("name", ["nobody", "../own", ""])
def test_names_that_are_nobodys_leave_no_trace(registry: Registry, name: str) -> None:
    before = sorted(registry.root.rglob("*"))
    with pytest.raises((ModelNotFound, InvalidModelName)):
        remove_version(registry, name, "1")
    assert sorted(registry.root.rglob("*")) == before
