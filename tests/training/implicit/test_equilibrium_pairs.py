"""Pairs made and pairs given: solved, held apart, refused where they are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solvers.implicit.games.matrix_game import MatrixGame
from training.implicit.equilibrium_pairs import own_pairs, solved_pairs, split_own


def test_made_pairs_are_solved_and_the_parts_have_none_in_common() -> None:
    game = MatrixGame.draw_game(4, 3, 0, regularization=0.2)
    split = solved_pairs(game, (30, 10, 12), 5, gap=1e-9)
    parts = (split.training, split.validation, split.test)
    assert [len(part.contexts) for part in parts] == [30, 10, 12] == split.description["sizes"]
    for part in parts:
        assert game.gap(part.contexts, part.observed).max() <= 1e-9
    together = np.concatenate([part.contexts for part in parts])
    assert len(np.unique(together, axis=0)) == 52
    assert np.array_equal(solved_pairs(game, (30, 10, 12), 5, gap=1e-9).test.contexts, split.test.contexts)


def test_own_pairs_are_read_and_split(tmp_path: Path) -> None:
    contexts, observed = np.arange(60.0).reshape(30, 2), np.arange(90.0).reshape(30, 3)
    np.savez(tmp_path / "pairs.npz", contexts=contexts, equilibria=observed)
    split = split_own(own_pairs(tmp_path / "pairs.npz"), 0, "pairs.npz")
    parts = (split.training, split.validation, split.test)
    assert [len(part.contexts) for part in parts] == [24, 3, 3]
    rows = {tuple(row) for part in parts for row in np.c_[part.contexts, part.observed].tolist()}
    assert rows == {tuple(row) for row in np.c_[contexts, observed].tolist()}


@pytest.mark.parametrize(
    "arrays",
    [
        {"contexts": np.zeros((30, 2))},
        {"contexts": np.zeros((30, 2)), "equilibria": np.zeros((29, 3))},
        {"contexts": np.zeros(30), "equilibria": np.zeros((30, 3))},
        {"contexts": np.zeros((3, 2)), "equilibria": np.zeros((3, 3))},
        {"contexts": np.full((30, 2), np.nan), "equilibria": np.zeros((30, 3))},
        {"contexts": np.full((30, 2), "a"), "equilibria": np.zeros((30, 3))},
        {"contexts": np.full((30, 2), {}, dtype=object), "equilibria": np.zeros((30, 3))},
    ],
)
def test_what_are_no_pairs_is_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"."):
        own_pairs(tmp_path / "pairs.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x93NUMPY\x01\x00"])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pairs.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"pairs\.npz"):
        own_pairs(tmp_path / "pairs.npz")
