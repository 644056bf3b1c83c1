"""The stream of an epoch: every training instance once, reproducible, whatever the memory."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.examples import labelled, write_labels
from training import graph_shards
from training.dataset import build_dataset
from training.graph_shards import GraphShards, prepare
from training.splitting import Role, assign, read_index
from training.stored_graphs import load_graphs, save_graphs

TINY = 1  # bytes: a shard for every chunk, a window for every shard


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("labelled")
    write_labels(root / "a", list(labelled(700, family="random-lp-infinite")))
    write_labels(root / "b", list(labelled(100, family="random-lp")))
    return [root / "a", root / "b"]


def prepared(folder: Path, data: list[Path], *, shard_bytes: int = TINY) -> GraphShards:
    index = read_index(data)
    roles = assign(index, validation=0.1, calibration=0.1, seed=0)
    return prepare(folder, data, index, roles, shard_bytes=shard_bytes)


def objectives(shards: GraphShards, seed: int, size: int = 32) -> list[list[float]]:
    """Sums of the costs of the graphs of an epoch's batches: they tell instances apart."""
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.zeros(batch.count).index_add(0, batch.variable_graph, batch.objective).tolist()
        for batch, _ in shards.batches(size, generator)
    ]


@pytest.mark.parametrize("window_bytes", [TINY, 1 << 30])
def test_an_epoch_sees_every_training_instance_once(
    folders: list[Path], tmp_path: Path, window_bytes: int
) -> None:
    shards = replace(prepared(tmp_path, folders), window_bytes=window_bytes)
    assert len(shards.manifest["shards"]["training"]) > 2
    batches = objectives(shards, 1)
    assert [len(batch) for batch in batches] == [32] * 20
    seen = Counter(value for batch in batches for value in batch)
    assert seen == Counter(value for batch in objectives(shards, 2) for value in batch)
    assert set(seen.values()) == {1}
    assert shards.count(Role.TRAINING) == len(seen) == 640


@pytest.mark.parametrize("window_bytes", [TINY, 1 << 30])
def test_the_order_is_the_generators(folders: list[Path], tmp_path: Path, window_bytes: int) -> None:
    shards = replace(prepared(tmp_path, folders), window_bytes=window_bytes)
    again = replace(prepared(tmp_path, folders), window_bytes=window_bytes)
    assert objectives(shards, 1) == objectives(again, 1)
    assert objectives(shards, 1) != objectives(shards, 2)


def test_every_shard_is_a_sample_of_all_families(folders: list[Path], tmp_path: Path) -> None:
    shards = prepared(tmp_path, folders)
    for shard in shards.manifest["shards"]["training"]:
        families = Counter(load_graphs(tmp_path / shard["file"]).family)
        assert families["random-lp"] / families.total() == pytest.approx(1 / 8, abs=0.04)


def test_batches_may_be_larger_than_windows(folders: list[Path], tmp_path: Path) -> None:
    shards = replace(prepared(tmp_path, folders), window_bytes=TINY)
    assert all(shard["graphs"] < 300 for shard in shards.manifest["shards"]["training"])
    assert [len(batch) for batch in objectives(shards, 1, size=300)] == [300, 300, 40]


def test_a_sample_takes_the_same_share_of_every_shard(folders: list[Path], tmp_path: Path) -> None:
    shards = prepared(tmp_path, folders)
    sizes = [shard["graphs"] for shard in shards.manifest["shards"]["training"]]
    parts = list(shards.sample(64))
    assert [len(part) for part in parts] == [math.ceil(size / 10) for size in sizes]
    assert {family for part in parts for family in part.family} == {"random-lp", "random-lp-infinite"}
    assert sum(len(part) for part in shards.sample(10_000)) == 640


def test_other_labels_of_the_same_instances_are_noticed(folders: list[Path], tmp_path: Path) -> None:
    items = list(labelled(60))
    data = write_labels(tmp_path / "data", items)
    prepared(tmp_path / "graphs", [data])
    stamp = (tmp_path / "graphs" / "manifest.json").stat().st_mtime_ns
    shutil.rmtree(data)
    write_labels(data, [replace(item, primal=None, dual=None) for item in items])
    prepared(tmp_path / "graphs", [data])
    assert (tmp_path / "graphs" / "manifest.json").stat().st_mtime_ns != stamp


def test_what_a_kill_leaves_of_removed_shards_is_not_used(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = prepared(tmp_path / "graphs", folders)
    with monkeypatch.context() as killed:
        killed.setattr(graph_shards.shutil, "rmtree", lambda *_, **__: None)
        shards.remove()
    (tmp_path / "graphs" / "training-00000.safetensors").unlink()
    assert sum(map(len, objectives(prepared(tmp_path / "graphs", folders), 1))) == 640
    shards.remove()
    assert not (tmp_path / "graphs").exists()


def test_held_out_instances_are_apart(folders: list[Path], tmp_path: Path) -> None:
    shards = prepared(tmp_path, folders)
    assert len(shards.whole(Role.VALIDATION)) == len(shards.whole(Role.CALIBRATION)) == 80
    held_out = shards.whole(Role.VALIDATION).graphs
    costs = torch.zeros(80).index_add(
        0, torch.repeat_interleave(torch.arange(80), held_out.columns), held_out.fields["objective"]
    )
    seen = {value for batch in objectives(shards, 1) for value in batch}
    assert not seen & set(costs.tolist())


def test_what_is_prepared_is_used_again_unless_the_data_changed(folders: list[Path], tmp_path: Path) -> None:
    first = prepared(tmp_path, folders)
    stamp = (tmp_path / "manifest.json").stat().st_mtime_ns
    prepared(tmp_path, folders)
    assert (tmp_path / "manifest.json").stat().st_mtime_ns == stamp
    fewer = prepared(tmp_path, folders[:1])
    assert fewer.manifest["instances"] != first.manifest["instances"]
    assert fewer.count(Role.TRAINING) == 560


def test_an_unfinished_preparation_is_done_again(folders: list[Path], tmp_path: Path) -> None:
    prepared(tmp_path, folders)
    (tmp_path / "manifest.json").write_text('{"farkas_gr')
    (tmp_path / "training-99999.safetensors").write_text("half a shard")
    assert prepared(tmp_path, folders).count(Role.TRAINING) == 640
    assert not (tmp_path / "training-99999.safetensors").exists()


def test_the_manifest_describes_the_data(folders: list[Path], tmp_path: Path) -> None:
    description = prepared(tmp_path, folders).manifest["description"]
    assert description["instances"] == 800
    assert sum(description["families"]["random-lp-infinite"].values()) == 700
    assert description["rows"] == [5, 5]
    assert description["nonzeros"] == [24, 24]
    assert description["ambiguous"] == {}


def test_stored_graphs_are_the_same_graphs(tmp_path: Path) -> None:
    data = build_dataset(labelled(20))
    save_graphs(tmp_path / "some.safetensors", data)
    again = load_graphs(tmp_path / "some.safetensors")
    assert list(again.family) == list(data.family)
    for name, tensor in data.graphs.fields.items():
        assert torch.equal(again.graphs.fields[name], tensor), name
    for name, tensor in vars(data.targets).items():
        assert torch.equal(getattr(again.targets, name), tensor), name
    chosen = torch.tensor([3, 17, 0])
    np.testing.assert_array_equal(again.take(chosen).own_objective, data.own_objective[chosen])
    assert torch.equal(again.take(chosen).batch(torch.tensor([1]))[0].objective,
                       data.batch(torch.tensor([17]))[0].objective)  # fmt: skip
