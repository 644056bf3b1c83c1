"""Dictionaries and what was trained for them, as checkpoints: safetensors and a card, never a pickle.

Three kinds, told apart by the card's `kind`. A network's card holds the content hash of the dictionary that
it was trained for, and loading it for another is refused: its weights would mean nothing there. HyperLISTA's
three numbers carry over, and are bound to none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runtime.checkpoints import Checkpoint, CheckpointError, title
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import InvalidDictionary, ShapeMismatch
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.layers import LayeredNetwork, SupportSelection
from solvers.sparse.networks import NETWORKS, Network, initial_network, trainable_parameters, with_parameters
from solvers.sparse.variants import training_command
from solvers.stamped import Stamp

DICTIONARY, NETWORK, NUMBERS = "dictionary", "sparse-network", "hyperlista"
"""The kinds a card may have."""

FORMAT = 1
_FORMAT = "sparse_card"
_LARGEST = 1 << 31
"""Of the sizes that a card states."""


def save_dictionary(
    folder: Path, dictionary: Dictionary, *, name: str, version: str, description: str
) -> None:
    """Write A, float64, with a card."""
    card = {
        "name": name,
        "version": version,
        "description": description,
        "measurements": dictionary.measurements,
        "atoms": dictionary.atoms,
        "dictionary_sha256": dictionary.content_hash,
    }
    _stamp(DICTIONARY).save(folder, {"matrix": dictionary.matrix}, card)


def load_dictionary(folder: Path) -> Dictionary:
    """Raises:
    CheckpointError: it is no dictionary, or damaged.
    """
    checkpoint = _stamp(DICTIONARY).load(folder)
    try:
        dictionary = Dictionary.of(_tensor(checkpoint, "matrix", folder))
    except InvalidDictionary as error:
        raise CheckpointError(
            f"the dictionary in {title(folder, checkpoint.card)} cannot be used: {error.detail}"
        ) from error
    if dictionary.content_hash != checkpoint.card.get("dictionary_sha256"):
        raise CheckpointError(f"the matrix of {title(folder, checkpoint.card)} is not that of its card")
    return dictionary


def save_network(
    folder: Path, network: LayeredNetwork[Any], dictionary: Dictionary, card: Mapping[str, Any]
) -> None:
    """Write what was trained; what is computed of the dictionary is computed again on loading.

    Args:
        card: name, version, and whatever else is to be known of it.
    """
    selection = network.selection
    stamped = {
        **card,
        "variant": network.variant,
        "layers": len(network.layers),
        "selection": None if selection is None else asdict(selection),
        "trainable_parameters": trainable_parameters(network),
        "measurements": dictionary.measurements,
        "atoms": dictionary.atoms,
        "dictionary_sha256": dictionary.content_hash,
    }
    _stamp(NETWORK).save(folder, network.parameters(), stamped)


def load_network(folder: Path, dictionary: Dictionary, *, dtype: torch.dtype = torch.float64) -> Network:
    """The network that was trained for a dictionary.

    Raises:
        CheckpointError: it is no network, or damaged.
        ShapeMismatch: it was trained for another dictionary.
    """
    checkpoint = _stamp(NETWORK).load(folder)
    card = checkpoint.card
    variant = card.get("variant")
    if not isinstance(variant, str) or variant not in NETWORKS:
        raise CheckpointError(f"{title(folder, card)} holds a variant that is not known: {variant!r}")
    if card.get("dictionary_sha256") != dictionary.content_hash:
        raise ShapeMismatch(
            f"the network {title(folder, card)} was trained for another dictionary",
            hint=f"train one for this: {training_command(variant)}",
        )
    initial = _described(checkpoint, dictionary, folder, dtype)
    wanted = {name: value.shape for name, value in initial.parameters().items()}
    if wanted != {name: value.shape for name, value in checkpoint.tensors.items()}:
        raise CheckpointError(
            f"the weights of {title(folder, checkpoint.card)} are not those of the network on its card"
        )
    return with_parameters(initial, checkpoint.tensors, dtype)


def _described(checkpoint: Checkpoint, dictionary: Dictionary, folder: Path, dtype: torch.dtype) -> Network:
    """The network of the card, untrained."""
    card = checkpoint.card
    try:
        layers = int(card["layers"])
        if not 0 < layers <= len(checkpoint.tensors):
            raise ValueError
        selection = None if card["selection"] is None else SupportSelection(**card["selection"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"the card of {title(folder, checkpoint.card)} does not say what network it is"
        ) from error
    initial = initial_network(card["variant"], dictionary, layers, threshold=0.0, dtype=dtype)
    return replace(initial, selection=selection)


def save_numbers(folder: Path, numbers: Hyperparameters, card: Mapping[str, Any]) -> None:
    """Write HyperLISTA's three numbers."""
    tensors = {
        name: torch.tensor(getattr(numbers, name), dtype=torch.float64) for name in Hyperparameters.tuned
    }
    stamped = {
        **card,
        "variant": "hyperlista",
        "numbers": asdict(numbers),
        "trainable_parameters": len(tensors),
    }
    _stamp(NUMBERS).save(folder, tensors, stamped)


def load_numbers(folder: Path) -> Hyperparameters:
    """Raises:
    CheckpointError: it holds no such numbers, or is damaged.
    """
    checkpoint = _stamp(NUMBERS).load(folder)
    found = {name: _tensor(checkpoint, name, folder) for name in Hyperparameters.tuned}
    if any(value.numel() != 1 for value in found.values()):
        raise CheckpointError(f"{title(folder, checkpoint.card)} does not hold three numbers")
    try:
        sizes = {name: int(checkpoint.card["numbers"][name]) for name in ("measurements", "atoms")}
        if not all(1 <= size <= _LARGEST for size in sizes.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"the card of {title(folder, checkpoint.card)} does not say for which sizes"
        ) from error
    return Hyperparameters(
        **{name: float(value) for name, value in found.items()},
        measurements=sizes["measurements"],
        atoms=sizes["atoms"],
    )


def _stamp(kind: str) -> Stamp:
    return Stamp(kind, _FORMAT, FORMAT)


def _tensor(checkpoint: Checkpoint, name: str, folder: Path) -> Tensor:
    if name not in checkpoint.tensors:
        raise CheckpointError(f"{title(folder, checkpoint.card)} lacks {name!r}")
    return checkpoint.tensors[name]
