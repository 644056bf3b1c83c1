"""The model registry: naming, promotion, rollback, and what must never happen."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from runtime import files
from runtime.names import (
    InvalidModelName,
    ModelNotFound,
    NothingToRollBack,
    ReadOnlyModel,
    RegistryError,
    UnusableModel,
    VersionExists,
)
from runtime.registry import Registry


def checkpoint(folder: Path, name: str, version: str, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(weights)
    card = {"name": name, "version": version, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An own registry, empty, over a base with one model in two versions."""
    for version in ("9", "10"):
        checkpoint(tmp_path / "base" / "bundled" / version, "bundled", version, version.encode())
    return Registry(tmp_path / "own", tmp_path / "base")


@pytest.fixture
def trained(tmp_path: Path) -> list[Path]:
    return [checkpoint(tmp_path / f"run{i}", "mine", str(i), bytes([i])) for i in (1, 2, 3)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".a",
        "-a",
        "A",
        "a/b",
        "a\\b",
        "../a",
        "a\n",
        "a" * 65,
        "a b",
        "ä",
        "a\0",
        "/etc",
        "a@b",
        "١",
    ],
)
def test_bad_names_are_refused_everywhere(registry: Registry, name: str) -> None:
    for ask in (registry.versions, registry.current, registry.show, registry.rollback, registry.history):
        with pytest.raises(InvalidModelName):
            ask(name)
    with pytest.raises(InvalidModelName):
        registry.show("bundled", name)
    with pytest.raises(InvalidModelName):
        registry.promote("bundled", name)


def test_bad_names_never_reach_the_disk(registry: Registry, tmp_path: Path, trained: list[Path]) -> None:
    with pytest.raises(InvalidModelName):
        registry.add(trained[0], name="../escaped")
    with pytest.raises(InvalidModelName):
        registry.add(trained[0], version="..")
    assert not (tmp_path / "escaped").exists()
    assert not registry.root.exists()


def test_the_base_is_listed_and_its_greatest_version_is_current(registry: Registry) -> None:
    assert registry.names() == ["bundled"]
    assert registry.versions("bundled") == ["9", "10"]
    entry = registry.show("bundled")
    assert (entry.version, entry.current, entry.bundled) == ("10", True, True)
    assert registry.show("bundled", "9").current is False
    assert registry.history("bundled") == []


def test_add_copies_the_checkpoint_alone_and_is_idempotent(registry: Registry, trained: list[Path]) -> None:
    (trained[0] / "state.pt").write_bytes(b"the run's state")
    entry = registry.add(trained[0])
    assert (entry.name, entry.version, entry.bundled) == ("mine", "1", False)
    assert entry.folder == registry.root / "mine" / "1"
    assert (entry.folder / "weights.safetensors").read_bytes() == b"\x01"
    assert entry.card()["version"] == "1"
    assert sorted(file.name for file in entry.folder.iterdir()) == ["card.json", "weights.safetensors"]
    assert registry.add(trained[0]).folder == entry.folder
    assert sorted(child.name for child in (registry.root / "mine").iterdir()) == [".lock", "1"]


def test_a_version_never_changes(registry: Registry, trained: list[Path], tmp_path: Path) -> None:
    registry.add(trained[0])
    with pytest.raises(VersionExists):
        registry.add(checkpoint(tmp_path / "other", "mine", "1", b"other"))
    assert (registry.root / "mine" / "1" / "weights.safetensors").read_bytes() == b"\x01"


def test_altered_weights_are_not_added(registry: Registry, trained: list[Path]) -> None:
    (trained[0] / "weights.safetensors").write_bytes(b"altered")
    with pytest.raises(UnusableModel):
        registry.add(trained[0])
    assert registry.names() == ["bundled"]


def test_promote_and_roll_back_walk_the_history(registry: Registry, trained: list[Path]) -> None:
    for folder in trained:
        registry.add(folder)
    assert registry.current("mine") == "1"
    registry.promote("mine", "3")
    registry.promote("mine", "2")
    registry.promote("mine", "2")
    assert (registry.current("mine"), registry.history("mine")) == ("2", ["1", "3"])
    assert registry.rollback("mine").version == "3"
    assert registry.rollback("mine").version == "1"
    with pytest.raises(NothingToRollBack):
        registry.rollback("mine")
    assert registry.current("mine") == "1"


def test_adding_a_version_to_a_bundled_model_does_not_make_it_current(
    registry: Registry, tmp_path: Path
) -> None:
    registry.add(checkpoint(tmp_path / "run", "bundled", "11"))
    assert registry.versions("bundled") == ["9", "10", "11"]
    assert registry.current("bundled") == "10"
    assert registry.promote("bundled", "11").bundled is False
    assert registry.rollback("bundled").bundled is True


def test_promoting_a_bundled_version_writes_only_the_own_registry(registry: Registry) -> None:
    registry.promote("bundled", "9")
    assert registry.current("bundled") == "9"
    assert (registry.root / "bundled" / "current.json").is_file()
    assert registry.base is not None
    assert sorted(path.name for path in (registry.base / "bundled").iterdir()) == ["10", "9"]


def test_promoting_what_is_not_there_changes_nothing(registry: Registry) -> None:
    with pytest.raises(ModelNotFound, match="11"):
        registry.promote("bundled", "11")
    with pytest.raises(ModelNotFound):
        registry.promote("nobody", "1")
    assert not registry.root.exists()


def test_resolve_takes_names_versions_and_folders(
    registry: Registry, trained: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry.base is not None
    assert registry.resolve("bundled") == registry.base / "bundled" / "10"
    assert registry.resolve("bundled@9") == registry.base / "bundled" / "9"
    assert registry.resolve(str(trained[1])) == trained[1]
    monkeypatch.chdir(trained[0].parent)
    assert registry.resolve("run1") == Path("run1")
    with pytest.raises(ModelNotFound, match=r"card\.json"):
        registry.resolve("base")
    with pytest.raises(ModelNotFound) as caught:
        registry.resolve("nowhere")
    assert caught.value.hint == "known models: bundled"


def test_only_ones_own_models_are_found_for_writing(
    registry: Registry, trained: list[Path], tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "base" / "bundled" / "9")
    for reference in ("bundled", "bundled@9", str(tmp_path / "base" / "bundled" / "9"), str(link)):
        with pytest.raises(ReadOnlyModel, match="ships with farkas"):
            registry.resolve_writable(reference)
    registry.add(trained[0])
    assert registry.resolve_writable("mine") == tmp_path / "own" / "mine" / "1"
    assert registry.resolve_writable(str(trained[1])) == trained[1]
    with pytest.raises(ModelNotFound):
        registry.resolve_writable("nobody")


def test_find_takes_no_path(registry: Registry, trained: list[Path]) -> None:
    with pytest.raises(InvalidModelName):
        registry.find(str(trained[0]))
    with pytest.raises(InvalidModelName):
        registry.find("bundled@")


def test_an_interrupted_promotion_leaves_the_former_one(
    registry: Registry, trained: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in trained[:2]:
        registry.add(folder)
    registry.promote("mine", "1")

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "sync", full)
    with pytest.raises(OSError, match="No space"):
        registry.promote("mine", "2")
    assert registry.current("mine") == "1"
    assert not list((registry.root / "mine").glob(".current*"))


def test_an_interrupted_copy_leaves_nothing(
    registry: Registry, trained: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        registry.add(trained[0])
    assert registry.versions("mine") == []
    assert [child.name for child in (registry.root / "mine").iterdir()] == [".lock"]


def test_leftovers_of_a_killed_copy_are_not_listed(registry: Registry, trained: list[Path]) -> None:
    registry.add(trained[0])
    checkpoint(registry.root / "mine" / ".incoming-x", "mine", "2")
    (registry.root / "mine" / "4").mkdir()
    assert registry.versions("mine") == ["1"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": "../9", "history": []}', '{"version": "9"}', "\xff"]
)
def test_a_broken_alias_is_an_error_not_a_guess(registry: Registry, content: str) -> None:
    registry.promote("bundled", "9")
    (registry.root / "bundled" / "current.json").write_text(content, encoding="latin-1")
    with pytest.raises(RegistryError, match=r"current\.json"):
        registry.show("bundled")


def test_a_broken_alias_hides_no_other_model(registry: Registry, trained: list[Path]) -> None:
    added = registry.add(trained[0])
    registry.promote("bundled", "9")
    (registry.root / "bundled" / "current.json").write_text("{")
    found = {(entry.name, entry.version): entry.current for entry in registry.entries()}
    assert found[added.name, added.version]
    assert found["bundled", "9"] is found["bundled", "10"] is False


def test_a_broken_card_is_an_error(registry: Registry, trained: list[Path]) -> None:
    entry = registry.add(trained[0])
    (entry.folder / "card.json").write_text("{")
    with pytest.raises(UnusableModel):
        entry.card()


def _promote_often(root: Path, versions: list[str]) -> None:
    registry = Registry(root)
    for version in versions:
        registry.promote("mine", version)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", str(2**63)])
def test_a_card_with_numbers_that_json_cannot_say_is_broken(
    registry: Registry, trained: list[Path], number: str
) -> None:
    entry = registry.add(trained[0])
    card = (entry.folder / "card.json").read_text()
    (entry.folder / "card.json").write_text(card.replace("{", f'{{"figure": {number},', 1))
    with pytest.raises(UnusableModel, match="no readable card"):
        entry.card()


def test_promotions_at_once_lose_nothing(registry: Registry, trained: list[Path]) -> None:
    for folder in trained:
        registry.add(folder)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_promote_often, args=(registry.root, ["1", "2"] * 5)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    walked = [*registry.history("mine"), registry.current("mine")]
    assert walked[0] == "1"
    assert all(earlier != later for earlier, later in pairwise(walked))
