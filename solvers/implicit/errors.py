"""What can be wrong with a question about a picture or a game, and with what is to be differentiated.

Every error says what is wrong (detail) and, where there is something, what to do about it (hint); `type` and
`title` are what `service.errors` shows them under. Nothing here needs anything else.
"""

from __future__ import annotations

from typing import ClassVar


class ImplicitInputError(Exception):
    """A question that has no answer as it stands.

    Attributes:
        detail: what is wrong.
        hint: what to do about it, or None.
    """

    type: ClassVar[str] = "invalid-question"
    title: ClassVar[str] = "The question is not valid"

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail if hint is None else f"{detail} ({hint})")
        self.detail = detail
        self.hint = hint


class InvalidOperator(ImplicitInputError):
    """A forward operator that does not exist, or whose parameters are not valid."""

    type = "invalid-operator"
    title = "The forward operator is not valid"


class InvalidMeasurement(ImplicitInputError):
    """A measurement or picture that is not an array of finite numbers of the operator's shape."""

    type = "invalid-measurement"
    title = "The measurement is not valid"


class InvalidContext(ImplicitInputError):
    """A game's context that is not an array of finite numbers of the shape that the game has."""

    type = "invalid-context"
    title = "The context is not valid"


class InvalidProgram(ImplicitInputError):
    """A linear or quadratic program that no layer can be made of."""

    type = "invalid-program"
    title = "The program is not valid"


class UnsuitableNetwork(ImplicitInputError):
    """A network that was trained for another operator, another game or other sizes."""

    type = "unsuitable-network"
    title = "The network does not go with the question"
