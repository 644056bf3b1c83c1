"""From contexts to equilibria: predict, make feasible, prove, and where asked go on to a proved gap."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from solvers.implicit.fixed_point import Picard, relative_residual
from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.game import Game, Matrix, Vector
from solvers.iteration import TerminationReason, iterate

Counts = NDArray[np.int64]

_PREDICTING = 0.5
"""The share of the time that the network may take where a classical method is to go on."""
_AT_ONCE = 1 << 16
"""Numbers of the answers that the classical method goes on from together, between two looks at the clock."""


@dataclass(frozen=True)
class EquilibriumOptions:
    """Attributes:
    max_iterations: of the network's fixed point.
    tolerance: of its relative residual.
    gap: go on by a classical method from the prediction until the gap is proved to be at most this; None:
        the prediction as it is.
    time_limit: seconds in all.
    """

    max_iterations: int = 1000
    tolerance: float = 1e-5
    gap: float | None = None
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        """Raises:
        ValueError: a number makes no sense.
        """
        if self.max_iterations < 0:
            raise ValueError("max_iterations must not be negative")
        for name in ("tolerance", "time_limit") if self.gap is None else ("tolerance", "time_limit", "gap"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a positive number")


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Answers to B contexts.

    Attributes:
        value: shape (B, n), feasible.
        gap: at least the answer's gap in the game itself, shape (B,); NaN where the game is not known.
        conservation: how far the answer is from what it must add up to, relative, shape (B,).
        iterations, continuation_iterations: of the network and of the classical method, shape (B,) int64.
        residual: of the network's fixed point, relative, shape (B,).
        reasons, converged: how the network's fixed point ended, and whether what was asked was come to: the
            gap, or without one the fixed point.
        provenance: whose the value is. "predicted", the network's; "certified", the network's with a gap
            proved to be at most what is asked (without: what its card states); "solved", the classical
            method's, which is only given where its gap is smaller than the network's: that it is proved to be
            at most what is asked, `converged` says.
    """

    value: Matrix
    gap: Vector
    conservation: Vector
    iterations: Counts
    continuation_iterations: Counts
    residual: Vector
    reasons: tuple[TerminationReason, ...]
    converged: tuple[bool, ...]
    provenance: tuple[str, ...]


def find_equilibrium(
    network: EquilibriumNetwork, contexts: object, options: EquilibriumOptions | None = None
) -> Equilibrium:
    """Answers to contexts, shape (B, d) or (d,).

    Raises:
        InvalidContext: they are not of the game's.
        ValueError: a gap is asked of a game that is not known.
    """
    options = options or EquilibriumOptions()
    game = network.game
    if options.gap is not None and not game.is_known:
        raise ValueError("a gap can only be proved where the game itself is known, not only pairs of it")
    deadline = time.monotonic() + options.time_limit
    checked = game.check(contexts)
    if options.gap is None:
        return _predicted(network, checked, options, deadline)
    found = _predicted(network, checked, options, deadline - (1.0 - _PREDICTING) * options.time_limit)
    return _continued(game, checked, found, options.gap, deadline)


def _predicted(
    network: EquilibriumNetwork, contexts: Matrix, options: EquilibriumOptions, deadline: float
) -> Equilibrium:
    with torch.no_grad():
        given = network.given(torch.from_numpy(contexts))
        f, start = network.map(given)
        solver = Picard(options.tolerance)
        run = iterate(solver, f, start, max_iterations=options.max_iterations, deadline=deadline)
        raw = network.answer(run.value.reshape(network.start(given).shape), *given).double().numpy()
    value = network.game.feasible(contexts, raw)
    gap = network.game.gap(contexts, value)
    wanted = options.gap if options.gap is not None else network.stated_gap
    proved = np.zeros(len(gap), dtype=bool) if wanted is None else gap <= wanted
    reached = [reason == TerminationReason.CONVERGED for reason in run.reasons]
    return Equilibrium(
        value=value,
        gap=gap,
        conservation=network.game.conservation(contexts, value),
        iterations=run.iterations.numpy(),
        continuation_iterations=np.zeros(len(value), dtype=np.int64),
        residual=relative_residual(run.state).double().numpy(),
        reasons=run.reasons,
        converged=tuple(reached) if options.gap is None else tuple(proved.tolist()),
        provenance=tuple("certified" if item else "predicted" for item in proved),
    )


def _continued(
    game: Game, contexts: Matrix, found: Equilibrium, wanted: float, deadline: float
) -> Equilibrium:
    """Those that are not proved yet, by the classical method; an answer is only replaced by a better one."""
    open_items = np.flatnonzero(~(found.gap <= wanted))
    value, gap, steps = found.value.copy(), found.gap.copy(), found.continuation_iterations.copy()
    provenance = np.array(found.provenance, dtype=object)
    count = max(1, _AT_ONCE // game.equilibrium_size)
    for first in range(0, len(open_items), count):
        if time.monotonic() >= deadline:
            break
        items = open_items[first : first + count]
        part = contexts[items]
        went_on = game.continue_from(part, value[items], gap=wanted, deadline=deadline)
        continued = game.feasible(part, went_on.value)
        proved = game.gap(part, continued)
        better = proved < gap[items]
        taken = items[better]
        value[taken], gap[taken], provenance[taken] = continued[better], proved[better], "solved"
        steps[items] = went_on.iterations
    return replace(
        found,
        value=value,
        gap=gap,
        conservation=game.conservation(contexts, value),
        continuation_iterations=steps,
        converged=tuple((gap <= wanted).tolist()),
        provenance=tuple(provenance.tolist()),
    )
