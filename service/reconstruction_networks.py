"""Which network reconstructs pictures under an operator, and what the answer says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.implicit_models import network_facts, network_for
from service.kinds import Kind, require_kind
from service.named_models import Find, NamedModels, identity, loaded
from service.recent import Recent
from service.reconstruction_questions import NETWORK, Approach
from service.settings import Settings
from solvers.implicit.errors import UnsuitableNetwork
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork
from solvers.implicit.imaging.stored import load_reconstruction_network

_IS = {"columns": "are not those", "angles": "are not those", "mask": "is not that", "kernel": "is not that"}


@dataclass(frozen=True)
class UsedNetwork:
    """Which network answered, for which operator it was trained, and on what data, in its card's words."""

    name: str
    version: str
    form: str
    mode: str
    operator: dict[str, Any]
    trained_on: str | None = None


class Networks:
    """The networks of the registry; those that were last asked for are kept.

    Args:
        settings: where the registry is, and how many are kept.
        find: what finds those that are named; by default the registry's names, never paths.
    """

    def __init__(self, settings: Settings, find: Find | None = None) -> None:
        self._models = NamedModels(settings, find)
        self._kept: Recent[Path, ReconstructionNetwork] = Recent(settings.loaded_models)

    def folder_for(self, approach: Approach, operator: ForwardOperator) -> Path | None:
        """The network that is named, or the registry's: where no method is named only one that is better than
        the classical inverse. None where there is none, or none is asked.

        Raises:
            RegistryError
            WrongModelKind: the name stands for something else.
        """
        name, methods = approach.model, approach.methods
        if methods and NETWORK not in methods:
            return None
        if name is None:
            return network_for(self._models.registry, operator.description(), usual=not methods)
        folder = self._models.folder(name, Kind.RECONSTRUCTION)
        require_kind(folder, name, Kind.RECONSTRUCTION)
        return folder

    def load(
        self, folder: Path | None, operator: ForwardOperator
    ) -> tuple[ReconstructionNetwork, UsedNetwork]:
        """The network, and what the answer says of it.

        Raises:
            UnusableModel: it is damaged.
            UnsuitableNetwork: there is none for operators of this kind, or it is for another kind.
        """
        if folder is None:
            raise UnsuitableNetwork(
                f"there is no network for {operator.kind}",
                hint="choose another method, or train one: farkas train implicit reconstruction",
            )
        name, version = identity(folder)
        facts = network_facts(folder)
        trained = facts.operator or {}
        if trained.get("kind") != operator.kind:
            raise UnsuitableNetwork(
                f"the network {name}@{version} was trained for {trained.get('kind', 'an unknown operator')}, "
                f"not for {operator.kind}",
                hint="leave model out to have the one for this operator, or choose another method",
            )
        used = UsedNetwork(name, version, facts.form or "", facts.mode or "", trained, facts.trained_on)
        return self._kept.get(folder, lambda: _loaded(folder)), used


def differences(operator: Mapping[str, Any], used: UsedNetwork) -> list[str]:
    """What a network was not trained for; another mask of the same share is nothing new to it."""
    differing = [
        f"{name} is {value:g} and was {used.operator[name]:g} in training"
        for name, value in operator.items()
        if name not in ("kind", "seed")
        and isinstance(value, (int, float))
        and isinstance(used.operator.get(name), (int, float))
        and used.operator[name] != value
    ]
    differing += [
        f"{name} {verb} of training"
        for name, verb in _IS.items()
        if isinstance(operator.get(name), list) or isinstance(used.operator.get(name), list)
        if operator.get(name) != used.operator.get(name)
    ]
    return [f"{used.name}@{used.version}: {', '.join(differing)}"] if differing else []


def _loaded(folder: Path) -> ReconstructionNetwork:
    """The network; whether it fits an operator is judged here, where other parameters are worth a note."""
    network = loaded(load_reconstruction_network, folder)
    network.card = {**network.card, "operator": None}
    return network
