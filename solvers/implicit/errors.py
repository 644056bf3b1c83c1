"""What can be wrong with a question about a picture or a game, and with what is to be differentiated."""

from __future__ import annotations

from solvers.refused_question import RefusedQuestion


class ImplicitInputError(RefusedQuestion):
    """A question that has no answer as it stands."""

    type = "invalid-question"
    title = "The question is not valid"


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
