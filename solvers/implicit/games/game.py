"""What is known of a game: the shape of its context and of its equilibrium, and what proves one.

A game's gap function is never negative and zero at equilibria alone; it is computed in float64 from the
game's own data, rounded outwards, and knows neither a network nor how an answer was come by.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.errors import InvalidContext
from solvers.linear.residuals import rounding_factor

_NAMES = 64
"""Of a context's numbers, that an error lists."""
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Continued:
    """What a classical method made of B answers.

    Attributes:
        value: shape (B, n).
        iterations: shape (B,) int64.
    """

    value: Matrix
    iterations: NDArray[np.int64]


class Game(ABC):
    """A family of games, one for each context.

    Attributes:
        name: of the kind.
        gap_name: what its gap function is called.
        context_names: of the d numbers of a context.
        context_lower, context_upper: the box that contexts are drawn from, shape (d,).
        equilibrium_shape: of an answer, whose n numbers come flat.
        observed_size: numbers of an answer that are observed in training (`observe`).
    """

    name: ClassVar[str]
    gap_name: ClassVar[str]
    context_names: tuple[str, ...]
    context_lower: Vector
    context_upper: Vector
    equilibrium_shape: tuple[int, ...]
    observed_size: int

    @property
    def context_size(self) -> int:
        return len(self.context_names)

    @property
    def equilibrium_size(self) -> int:
        return int(np.prod(self.equilibrium_shape))

    @property
    @abstractmethod
    def is_known(self) -> bool:
        """Whether the game itself is, and not only equilibria of it; without it no gap can be computed."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """JSON, from which with `tensors` `stored_game.make_game` makes it again."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """The game's own numbers, float64."""

    @abstractmethod
    def gap(self, context: Matrix, equilibrium: Matrix) -> Vector:
        """An upper bound of the gap of B answers, shape (B,), of contexts (B, d) and answers (B, n).

        ∞ where nothing is proved, as of answers that are not feasible; NaN where the game is not known.
        """

    @abstractmethod
    def conservation(self, context: Matrix, equilibrium: Matrix) -> Vector:
        """How far each answer is from what it must add up to, relative, shape (B,)."""

    @abstractmethod
    def feasible(self, context: Matrix, raw: Matrix) -> Matrix:
        """Answers (B, n) made feasible to rounding; one that is not finite becomes the plainest there is."""

    @abstractmethod
    def observe(self, equilibrium: Matrix) -> Matrix:
        """What is observed of answers (B, n), shape (B, observed_size)."""

    @abstractmethod
    def continue_from(
        self, context: Matrix, start: Matrix | None, *, gap: float, deadline: float | None = None
    ) -> Continued:
        """By a classical method from answers (B, n), None: from none, until the gap is at most `gap`.

        The game must be known. What was come to is returned, whether it got there or not.

        Args:
            deadline: of `time.monotonic()`.
        """

    def check(self, contexts: object) -> Matrix:
        """B contexts, shape (B, d) float64; one alone, shape (d,), counts as B = 1.

        Raises:
            InvalidContext: they are no finite numbers of that shape, or the game has no meaning there.
        """
        try:
            array = np.array(contexts, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidContext("a context is a list of numbers") from error
        array = array[None] if array.ndim == 1 else array
        if array.ndim != 2 or array.shape[1] != self.context_size:
            raise InvalidContext(
                f"contexts have the shape {'×'.join(map(str, np.shape(array))) or 'of a single number'}",
                hint=f"a context of this game has {self.context_size} numbers: {_named(self.context_names)}",
            )
        if not np.isfinite(array).all():
            raise InvalidContext("a context holds NaN or infinity")
        self.refuse(array)
        return array

    @abstractmethod
    def refuse(self, contexts: Matrix) -> None:
        """Raises:
        InvalidContext: the game has no meaning at one of these finite contexts.
        """

    def outside(self, contexts: Matrix) -> NDArray[np.bool_]:
        """Which of B contexts are outside the box, shape (B,)."""
        beyond = (contexts < self.context_lower) | (contexts > self.context_upper)
        return np.asarray(beyond.any(axis=1))

    def draw(self, generator: np.random.Generator, count: int) -> Matrix:
        """Contexts uniform in the box, shape (count, d)."""
        return generator.uniform(self.context_lower, self.context_upper, (count, self.context_size))


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMES else f"{', '.join(names[:_NAMES])}, … {names[-1]}"


def rounding(terms: int) -> float:
    """γ for a sum of so many terms (`solvers.linear.residuals`)."""
    return float(rounding_factor(np.array([terms]))[0])
