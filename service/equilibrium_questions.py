"""What can be asked of equilibria, over HTTP and by the command alike; torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.arrays import Matrix
from service.errors import InvalidRequest
from service.question_limits import check_iterations, check_time, is_positive
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Seeking:
    """How equilibria are to be found.

    Attributes:
        gap: go on from the prediction until the gap is proved to be at most this; None for the prediction.
        max_iterations, tolerance: of the network's own iteration; None for the usual ones.
        time_limit: seconds; None for what the settings give.
    """

    gap: float | None = None
    max_iterations: int | None = None
    tolerance: float | None = None
    time_limit: float | None = None

    def check(self, settings: Settings, *, limited: bool = True) -> None:
        """Refuse what makes no sense for any game and, if `limited`, what is beyond a server's limits.

        Raises:
            InvalidRequest, QuestionTooLarge
        """
        for name in ("gap", "tolerance"):
            value = getattr(self, name)
            if value is not None and not is_positive(value):
                raise InvalidRequest(f"{name}: a positive number")
        check_iterations(self.max_iterations, settings, limited=limited)
        check_time(self.time_limit, settings, limited=limited)


@dataclass(frozen=True, eq=False)
class EquilibriumQuestion:
    """Attributes:
    model: a network of the registry, whose game is meant: `name` or `name@version`.
    contexts: one, shape (d,), or many, shape (B, d).
    seeking: how.
    """

    model: str
    contexts: Matrix
    seeking: Seeking = field(default_factory=Seeking)
