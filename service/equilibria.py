"""Equilibria's straight line, for the HTTP API and the command alike:

question ──model──▶ EquilibriumNetwork and its game ──find_equilibrium──▶ EquilibriumAnswer
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.arrays import Matrix
from service.equilibrium_questions import EquilibriumQuestion, Seeking
from service.errors import QuestionTooLarge
from service.kinds import Kind, require_kind
from service.named_models import Find, NamedModels, identity, loaded
from service.question_limits import raise_limit
from service.recent import Recent
from service.settings import Settings
from solvers.implicit.errors import UnsuitableNetwork
from solvers.implicit.games.finding import Equilibrium, EquilibriumOptions, find_equilibrium
from solvers.implicit.games.game import Game
from solvers.implicit.games.stored import load_equilibrium_network

_RANGES = 8
"""That a note says of a context's numbers."""


@dataclass(frozen=True)
class UsedEquilibriumNetwork:
    """Which network predicted."""

    name: str
    version: str


@dataclass(frozen=True, eq=False)
class EquilibriumAnswer:
    """Attributes:
    found: equilibria and measures, of B contexts.
    game: whose they are.
    seconds: wall time.
    shortfall: a sentence, where a gap was asked for that is not proved of all.
    outside: a sentence, where contexts are outside the box that the network was trained on.
    is_unproved_outside: whether one of those has no gap within what the network states, or was asked for.
    """

    found: Equilibrium
    game: Game
    model: UsedEquilibriumNetwork
    seconds: float
    shortfall: str | None = None
    outside: str | None = None
    is_unproved_outside: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, a sentence each."""
        return tuple(note for note in (self.outside, self.shortfall) if note is not None)


class EquilibriumFinder:
    """Answers questions; keeps the networks that were last asked for.

    Args:
        settings: limits, and where the registry is.
        find: what finds models; by default the registry's names, never paths.
        limited: whether the limits hold that protect a server.
    """

    def __init__(self, settings: Settings, find: Find | None = None, *, limited: bool = True) -> None:
        self._settings = settings
        self._models = NamedModels(settings, find)
        self._limited = limited
        self._networks: Recent[Path, Any] = Recent(settings.loaded_models)

    def answer(self, question: EquilibriumQuestion) -> EquilibriumAnswer:
        """The equilibria of all contexts.

        Raises:
            ImplicitInputError, RegistryError, ServiceError: the question is refused.
        """
        started = perf_counter()
        question.seeking.check(self._settings, limited=self._limited)
        contexts = np.atleast_2d(question.contexts)
        if self._limited and len(contexts) > self._settings.max_contexts:
            raise QuestionTooLarge(
                f"there are more than {self._settings.max_contexts:,} contexts",
                hint=f"send them in several requests, or {raise_limit('MAX_CONTEXTS')}",
            )
        folder = self._models.folder(question.model, Kind.EQUILIBRIUM)
        require_kind(folder, question.model, Kind.EQUILIBRIUM)
        used = UsedEquilibriumNetwork(*identity(folder))
        network = self._networks.get(folder, lambda: loaded(load_equilibrium_network, folder))
        if question.seeking.gap is not None and not network.game.is_known:
            raise UnsuitableNetwork(
                f"{used.name}@{used.version} knows only equilibria of its game: no gap can be proved",
                hint="leave gap out",
            )
        options = self._options(question.seeking)
        checked = network.game.check(contexts)
        found = find_equilibrium(network, checked, options)
        far = network.game.outside(checked)
        promised = max(network.stated_gap or 0.0, question.seeking.gap or 0.0)
        unproved = far & ~(found.gap <= promised)
        return EquilibriumAnswer(
            found,
            network.game,
            used,
            seconds=perf_counter() - started,
            shortfall=shortfall(found, question.seeking),
            outside=outside(network.game, checked, far, unproved, promised),
            is_unproved_outside=bool(unproved.any()),
        )

    def _options(self, seeking: Seeking) -> EquilibriumOptions:
        said = {
            "max_iterations": seeking.max_iterations,
            "tolerance": seeking.tolerance,
            "gap": seeking.gap,
            "time_limit": self._settings.solve_seconds if seeking.time_limit is None else seeking.time_limit,
        }
        given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        return EquilibriumOptions(**given)


def shortfall(found: Equilibrium, seeking: Seeking) -> str | None:
    """A sentence on the contexts whose gap is not proved; None where all are, or none was asked for."""
    if seeking.gap is None:
        return None
    missing = ~(found.gap <= seeking.gap)
    if not missing.any():
        return None
    largest = float(np.max(found.gap))
    known = f"of those at most {largest:.2g} is" if np.isfinite(largest) else "of some nothing is"
    steps = found.continuation_iterations[missing]
    went_on, taken = int(np.sum(steps > 0)), np.array(found.provenance)[missing] == "solved"
    return (
        f"a gap of {seeking.gap:g} is not proved for {len(steps):,} of {len(found.gap):,} ({known}); "
        f"the classical method went on with {went_on:,} of them, by at most {int(np.max(steps)):,} steps, "
        f"and has the better answer for {int(np.sum(taken)):,}"
    )


def outside(
    game: Game, contexts: Matrix, far: NDArray[np.bool_], unproved: NDArray[np.bool_], promised: float
) -> str | None:
    """A sentence on the contexts that are not such as the network was trained on; None where all are.

    Args:
        far, unproved: which are outside the game's box, and which of those have no gap of at most `promised`.
    """
    if not far.any():
        return None
    beyond: list[bool] = np.any(
        (contexts < game.context_lower) | (contexts > game.context_upper), axis=0
    ).tolist()
    ranges = [
        f"{name} from {lower:g} to {upper:g}"
        for name, lower, upper, is_meant in zip(
            game.context_names, game.context_lower, game.context_upper, beyond, strict=True
        )
        if is_meant
    ]
    said = (
        f"{int(far.sum()):,} of {len(far):,} contexts are outside what the network was trained on "
        f"({', '.join(ranges[:_RANGES] + ['…'] * (len(ranges) > _RANGES))}): there its prediction is a guess"
    )
    missing = int(unproved.sum())
    if not missing:
        return f"{said}, but the gap is proved to be at most {promised:g}"
    if not game.is_known:
        return f"{said}, and nothing can be proved of it"
    if not promised:
        return f"{said}, and no gap is promised"
    return f"{said}, and a gap of {promised:g} is not proved for {missing:,} of them"
