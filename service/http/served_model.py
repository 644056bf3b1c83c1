"""The model that answers when none is named, known from its card: the server's process loads no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import CheckpointError, read_card, title
from runtime.names import UnusableModel
from service.kinds import Kind, require_kind


@dataclass(frozen=True)
class ServedModel:
    """A checkpoint and what its card says of it."""

    name: str
    version: str
    sha256: str
    folder: Path
    card: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, reference: str | None = None) -> ServedModel:
        """The checkpoint in `folder`; `reference` is what messages call it.

        Raises:
            UnusableModel: its card cannot be read, or does not say what it is.
            WrongModelKind: it is no predictor.
        """
        require_kind(folder, reference or folder.name, Kind.PREDICTOR)
        try:
            card = read_card(folder)
            return cls(
                str(card["name"]), str(card["version"]), str(card["weights_sha256"]), folder.resolve(), card
            )
        except CheckpointError as error:
            raise UnusableModel(str(error)) from error
        except KeyError as error:
            raise UnusableModel(f"the card of {title(folder, card)} has no {error}") from error
