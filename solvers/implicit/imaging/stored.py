"""Reconstruction networks as checkpoints: safetensors and a card, never a pickle.

The kernels are stored as they are applied, so their norms are within the card's bound without another
division.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runtime.checkpoints import Checkpoint, CheckpointError, title
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import DEEPEST, LARGEST, ResidualShape
from solvers.stamped import Stamp

KIND = "reconstruction-network"
FORMAT = 1
_STAMP = Stamp(KIND, "implicit_card", FORMAT)


def save_reconstruction_network(
    folder: Path, network: ReconstructionNetwork, card: Mapping[str, Any]
) -> None:
    """Write it.

    Args:
        card: name, version, `operator` (the description it was trained for), and what else is to be known.
    """
    network.eval()
    tensors: dict[str, Tensor] = {"log_step": network.log_step.detach().reshape(1)}
    with torch.no_grad():
        for index, (kernel, bias) in enumerate(network.residual.kernels()):
            tensors |= {f"kernel.{index}": kernel.contiguous(), f"bias.{index}": bias}
        bound = network.residual.lipschitz_bound()
    shape = network.shape
    residual = shape.residual
    stamped = {
        **card,
        "title": shape.title,
        "form": shape.form,
        "mode": shape.mode,
        "depth": shape.depth,
        "channels": residual.channels,
        "dilations": list(residual.dilations),
        "fold": residual.fold,
        "lipschitz": residual.lipschitz,
        "averaging": residual.averaging,
        "lipschitz_bound": bound,
        "parameters": sum(value.numel() for value in tensors.values()),
    }
    _STAMP.save(folder, tensors, stamped)


def load_reconstruction_network(folder: Path) -> ReconstructionNetwork:
    """The network, in evaluation mode, its card as `network.card`.

    Raises:
        CheckpointError: it is no network of this kind, or damaged.
    """
    checkpoint = _STAMP.load(folder)
    shape, found, shown = _shape(checkpoint, folder), checkpoint.tensors, title(folder, checkpoint.card)
    if shape.residual.weights + 1 != sum(value.numel() for value in found.values()):  # before they are made
        raise CheckpointError(f"the weights of {shown} are not those of the network on its card")
    network = ReconstructionNetwork(shape)
    wanted: dict[str, Tensor] = {"log_step": network.log_step}
    layers: Any = network.residual.layers
    for index, layer in enumerate(layers):
        wanted |= {f"kernel.{index}": layer.weight, f"bias.{index}": layer.bias}
    if {name: value.numel() for name, value in wanted.items()} != {
        name: value.numel() for name, value in found.items()
    }:
        raise CheckpointError(f"the weights of {shown} are not those of the network on its card")
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(found[name].reshape(value.shape))
    network.card = dict(checkpoint.card)
    network.freeze()
    return network


def _shape(checkpoint: Checkpoint, folder: Path) -> NetworkShape:
    card = checkpoint.card
    try:
        sizes = [int(card[name]) for name in ("depth", "channels", "fold")]
        if not isinstance(card["dilations"], list) or len(card["dilations"]) > DEEPEST:
            raise ValueError("the network is too deep")
        dilations = tuple(int(value) for value in card["dilations"])
        if max(sizes) > LARGEST or not isinstance(card.get("operator"), dict):
            raise ValueError("the sizes are too large, or there is no operator")
        residual = ResidualShape(
            sizes[1], dilations, sizes[2], _number(card["lipschitz"]), _number(card["averaging"])
        )
        return NetworkShape(card["form"], card["mode"], sizes[0], residual)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"the card of {title(folder, card)} does not say what network it is") from error


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number
