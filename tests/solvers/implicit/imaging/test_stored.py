"""Reconstruction networks there and back, and checkpoints that are not to be trusted."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from runtime.checkpoints import CheckpointError
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.implicit.imaging.stored import KIND, load_reconstruction_network, save_reconstruction_network

OPERATOR = make_operator({"kind": "inpainting"}, (8, 8))


def saved(folder: Path) -> ReconstructionNetwork:
    torch.manual_seed(0)
    residual = ResidualShape(channels=3, dilations=(1, 2, 1), lipschitz=0.5)
    network = ReconstructionNetwork(NetworkShape("gradient", "equilibrium", 7, residual), step=0.9)
    with torch.no_grad():
        for layer in network.residual.layers:
            layer.weight.mul_(9)
    save_reconstruction_network(folder, network, {"name": "x", "operator": OPERATOR.description()})
    return network


def change(folder: Path, **values: Any) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **values}))


def test_there_and_back(tmp_path: Path) -> None:
    network = saved(tmp_path)
    found = load_reconstruction_network(tmp_path)
    assert found.shape == network.shape
    assert found.card["kind"] == KIND
    assert found.card["operator"] == OPERATOR.description()
    assert found.card["title"] == "DE-Grad"
    assert found.card["lipschitz_bound"] <= 0.5 * (1 + 1e-5)
    y = OPERATOR.apply(torch.rand(2, 1, 8, 8))
    with torch.no_grad():
        torch.testing.assert_close(found(OPERATOR, y), network(OPERATOR, y))
    assert not any(value.requires_grad for value in found.parameters())


@pytest.mark.parametrize(
    "values",
    [
        {"depth": 0}, {"depth": "many"}, {"channels": 10**9}, {"dilations": [1]}, {"form": "dual"},
        {"lipschitz": 1e999}, {"operator": None}, {"dilations": [1, 2, 1, 1]}, {"channels": 4},
        {"kind": "sparse-network"}, {"implicit_card": 2}, {"dilations": "121"}, {"fold": 4096},
        {"channels": 4096}, {"dilations": [1] * 64},
    ],
)  # fmt: skip
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    saved(tmp_path)
    change(tmp_path, **values)
    with pytest.raises(CheckpointError):
        load_reconstruction_network(tmp_path)


def test_what_a_card_boasts_of_is_not_made(tmp_path: Path) -> None:
    saved(tmp_path)
    for values in ({"dilations": [1] * 100_000}, {"dilations": [1, 2, 1], "channels": 4096, "fold": 4096}):
        change(tmp_path, **values, name="it", version="7")
        started = time.monotonic()
        with pytest.raises(CheckpointError, match=r"it@7"):
            load_reconstruction_network(tmp_path)
        assert time.monotonic() - started < 1.0


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    import hashlib

    saved(tmp_path)
    weights = load_file(tmp_path / "weights.safetensors")
    weights["bias.0"][0] = torch.nan
    save_file(weights, tmp_path / "weights.safetensors")
    change(
        tmp_path, weights_sha256=hashlib.sha256((tmp_path / "weights.safetensors").read_bytes()).hexdigest()
    )
    with pytest.raises(CheckpointError, match="not finite"):
        load_reconstruction_network(tmp_path)
