"""What the names of the registry stand for: one registry holds predictors, dictionaries, what was trained for
sparse recovery, and networks of pictures and of games; torch-free.

A card says its kind; the cards of networks that predict outcomes, the first kind there was, do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from runtime.checkpoints import CheckpointError, read_card
from runtime.names import UnusableModel
from service.errors import WrongModelKind


class Kind(StrEnum):
    """As cards have it."""

    PREDICTOR = "predictor"
    DICTIONARY = "dictionary"
    SPARSE_NETWORK = "sparse-network"
    HYPERLISTA = "hyperlista"
    RECONSTRUCTION = "reconstruction-network"
    EQUILIBRIUM = "equilibrium-network"
    CLASSIFIER = "implicit-classifier"


_WHAT = {
    Kind.PREDICTOR: "a network that predicts the outcome of instances",
    Kind.DICTIONARY: "a dictionary for sparse recovery",
    Kind.SPARSE_NETWORK: "a network trained for sparse recovery",
    Kind.HYPERLISTA: "the three numbers of HyperLISTA",
    Kind.RECONSTRUCTION: "a network that reconstructs pictures",
    Kind.EQUILIBRIUM: "a network that predicts equilibria of a game",
    Kind.CLASSIFIER: "a classifier of small pictures",
}
_USE = {
    Kind.PREDICTOR: "farkas predict, POST /v1/predict",
    Kind.DICTIONARY: "farkas sparse, the dictionary of POST /v1/sparse-recovery",
    Kind.SPARSE_NETWORK: "farkas sparse, the model of POST /v1/sparse-recovery",
    Kind.HYPERLISTA: "farkas sparse, the model of POST /v1/sparse-recovery",
    Kind.RECONSTRUCTION: "farkas reconstruct, the model of POST /v1/reconstruct",
    Kind.EQUILIBRIUM: "farkas equilibrium, the model of POST /v1/equilibrium",
    Kind.CLASSIFIER: "Python, solvers.implicit.classifier.load_classifier",
}


def kind_of(card: Mapping[str, Any]) -> str:
    """The kind that a card states; of one that states none, a predictor's."""
    return str(card.get("kind", Kind.PREDICTOR.value))


def require_kind(folder: Path, reference: str, *wanted: Kind) -> Kind:
    """The kind of the checkpoint in `folder`, where it is one of those; `reference` is what messages call it.

    Raises:
        WrongModelKind: it is another.
        UnusableModel: its card cannot be read.
    """
    try:
        found = kind_of(read_card(folder))
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error
    for kind in wanted:
        if found == kind:
            return kind
    known = found in Kind.__members__.values()
    what = _WHAT[Kind(found)] if known else "of a kind that this version of farkas does not know"
    raise WrongModelKind(
        f"{reference!r} is {what}, not {' or '.join(_WHAT[kind] for kind in wanted)}",
        hint=f"it goes with: {_USE[Kind(found)]}" if known else "GET /v1/models lists the kinds",
    )
