"""Pairs of contexts and observed equilibria: made by solving a game, or somebody's own from an .npz file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from solvers.implicit.games.game import Game

Matrix = NDArray[np.float64]
FEWEST = 20
"""Of somebody's own pairs."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Attributes:
    contexts: shape (N, d).
    observed: shape (N, o).
    """

    contexts: Matrix
    observed: Matrix


@dataclass(frozen=True, eq=False)
class Split:
    """Attributes:
    training, validation, test: that have no pair in common.
    description: JSON, for the card.
    """

    training: Pairs
    validation: Pairs
    test: Pairs
    description: dict[str, Any]


def solved_pairs(game: Game, sizes: tuple[int, int, int], seed: int, *, gap: float) -> Split:
    """Pairs of a known game for training, validation and test, drawn in its box and solved to `gap`.

    A context whose equilibrium was not come to is left out.
    """
    parts = [_solved(game, size, (seed, part), gap) for part, size in enumerate(sizes)]
    description = {
        "source": "contexts uniform in the game's box, solved",
        "gap_at_most": gap,
        "sizes": [len(part.contexts) for part in parts],
    }
    return Split(parts[0], parts[1], parts[2], description)


def _solved(game: Game, size: int, seed: tuple[int, int], gap: float) -> Pairs:
    contexts = game.draw(np.random.default_rng(seed), size)
    value = game.feasible(contexts, game.continue_from(contexts, None, gap=gap).value)
    good = game.gap(contexts, value) <= gap
    return Pairs(contexts[good], game.observe(value)[good])


def own_pairs(path: Path) -> Pairs:
    """`contexts`, shape (N, d), and `equilibria`, shape (N, o), of an .npz file.

    Raises:
        ValueError: it is no such file, or too small.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = [np.array(file[name], dtype=np.float64) for name in ("contexts", "equilibria")]
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, AttributeError) as error:
        raise ValueError(
            f"{path.name} is no .npz file with the arrays `contexts` and `equilibria`: {error}"
        ) from error
    contexts, observed = arrays
    if contexts.ndim != 2 or observed.ndim != 2 or len(contexts) != len(observed) or not contexts.size:
        raise ValueError("contexts and equilibria are two-dimensional, one row a pair")
    if len(contexts) < FEWEST:
        raise ValueError(f"{len(contexts)} pairs are too few: {FEWEST} at least, and hundreds to be of use")
    if not np.isfinite(contexts).all() or not np.isfinite(observed).all():
        raise ValueError("contexts and equilibria must be finite")
    return Pairs(contexts, observed)


def split_own(pairs: Pairs, seed: int, name: str) -> Split:
    """A tenth for validation and a tenth for test, shuffled by the seed."""
    order = np.random.default_rng((seed, 9)).permutation(len(pairs.contexts))
    held = max(1, len(order) // 10)
    places = (order[2 * held :], order[:held], order[held : 2 * held])
    training, validation, test = (Pairs(pairs.contexts[part], pairs.observed[part]) for part in places)
    description = {"source": f"own pairs, {name}", "sizes": [len(part) for part in places]}
    return Split(training, validation, test, description)
