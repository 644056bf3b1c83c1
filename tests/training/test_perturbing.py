"""Few labelled instances become many files, and their labels one more folder to train on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphs.readers import read_file
from graphs.writers import write_instance
from tests.training.examples import labelled
from training import splitting
from training.families import FAMILIES, generate
from training.labels import label_folder
from training.perturbed_files import (
    Made,
    PerturbationSettings,
    PerturbedFiles,
    copies_of_each,
    originals_of,
)
from training.perturbing import perturb_folders
from training.recombination import same_structure
from training.shards import Row, read_labelled, row_of, write_shard
from training.splitting import Role, assign, read_index

SETTINGS = PerturbationSettings(wanted=45, seed=5, workers=1, cross_check_share=0.0)


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "HELD_OUT_AT_LEAST", 3)


def rows(count: int, family: str = "odd/../family") -> Iterator[Row]:
    for item in labelled(count):
        label = replace(item, seconds=0.01)
        yield row_of(item.instance, label, file=item.file, family=family)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Fifteen labelled instances, one of them twice and one a copy already."""
    folder = tmp_path / "data"
    (folder / "labels").mkdir(parents=True)
    made = list(rows(16))
    copy = {**made[15], "parent": made[0]["sha256"]}
    write_shard(folder / "labels" / "part-00000.parquet", [*made[:15], made[3], copy])
    return folder


def written(target: Path) -> dict[str, bytes]:
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*.mps.gz")}


def write(data: Path, target: Path, settings: PerturbationSettings = SETTINGS) -> list[Made]:
    files = PerturbedFiles([data], target, settings, read_index([data]))
    files.write_notes()
    return list(files.write())


def test_how_many_copies() -> None:
    assert [copies_of_each(50, wanted) for wanted in (0, 50, 51, 100, 101, 2000)] == [0, 0, 1, 1, 2, 39]
    assert copies_of_each(0, 2000) == 0


@pytest.mark.parametrize("wanted", [0, 15])
def test_enough_is_enough(data: Path, tmp_path: Path, wanted: int) -> None:
    assert np.count_nonzero(originals_of(read_index([data]))) == 15
    target = tmp_path / "more"
    assert perturb_folders([data], target, replace(SETTINGS, wanted=wanted), progress=False) is None
    assert not target.exists()


def test_too_few_to_hold_any_out(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "HELD_OUT_AT_LEAST", 10)
    with pytest.raises(ValueError, match="too few"):
        perturb_folders([data], tmp_path / "more", SETTINGS, progress=False)
    assert not (tmp_path / "more").exists()


def test_files_and_their_note(data: Path, tmp_path: Path) -> None:
    made = write(data, tmp_path / "more")
    assert made.count(Made.WRITTEN) == len(written(tmp_path / "more")) == 30
    (folder,) = (tmp_path / "more").iterdir()
    note = json.loads((folder / "family.json").read_text())
    assert (note["family"], note["perturbed"]) == ("odd/../family", True)
    originals = {item.sha256: item.instance for item in read_labelled(data) if not item.parent}
    assert {path.name for path in folder.glob("*.mps.gz")} == {
        f"{sha256}-{k}.mps.gz" for sha256 in originals for k in range(2)
    }
    for sha256, original in originals.items():
        assert same_structure(read_file(folder / f"{sha256}-1.mps.gz"), original)


def test_a_run_that_was_stopped_is_finished_with_the_same_bytes(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "more"
    write(data, target)
    whole = written(target)
    for name in sorted(whole)[::2]:
        (target / name).unlink()
    made = write(data, target)
    assert (made.count(Made.WRITTEN), made.count(Made.KEPT)) == (15, 15)
    assert written(target) == whole


@pytest.mark.parametrize("wanted", [60, 20])
def test_another_number_of_copies_wants_another_folder(data: Path, tmp_path: Path, wanted: int) -> None:
    """A run that was trained on some copies must find those and no others."""
    target = tmp_path / "more"
    write(data, target)
    before = written(target)
    with pytest.raises(ValueError, match="in another number"):
        write(data, target, replace(SETTINGS, wanted=wanted))
    assert written(target) == before


def test_another_seed_or_other_data_want_another_folder(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "more"
    write(data, target)
    before = written(target)
    with pytest.raises(ValueError, match="other data, or in another number or with another seed"):
        write(data, target, replace(SETTINGS, seed=6))
    write_shard(data / "labels" / "part-00001.parquet", list(rows(18))[16:])
    with pytest.raises(ValueError, match="other data, or in another number or with another seed"):
        write(data, target)
    assert written(target) == before
    write(data, tmp_path / "other", replace(SETTINGS, seed=6))
    assert written(tmp_path / "other").keys() >= before.keys()
    assert not set(written(tmp_path / "other").values()) & set(before.values())


def test_a_copy_that_is_the_original_is_left_out(tmp_path: Path) -> None:
    """An instance of structure alone: nothing can change."""
    (folder := tmp_path / "data" / "labels").mkdir(parents=True)
    same = []
    for item in labelled(12):
        given = item.instance
        instance = replace(
            given,
            objective_vector=np.zeros(given.columns),
            constraint_lower_bound=np.zeros(given.rows),
            constraint_upper_bound=np.zeros(given.rows),
            variable_lower_bound=np.zeros(given.columns),
            variable_upper_bound=np.ones(given.columns),
        )
        same.append(row_of(instance, item, file=item.file, family="same"))
    write_shard(folder / "part-00000.parquet", same)
    assert set(write(tmp_path / "data", tmp_path / "more")) == {Made.LEFT_OUT}


def test_how_long_a_copy_may_take(data: Path, tmp_path: Path) -> None:
    def limit(**changed: float) -> float:
        row = {**next(rows(1)), **changed}
        write_shard(data / "labels" / "part-00001.parquet", [{**row, "sha256": "ab" * 32}])
        return PerturbedFiles([data], tmp_path, SETTINGS, read_index([data])).time_limit

    assert limit(seconds=0.01) == 5.0
    assert limit(seconds=2.0) == 40.0
    write_shard(data / "labels" / "part-00000.parquet", [{**row, "time_limit": 30.0} for row in rows(15)])
    assert limit(seconds=2.0, time_limit=30.0) == 30.0


def test_blocks_are_taken_only_within_a_role(tmp_path: Path) -> None:
    """Plans of one structure: every copy's coefficients are those of an original with its parent's role."""
    (folder := tmp_path / "data" / "labels").mkdir(parents=True)
    size = {"products": 2, "periods": 3, "resources": 1}
    plans = list(generate(FAMILIES["production-plan"], 15, seed=1, size=size))
    label = next(labelled(1))
    vectors = dict.fromkeys(("primal", "dual", "farkas_ray", "unbounded_ray"))
    write_shard(
        folder / "part-00000.parquet",
        [{**row_of(plan, label, file=f"{k}.mps", family="plan"), **vectors} for k, plan in enumerate(plans)],
    )
    index = read_index([tmp_path / "data"])
    roles = assign(index, validation=0.05, calibration=0.05, seed=SETTINGS.seed)
    role_of = {plan.sha256: role for plan, role in zip(plans, roles, strict=True)}
    role_of_data = {plan.constraint_matrix.data.tobytes(): role_of[plan.sha256] for plan in plans}
    write(tmp_path / "data", tmp_path / "more", replace(SETTINGS, wanted=150))
    taken = 0
    for path in (tmp_path / "more").rglob("*.mps.gz"):
        parent, data = path.name[:64], read_file(path).constraint_matrix.data.tobytes()
        assert role_of_data[data] == role_of[parent]
        taken += next(p for p in plans if p.sha256 == parent).constraint_matrix.data.tobytes() != data
    assert taken > 20


def test_from_files_to_one_more_folder_to_train_on(tmp_path: Path) -> None:
    folder, target = tmp_path / "mine", tmp_path / "more"
    folder.mkdir()
    size = {"rows": 5, "columns": 12, "nonzeros": 24}
    for instance in generate(FAMILIES["random-lp-infinite"], 15, seed=3, size=size):
        write_instance(instance, folder / f"{instance.name}.mps")
    label_folder(folder, workers=1, time_limit=10.0, progress=False)
    summary = perturb_folders([folder], target, SETTINGS, progress=False)
    assert summary is not None
    assert (summary.originals, summary.copies, summary.made, summary.kept) == (15, 2, 30, 0)
    assert summary.labelled + summary.duplicates + summary.rejected == 30
    assert summary.labelled >= 25
    assert sum(summary.statuses.values()) == summary.labelled
    assert "15 instances" in str(summary)
    assert "2 perturbed copies of each" in str(summary)
    own = {item.sha256 for item in read_labelled(folder)}
    found = list(read_labelled(target))
    assert {item.parent for item in found} == own
    assert {item.family for item in found} == {"mine"}

    index = read_index([folder, target])
    roles = assign(index, validation=0.05, calibration=0.05, seed=SETTINGS.seed)
    by_group: dict[int, set[int]] = {}
    for group, role in zip(index.groups.tolist(), roles.tolist(), strict=True):
        by_group.setdefault(group, set()).add(role)
    assert len(by_group) == 15
    assert all(len(parts - {Role.DUPLICATE}) == 1 for parts in by_group.values())
    alone = assign(read_index([folder]), validation=0.05, calibration=0.05, seed=SETTINGS.seed)
    assert roles[:15].tolist() == alone.tolist()

    again = perturb_folders([folder], target, SETTINGS, progress=False)
    assert again is not None
    assert (again.made, again.kept, again.labelled) == (0, 30, summary.labelled)
