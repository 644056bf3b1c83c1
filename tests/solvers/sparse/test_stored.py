from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from runtime.checkpoints import CARD, CheckpointError, load, save
from solvers.iteration import iterate
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import ShapeMismatch
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.networks import NETWORKS, initial_network, with_parameters
from solvers.sparse.problem import make_problem
from solvers.sparse.stored import (
    load_dictionary,
    load_network,
    load_numbers,
    save_dictionary,
    save_network,
    save_numbers,
)

CARD_OF = {"name": "mine", "version": "1"}


def dictionary(seed: int = 0) -> Dictionary:
    return Dictionary.of(np.random.default_rng(seed).standard_normal((8, 14)))


@pytest.mark.parametrize("variant", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_variant_comes_back_as_it_was(variant: str, dtype: torch.dtype, tmp_path: Path) -> None:
    given = dictionary()
    start = initial_network(variant, given, 3, threshold=0.05, dtype=dtype)
    generator = torch.Generator().manual_seed(1)
    moved = {
        name: value + 0.1 * torch.rand(value.shape, generator=generator, dtype=dtype)
        for name, value in start.parameters().items()
    }
    network = with_parameters(start, moved, dtype)

    save_network(tmp_path, network, given, CARD_OF)
    loaded = load_network(tmp_path, given, dtype=dtype)

    assert type(loaded) is NETWORKS[variant]
    assert loaded.selection == network.selection
    problem = make_problem(given.unit.to(dtype), torch.randn(5, 8, generator=generator))
    expected = iterate(network, problem, None, max_iterations=3).value
    assert expected.abs().sum() > 0
    torch.testing.assert_close(
        iterate(loaded, problem, None, max_iterations=3).value, expected, rtol=0, atol=0
    )


def test_a_network_of_another_dictionary_is_refused(tmp_path: Path) -> None:
    save_network(
        tmp_path, initial_network("lista-cp", dictionary(0), 2, threshold=0.1), dictionary(0), CARD_OF
    )
    with pytest.raises(ShapeMismatch, match=r"another dictionary .*--variant cp"):
        load_network(tmp_path, dictionary(1))


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    given = dictionary()
    save_dictionary(tmp_path, given, name="d", version="1", description="seeded")
    assert torch.equal(load_dictionary(tmp_path).matrix, given.matrix)
    with pytest.raises(CheckpointError, match="sparse-network"):
        load_network(tmp_path, given)
    with pytest.raises(CheckpointError, match="hyperlista"):
        load_numbers(tmp_path)


def test_three_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    numbers = Hyperparameters(0.014 / 3, 0.004 / 7, 0.4 / 11)
    save_numbers(tmp_path, numbers, CARD_OF)
    assert load_numbers(tmp_path) == numbers


@pytest.mark.parametrize(
    "change",
    [
        {"layers": 3},
        {"layers": 10**9},
        {"layers": "many"},
        {"layers": 1e999},
        {"variant": []},
        {"selection": {"rate": "x", "most": 1}},
        {"selection": {"rate": float("nan"), "most": 1}},
        {"selection": {"rate": 1e308, "most": 1e999}},
        {"selection": {"rate": -1, "most": 1}},
        {"selection": {"rate": [1], "most": {}}},
        {"variant": "lista-cpss", "selection": {"share": 2}},
        {"variant": "alista"},
        {"variant": "unknown"},
        {"sparse_card": 99},
    ],
)
def test_a_card_that_was_changed_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    given = dictionary()
    save_network(tmp_path, initial_network("lista-cp", given, 2, threshold=0.1), given, CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | change))
    with pytest.raises(CheckpointError):
        load_network(tmp_path, given)


@pytest.mark.parametrize("size", [0, 1e999, 10**400, "m", None])
def test_numbers_for_sizes_that_are_none_are_refused(size: object, tmp_path: Path) -> None:
    save_numbers(tmp_path, Hyperparameters(0.01, 0.004, 0.4), CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    card["numbers"]["atoms"] = size
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match="sizes"):
        load_numbers(tmp_path)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.bool, torch.bfloat16, torch.float8_e4m3fn])
def test_other_kinds_of_numbers_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    given = dictionary()
    save_network(tmp_path, initial_network("lista-cp", given, 1, threshold=0.1), given, CARD_OF)
    checkpoint = load(tmp_path)
    changed = {name: value.to(dtype) for name, value in checkpoint.tensors.items()}
    save(tmp_path, changed, checkpoint.card)
    with pytest.raises(CheckpointError, match="bits"):
        load_network(tmp_path, given)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    given = dictionary()
    network = initial_network("lista-cp", given, 2, threshold=0.1)
    broken = {**network.parameters(), "layers.1.threshold": torch.tensor(float("nan"))}
    save_network(tmp_path, with_parameters(network, broken, torch.float64), given, CARD_OF)
    with pytest.raises(CheckpointError, match="finite"):
        load_network(tmp_path, given)
