"""A split that instances do not cross, decided from hashes alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.training.examples import labelled, write_labels
from training.splitting import HELD_OUT_AT_LEAST, Index, Role, assign, hash_of, read_index


def sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def index_of(own: Sequence[int], parents: Sequence[int | None] | None = None) -> Index:
    words = [np.frombuffer(bytes.fromhex(sha(k)), dtype=">u8").astype(np.uint64) for k in own]
    digests = np.stack(words)
    parents = parents or [None] * len(own)
    groups = [
        int(sha(parent)[:16], 16) if parent is not None else int(digest[0])
        for digest, parent in zip(digests, parents, strict=True)
    ]
    is_child = np.array([parent is not None for parent in parents])
    return Index(digests, np.array(groups, dtype=np.uint64), is_child, [len(own)])


def counts(roles: np.ndarray) -> list[int]:
    return [int((roles == role).sum()) for role in (Role.TRAINING, Role.VALIDATION, Role.CALIBRATION)]


def test_shares_are_kept_and_the_order_does_not_matter() -> None:
    numbers = list(range(120))
    roles = assign(index_of(numbers), validation=0.1, calibration=0.2, seed=1)
    assert counts(roles) == [84, 12, 24]
    backwards = assign(index_of(numbers[::-1]), validation=0.1, calibration=0.2, seed=1)
    assert backwards[::-1].tolist() == roles.tolist()
    other = assign(index_of(numbers), validation=0.1, calibration=0.2, seed=2)
    assert counts(other) == counts(roles)
    assert other.tolist() != roles.tolist()


def test_few_instances_hold_out_enough_or_are_refused() -> None:
    roles = assign(index_of(range(30)), validation=0.05, calibration=0.05, seed=0)
    assert counts(roles) == [10, HELD_OUT_AT_LEAST, HELD_OUT_AT_LEAST]
    with pytest.raises(ValueError, match="too few"):
        assign(index_of(range(29)), validation=0.05, calibration=0.05, seed=0)


def test_perturbed_instances_stay_with_the_one_they_came_from() -> None:
    own, parents = list(range(40)), [None] * 40
    children = list(range(100, 300))
    of = [k % 40 for k in children]
    roles = assign(index_of(own + children, parents + of), validation=0.3, calibration=0.3, seed=0)
    assert roles[40:].tolist() == [roles[k] for k in of]
    assert counts(roles[:40]) == [16, 12, 12]


def test_copies_count_once() -> None:
    index = index_of([*range(40), 3, 3])
    roles = assign(index, validation=0.3, calibration=0.3, seed=0)
    assert roles[40:].tolist() == [Role.DUPLICATE, Role.DUPLICATE]
    assert Role.DUPLICATE not in roles[:40]


def test_the_hash_of_instances_ignores_their_order() -> None:
    index = index_of(range(40))
    chosen = np.arange(40) % 2 == 0
    names = [sha(k) for k in range(0, 40, 2)]
    assert index.sha256(chosen) == hash_of(names) == hash_of(names[::-1])
    assert index.sha256(~chosen) != index.sha256(chosen)
    assert hash_of(names) == hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def test_hashes_are_read_from_folders_in_order(tmp_path: Path) -> None:
    items = list(labelled(20))
    write_labels(tmp_path / "first", items[:12])
    write_labels(tmp_path / "second", items[8:])
    index = read_index([tmp_path / "first", tmp_path / "second"])
    assert index.counts == [12, 12]
    assert index.is_first.tolist() == [True] * 12 + [False] * 4 + [True] * 8
    assert not index.perturbed.any()
    assert index.sha256(index.is_first) == hash_of(item.sha256 for item in items)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no labels"):
        read_index([tmp_path])
