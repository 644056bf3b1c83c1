"""A model whose network is loaded when the first instance asks for it; torch-free until then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.checkpoints import CheckpointError, read_card, title
from runtime.names import UnusableModel
from service.kinds import Kind, require_kind
from service.settings import Settings, registry_of

if TYPE_CHECKING:
    from graphs.bipartite import BipartiteGraph
    from graphs.prediction import Prediction
    from service.pipeline import Predictor


class OnDemand:
    """A `service.pipeline.Predictor` that knows from its card who it is, and loads itself when needed.

    Args:
        folder: the checkpoint.
        settings: with which device and threads to load it.

    Attributes:
        name, version, sha256: which model this is, as the card says.

    Raises:
        UnusableModel: the card cannot be read, or does not say which model it is.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._loaded: Predictor | None = None
        self.name, self.version, self.sha256 = _identity(folder)

    def load(self) -> Predictor:
        """The model, its network in memory from the first call on.

        Raises:
            UnusableModel: it is damaged, or this version cannot run it, or there is no such device.
        """
        from service.loading import load_predictor

        if self._loaded is None:
            self._loaded = load_predictor(self._folder, self._settings)
        return self._loaded

    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        """As the model itself does; see `load` for what it raises at its first call."""
        return self.load().predict(graphs)


def default_model(settings: Settings) -> OnDemand:
    """The model that the settings name.

    Raises:
        ModelNotFound: there is none.
        UnusableModel: its card cannot be read.
        WrongModelKind: it is no predictor.
    """
    folder = registry_of(settings).resolve(settings.model)
    require_kind(folder, settings.model, Kind.PREDICTOR)
    return OnDemand(folder, settings)


def _identity(folder: Path) -> tuple[str, str, str]:
    try:
        card = read_card(folder)
        return str(card["name"]), str(card["version"]), str(card["weights_sha256"])
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error
    except KeyError as error:
        raise UnusableModel(f"the card of {title(folder, card)} has no {error}") from error
