"""What a run trains on and what it keeps apart, decided before any instance is loaded.

Only hashes are read: 40 bytes an instance, whatever its size. An instance and all that was perturbed from
it are one group, and a group is never split: what is held out has no near copies among what is trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.shards import read_columns, shard_paths

HELD_OUT_AT_LEAST = 10
HELD_OUT_AT_MOST = 20_000
_WORDS = 4

Digests = NDArray[np.uint64]


class Role(IntEnum):
    """What an instance is for; a duplicate is for nothing."""

    DUPLICATE = 0
    TRAINING = 1
    VALIDATION = 2
    CALIBRATION = 3


@dataclass(frozen=True, eq=False)
class Index:
    """The labelled instances of some folders, in the order in which `read_labelled` gives them.

    Attributes:
        digests (G, 4): content hashes.
        groups (G,): of each instance, the first word of its parent's hash, or of its own.
        perturbed (G,) bool: has a parent.
        counts: instances in each folder.
    """

    digests: Digests
    groups: NDArray[np.uint64]
    perturbed: NDArray[np.bool_]
    counts: Sequence[int]

    @property
    def is_first(self) -> NDArray[np.bool_]:
        """Whether no instance before it has the same content, (G,)."""
        first = np.zeros(len(self.digests), dtype=np.bool_)
        first[np.unique(self.digests, axis=0, return_index=True)[1]] = True
        return first

    def sha256(self, chosen: NDArray[np.bool_]) -> str:
        """One hash of the chosen instances, whatever their order."""
        return hash_of(digest.astype(">u8").tobytes().hex() for digest in self.digests[chosen])


def read_index(folders: Sequence[Path]) -> Index:
    """Read the hashes of all labelled instances.

    Raises:
        ValueError: a folder holds none.
    """
    digests: list[Digests] = []
    parents: list[NDArray[np.uint64]] = []
    counts = []
    for folder in folders:
        read = 0
        for path in shard_paths(folder):
            columns = read_columns(path, ("sha256", "parent"))
            digests.append(_words(columns["sha256"]))
            parents.append(_words([parent or "0" * 64 for parent in columns["parent"]])[:, 0])
            read += len(columns["sha256"])
        if not read:
            raise ValueError(f"{folder} holds no labels: run `farkas label {folder}` first")
        counts.append(read)
    own, parent = np.concatenate(digests), np.concatenate(parents)
    return Index(own, np.where(parent != 0, parent, own[:, 0]), parent != 0, counts)


def assign(index: Index, *, validation: float, calibration: float, seed: int) -> NDArray[np.int8]:
    """The role of each instance, (G,).

    Groups are ranked by a hash of (group, seed): the first go to validation, the next to calibration, the
    rest is trained on. The order in which the data are read does not matter.

    Args:
        validation, calibration: shares of the groups, each then between HELD_OUT_AT_LEAST and
            HELD_OUT_AT_MOST groups.

    Raises:
        ValueError: fewer than HELD_OUT_AT_LEAST groups would be left to train on.
    """
    groups = np.unique(index.groups)
    first = _held_out(validation, len(groups))
    second = first + _held_out(calibration, len(groups))
    if len(groups) - second < HELD_OUT_AT_LEAST:
        raise ValueError(
            f"{len(groups)} labelled instances are too few ({3 * HELD_OUT_AT_LEAST} are the least, without "
            f"copies): with {second} held out for validation and "
            f"calibration, fewer than {HELD_OUT_AT_LEAST} are left to train on"
        )
    rank = np.empty(len(groups), dtype=np.int64)
    rank[np.argsort(_uniform(groups, seed), kind="stable")] = np.arange(len(groups))
    rank = rank[np.searchsorted(groups, index.groups)]
    roles = np.where(rank < first, Role.VALIDATION, Role.TRAINING)
    roles = np.where((rank >= first) & (rank < second), Role.CALIBRATION, roles)
    return np.where(index.is_first, roles, Role.DUPLICATE).astype(np.int8)


def hash_of(sha256: Iterable[str]) -> str:
    """One hash of many content hashes, whatever their order."""
    digest = hashlib.sha256()
    for number, line in enumerate(sorted(sha256)):
        digest.update(f"\n{line}".encode() if number else line.encode())
    return digest.hexdigest()


def _held_out(share: float, groups: int) -> int:
    return min(max(round(share * groups), HELD_OUT_AT_LEAST), HELD_OUT_AT_MOST)


def _words(sha256: Sequence[str]) -> Digests:
    """Hexadecimal hashes as numbers, (G, 4)."""
    data = bytes.fromhex("".join(sha256))
    return np.frombuffer(data, dtype=">u8").astype(np.uint64).reshape(-1, _WORDS)


def _uniform(groups: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Well mixed numbers from the groups and a seed (the finaliser of splitmix64)."""
    mixed = groups ^ np.uint64(seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(29))
