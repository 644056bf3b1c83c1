"""What the registry has for pictures and games: which network is meant, what lists say of it; torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import read_card
from runtime.registry import Entry, Registry
from service.kinds import Kind, kind_of
from service.named_models import loaded, order_added, readable_card


@dataclass(frozen=True)
class ImplicitFacts:
    """Attributes:
    form, mode: of a network that reconstructs pictures: gradient or proximal, equilibrium or unrolled.
    operator: what it was trained for, as a description.
    game: of a network that predicts equilibria: the description of its game.
    trained_on: the data that it has seen, in its card's words.
    beats_classical: whether its test pictures came out nearer to the truth than by the operator's classical
        inverse; None where its card does not say.
    """

    form: str | None
    mode: str | None
    operator: dict[str, Any] | None
    game: dict[str, Any] | None
    trained_on: str | None = None
    beats_classical: bool | None = None

    def text(self) -> str:
        """The operator or the game in a word, for a table."""
        found = (self.operator or {}).get("kind") or (self.game or {}).get("name")
        return str(found) if found is not None else ""


def implicit_facts(entry: Entry) -> ImplicitFacts | None:
    """None of what is neither, and of what cannot be read."""
    card = readable_card(entry)
    return _facts(card) if kind_of(card) in (Kind.RECONSTRUCTION, Kind.EQUILIBRIUM) else None


def network_facts(folder: Path) -> ImplicitFacts:
    """Of a checkpoint.

    Raises:
        UnusableModel: its card cannot be read.
    """
    return _facts(loaded(read_card, folder))


def network_for(registry: Registry, operator: Mapping[str, Any], *, usual: bool = False) -> Path | None:
    """The network for pictures under an operator: of those trained for its kind, one with its very parameters
    first, one's own before bundled ones, of several the one added last. Current versions count.

    Args:
        usual: as the usual method, only one whose card says that it beats the classical inverse.
    """
    found = [
        (entry, trained)
        for entry in registry.entries()
        if entry.current
        and (trained := _trained_for(card := readable_card(entry))).get("kind") == operator["kind"]
        and (not usual or _facts(card).beats_classical)
    ]
    if not found:
        return None
    return max(found, key=lambda pair: (pair[1] == operator, *order_added(pair[0])))[0].folder


def _facts(card: Mapping[str, Any]) -> ImplicitFacts:
    operator, game = _object(card, "operator"), _object(card, "game")
    trained_on = _text(_object(card, "data") or {}, "source")
    beats = _beats_classical(_object(card, "metrics") or {})
    return ImplicitFacts(_text(card, "form"), _text(card, "mode"), operator, game, trained_on, beats)


def loss_to_classical(card: Mapping[str, Any]) -> str | None:
    """A sentence where the figures of a network for pictures are no better than its operator's classical
    inverse; else None."""
    metrics = _object(card, "metrics") or {}
    if kind_of(card) != Kind.RECONSTRUCTION or _beats_classical(metrics) is not False:
        return None
    of = "its test pictures"
    if metrics["psnr"] > metrics["classical_psnr"]:
        of, metrics = "pictures of a second source", metrics["second_source"]
    return (
        f"on {of} it comes to {metrics['psnr']:.2f} dB, the classical inverse to "
        f"{metrics['classical_psnr']:.2f} dB: it answers only where it is asked for (--method network)"
    )


def _beats_classical(metrics: Mapping[str, Any]) -> bool | None:
    """On its test pictures, and on those of a second source where its card has them."""
    own, classical = metrics.get("psnr"), metrics.get("classical_psnr")
    if not isinstance(own, (int, float)) or not isinstance(classical, (int, float)):
        return None
    elsewhere = _object(metrics, "second_source")
    return own > classical and (elsewhere is None or _beats_classical(elsewhere) is True)


def _trained_for(card: Mapping[str, Any]) -> Mapping[str, Any]:
    return (_object(card, "operator") or {}) if kind_of(card) == Kind.RECONSTRUCTION else {}


def _text(card: Mapping[str, Any], name: str) -> str | None:
    value = card.get(name)
    return value if isinstance(value, str) else None


def _object(card: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = card.get(name)
    return value if isinstance(value, dict) else None
