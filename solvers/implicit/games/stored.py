"""Equilibrium networks as checkpoints: the network's weights and the game's own numbers, and a card.

The game travels with its network, so that gaps can be computed; `game.` and `network.` tell their tensors
apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.checkpoints import Checkpoint, CheckpointError, tensors_under, title
from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.game import Game
from solvers.implicit.games.network_forms import make_network
from solvers.implicit.games.stored_game import make_game
from solvers.stamped import Stamp

KIND = "equilibrium-network"
STATED_GAP = "stated_gap"
"""The card's key for the gap that the network promises on held-out contexts."""
_STAMP = Stamp(KIND, "equilibrium_card", 1)


def save_equilibrium_network(folder: Path, network: EquilibriumNetwork, card: Mapping[str, Any]) -> None:
    """Write a network and its game.

    Args:
        card: name, version, and whatever else is to be known of it.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"game.{name}": value for name, value in network.game.tensors().items()}
    stamped = {
        **card,
        "game": network.game.description(),
        "network": network.description(),
        "trainable_parameters": sum(value.numel() for value in network.parameters()),
        STATED_GAP: network.stated_gap,
    }
    _STAMP.save(folder, tensors, stamped)


def load_equilibrium_network(folder: Path) -> EquilibriumNetwork:
    """The network, in evaluation mode, with its game as `game`.

    Raises:
        CheckpointError: it is no such network, or damaged.
    """
    checkpoint = _STAMP.load(folder)
    try:
        game = make_game(checkpoint.card["game"], tensors_under("game.", checkpoint.tensors))
        network = make_network(checkpoint.card["network"], game)
        network.stated_gap = _stated(checkpoint.card.get(STATED_GAP))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"the card of {title(folder, checkpoint.card)} does not say what network it is"
        ) from error
    return _filled(network, game, checkpoint, folder)


def _filled(
    network: EquilibriumNetwork, game: Game, checkpoint: Checkpoint, folder: Path
) -> EquilibriumNetwork:
    weights = tensors_under("network.", checkpoint.tensors)
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    stored = len(weights) + len(game.tensors())
    if wanted != {name: value.shape for name, value in weights.items()} or stored != len(checkpoint.tensors):
        raise CheckpointError(
            f"the weights of {title(folder, checkpoint.card)} are not those of the network on its card"
        )
    network.load_state_dict(weights)
    return network.eval()


def _stated(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, float) or not 0.0 < value < float("inf"):
        raise ValueError("the stated gap must be a positive number")
    return value
