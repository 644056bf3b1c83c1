"""`farkas train lista`, whole: dictionary → stream → network or numbers → figures → card → checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runtime.locking import exclusive
from solvers.iteration import AbstractSolver
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.hyperlista import Geometry, HyperLISTA
from solvers.sparse.networks import initial_network, with_parameters
from solvers.sparse.stored import save_network, save_numbers
from training.identity import Identity, claim_folder
from training.sparse.held_out_figures import HeldOut, held_out_figures
from training.sparse.layerwise import STAGES, Layerwise
from training.sparse.layerwise_settings import LayerwiseSettings
from training.sparse.layerwise_state import StageResult
from training.sparse.nmse_plot import plot_nmse
from training.sparse.number_search import SearchSettings, search_numbers
from training.sparse.remaining import Remaining, in_words
from training.sparse.sampling import BernoulliGaussian, Codes, StoredCodes, Stream
from training.sparse.search_journal import SearchJournal
from training.sparse.sparse_card import sparse_card
from training.sparse.untrained_figures import LABELS, untrained_figures

PLOT = "nmse.svg"
_FIRST_THRESHOLD = 0.1
"""Of a network before training; the search for a layer's first threshold replaces it."""

Told = Callable[[int, int, str], None]
"""Called with what is done, of how much, and a line about it."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be trained.

    Attributes:
        dictionary: as it was given.
        variant: a trained one, or hyperlista.
        settings: layers, sparsity and noise count for HyperLISTA too.
        seed: of everything drawn.
        codes: somebody's own, for the dictionary as it was given, shape (N, n); None: drawn.
    """

    dictionary: Dictionary
    variant: str
    settings: LayerwiseSettings
    seed: int = 0
    codes: Tensor | None = None

    def stream(self, dtype: torch.dtype) -> Stream:
        """Raises:
        ValueError: the codes are too few, or zero.
        """
        source: Codes = BernoulliGaussian(self.dictionary.atoms, self.settings.sparsity)
        if self.codes is not None:
            source = StoredCodes.split(self.codes.double() * self.dictionary.norms, self.seed)
        return Stream(self.dictionary.unit.to(dtype), source, self.settings.snr, self.seed)

    def to_json(self) -> dict[str, Any]:
        """What two runs must agree in for one to go on with the other's state."""
        return {
            "variant": self.variant,
            "config": self.settings.model_dump(mode="json"),
            "seed": self.seed,
            "dictionary_sha256": self.dictionary.content_hash,
            "codes_sha256": None if self.codes is None else sha256(self.codes.numpy().tobytes()).hexdigest(),
        }


def train_sparse(
    task: Task,
    folder: Path,
    identity: Identity,
    *,
    search: SearchSettings | None = None,
    told: Told | None = None,
) -> dict[str, Any]:
    """Train a variant, resuming a run in `folder`, and return the figures of its card.

    Raises:
        CheckpointError: the state in `folder` is damaged.
        DifferentRun: `folder` holds a run of other settings, seed or data.
        InUse: another process is training in `folder`.
        ValueError: the codes are too few.
    """
    task.stream(torch.float64)  # what is wrong with the codes is said before the folder is this run's
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, "training"):
        claim_folder(folder, task.to_json())
        figures = (
            _numbers(task, folder, identity, search or SearchSettings(), told)
            if task.variant == "hyperlista"
            else _network(task, folder, identity, told)
        )
        beside = {LABELS[name]: other.by_layer for name, other in figures.untrained.items()}
        plot_nmse({task.variant: figures.by_layer}, folder / PLOT, beside=beside)
    return figures.to_json()


def _network(task: Task, folder: Path, identity: Identity, told: Told | None) -> HeldOut:
    settings, exact = task.settings, task.stream(torch.float64)
    start = initial_network(
        task.variant,
        task.dictionary,
        settings.layers,
        threshold=_FIRST_THRESHOLD,
        dtype=torch.float32,
    )

    remaining = Remaining(settings)

    def show(done: int, total: int, last: StageResult) -> None:
        if told is not None:
            figure = "diverged" if last.nmse is None else f"{last.nmse:.1f} dB"
            seconds = remaining.after(last)
            left = f", about {in_words(seconds)} left" if done < total else ""
            stage = f"layer {last.layer}/{settings.layers}, stage {last.stage}/{STAGES}"
            told(done, total, f"{stage}: {figure}{left}")

    network, state = Layerwise(start, task.stream(torch.float32), settings).train(folder, show)
    precise = with_parameters(
        initial_network(task.variant, task.dictionary, settings.layers, threshold=0.0),
        network.parameters(),
        torch.float64,
    )
    figures = _figures(task, precise)
    stages = [asdict(result) for result in state.history]
    seconds = round(sum(result.seconds for result in state.history), 1)
    card = sparse_card(
        identity,
        exact,
        settings=settings.model_dump(mode="json"),
        told={"seconds": seconds, "stages": stages},
        figures=figures,
        bound=True,
    )
    save_network(folder, network, task.dictionary, card)
    return figures


def _numbers(
    task: Task, folder: Path, identity: Identity, search: SearchSettings, told: Told | None
) -> HeldOut:
    layers, stream = task.settings.layers, task.stream(torch.float64)

    def show(done: int, total: int, least: float) -> None:
        if told is not None:
            part = "grid" if done <= len(search.grid) else "refinement"
            told(done, total, f"{part}: best {least:.1f} dB")

    geometry = Geometry.analytic(task.dictionary.unit)
    coarse = geometry.to(torch.float32)
    journal = SearchJournal.of(folder, {"layers": layers, **search.model_dump(mode="json")})
    found = search_numbers(coarse, task.stream(torch.float32), layers, search, show, journal)
    solver = HyperLISTA(geometry, found.numbers)
    figures = _figures(task, solver)
    data = {"layers": layers, "sparsity": task.settings.sparsity, "snr": task.settings.snr}
    card = sparse_card(
        identity,
        stream,
        settings={**data, **search.model_dump(mode="json")},
        told={"search": asdict(found)},
        figures=figures,
        bound=False,
    )
    save_numbers(folder, found.numbers, {**card, "dictionary_sha256": task.dictionary.content_hash})
    return figures


def _figures(task: Task, solver: AbstractSolver[Any, Any]) -> HeldOut:
    """Of a solver, in float64, with what needs no training beside it."""
    stream, layers, size = task.stream(torch.float64), task.settings.layers, task.settings.test_size
    beside = untrained_figures(task.dictionary, stream, layers, size)
    return replace(held_out_figures(solver, stream, layers, size), untrained=beside)
