"""Checkpoints: a folder with `weights.safetensors` and `card.json`, never a pickle.

The card is written last and holds the hash of the weights, so a folder with a readable card that matches is
complete; each of the two files is replaced at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.files import write_atomically

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "weights.safetensors"
CARD = "card.json"
RUN = "run.json"
"""What a training leaves in its folder at its beginning; the card comes at its end."""
_LARGEST_CARD = 16 * 2**20


class CheckpointError(Exception):
    """A checkpoint that cannot be trusted: missing, truncated or altered."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Tensors by name, and the card (plain JSON data) that says what they are."""

    tensors: dict[str, Tensor]
    card: dict[str, Any]


def save(folder: Path, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write a checkpoint, replacing one that is there; other files of the folder are kept."""
    from safetensors.torch import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    weights = to_bytes({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    stamped = {**card, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / CARD, (json.dumps(stamped, indent=2, allow_nan=False) + "\n").encode())


def load(folder: Path) -> Checkpoint:
    """Read and verify a checkpoint; CheckpointError says what is wrong with it."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    card = read_card(folder)
    try:
        weights = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{title(folder, card)} has no readable {WEIGHTS}: {error.strerror}") from error
    if hashlib.sha256(weights).hexdigest() != card.get("weights_sha256"):
        raise CheckpointError(f"the weights of {title(folder, card)} do not match their card")
    try:
        return Checkpoint(from_bytes(weights), card)
    except SafetensorError as error:
        raise CheckpointError(f"the weights of {title(folder, card)} are not safetensors") from error


def read_card(folder: Path) -> dict[str, Any]:
    """The card alone, without torch."""
    path = folder / CARD
    try:
        if path.stat().st_size > _LARGEST_CARD:
            raise CheckpointError(f"the card of {folder.name} is too large")
        text = path.read_text(encoding="utf-8")
        card = json.loads(text, parse_constant=_refused, parse_int=_bounded)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            unfinished(folder) or f"{folder.name} is not a checkpoint: no readable {CARD}"
        ) from error
    if not isinstance(card, dict):
        raise CheckpointError(f"the card of {folder.name} is not a JSON object")
    return card


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON's")


def _bounded(digits: str) -> int:
    """An integer that every reader of the card can hold."""
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("an integer beyond 64 bits")
    return number


def title(folder: Path, card: Mapping[str, Any]) -> str:
    """What messages call a checkpoint: name@version as its card says, else the folder's name."""
    name, version = card.get("name"), card.get("version")
    return f"{name}@{version}" if isinstance(name, str) and isinstance(version, str) else folder.name


def unfinished(folder: Path) -> str | None:
    """What to say of a folder whose training has not come to its end; None: it is none."""
    if (folder / CARD).exists() or not (folder / RUN).is_file():
        return None
    return f"the training in {folder.name} is not finished: the command that began it goes on with it"


def read_metadata(data: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: its header is JSON behind eight bytes of length."""
    size = int.from_bytes(data[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(data[8 : 8 + size])
    return header["__metadata__"]


def tensors_under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
