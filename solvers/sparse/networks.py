"""The classes of the trained variants by name; how one starts, is cut short, how much of it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.alista import ALISTA
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import TooManyLayers
from solvers.sparse.hyperlista import HyperLISTA, Hyperparameters
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.lista import LISTA, LISTACP, LISTACPSS, LISTASS
from solvers.sparse.variants import training_command

Network: TypeAlias = LISTA | LISTACP | ALISTA
"""Any network of layers that is trained; LISTA-SS and LISTA-CPSS are of the first two."""

NetworkT = TypeVar("NetworkT", bound=LayeredNetwork[Any])

NETWORKS: Mapping[str, type[Network]] = MappingProxyType(
    {network.variant: network for network in (LISTA, LISTACP, LISTASS, LISTACPSS, ALISTA)}
)
"""Variant → class, of the variants that are trained."""


def initial_network(
    variant: str, dictionary: Dictionary, layers: int, *, threshold: float, dtype: torch.dtype = torch.float64
) -> Network:
    """A trained variant before training; what is computed of the dictionary is computed in float64.

    Args:
        threshold: θ of every layer.
    """
    network = NETWORKS[variant].initial(dictionary.unit, layers, threshold)
    return with_parameters(network, network.parameters(), dtype)


def with_parameters(network: NetworkT, parameters: Mapping[str, Tensor], dtype: torch.dtype) -> NetworkT:
    """The network with these numbers in the place of its own, by the names of `parameters()`."""
    layers = tuple(
        replace(
            layer,
            **{part.name: parameters[f"layers.{place}.{part.name}"].to(dtype) for part in fields(layer)},
        )
        for place, layer in enumerate(network.layers)
    )
    changed = replace(network, layers=layers)
    return replace(changed, weight=changed.weight.to(dtype)) if isinstance(changed, ALISTA) else changed


def first_layers(network: NetworkT, layers: int) -> NetworkT:
    """The network that ends after so many layers.

    Raises:
        TooManyLayers: fewer were trained.
    """
    if layers > len(network.layers):
        raise TooManyLayers(
            f"{layers} layers were asked for, {len(network.layers)} were trained",
            hint=f"ask for fewer, or train more: {training_command(network.variant)} --layers {layers}",
        )
    return replace(network, layers=network.layers[:layers])


def trainable_parameters(solver: AbstractSolver[Any, Any]) -> int:
    """How many numbers of it are learned from data: 0 of ISTA and FISTA, 3 of HyperLISTA."""
    if isinstance(solver, LayeredNetwork):
        return sum(parameter.numel() for parameter in solver.parameters().values())
    return len(Hyperparameters.tuned) if isinstance(solver, HyperLISTA) else 0
