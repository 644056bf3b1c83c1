"""Sparse recovery's straight line, for the HTTP API and the command alike:

question ──dictionary──▶ PreparedDictionary ──method──▶ options, network ──recover──▶ SparseAnswer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from service.arrays import Matrix
from service.errors import InvalidRequest
from service.kinds import Kind, require_kind
from service.named_models import Find, NamedModels, identity, loaded
from service.recent import Recent
from service.settings import Settings
from service.shortfall import shortfall
from service.sparse_models import UsedModel, numbers_of, trained_network
from service.sparse_questions import LAYERS, VARIANT, Method, SparseQuestion, check_sizes
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.recovery import PreparedDictionary, Recovery, RecoveryOptions, prepare, recover
from solvers.sparse.stored import load_dictionary, load_network
from solvers.sparse.variants import VARIANTS, untrained

SAFEGUARD = "fista"
"""The method whose codes stand in the place of learned ones that went astray."""


@dataclass(frozen=True)
class UsedDictionary:
    """Which dictionary: by name and version where it has them, always by the hash of its content."""

    name: str | None
    version: str | None
    sha256: str
    rows: int
    columns: int


@dataclass(frozen=True, eq=False)
class SparseAnswer:
    """Attributes:
    recovery: codes and measures, of B measurements.
    model: what found them.
    seconds: wall time, the preparation of a dictionary that is new included.
    shortfall: a sentence, where a duality gap was asked for that is not proved of all.
    """

    recovery: Recovery
    model: UsedModel
    dictionary: UsedDictionary
    seconds: float
    shortfall: str | None = None


@dataclass(frozen=True, eq=False)
class _Served:
    prepared: PreparedDictionary
    used: UsedDictionary


class SparseRecoverer:
    """Answers questions; keeps the dictionaries that were last asked for.

    Args:
        settings: limits, and where the registry is.
        find: the folder that a name stands for; by default names of the registry, never paths.
        limited: whether the limits hold that protect a server.
    """

    def __init__(self, settings: Settings, find: Find | None = None, *, limited: bool = True) -> None:
        self._settings = settings
        self._models = NamedModels(settings, find)
        self._limited = limited
        self._dictionaries: Recent[Path, _Served] = Recent(settings.loaded_models)
        self._networks: Recent[tuple[Path, str], LayeredNetwork[Any]] = Recent(settings.loaded_models)

    def answer(
        self, question: SparseQuestion, advance: Callable[[int], None] = lambda count: None
    ) -> SparseAnswer:
        """The codes of all measurements; `advance` is told how many more are done.

        Raises:
            SparseInputError, RegistryError, ServiceError: the question is refused.
        """
        started = perf_counter()
        question.method.check(self._settings, limited=self._limited)
        measurements = np.atleast_2d(question.measurements)
        served = self._dictionary(question.dictionary, len(measurements))
        options, network, model = self._method(question.method.named(), served)
        began = perf_counter()
        recovery = recover(served.prepared, measurements, options, network, advance)
        ended = perf_counter()
        if any(recovery.replaced):
            model = replace(model, replaced_by=SAFEGUARD)
        missed = shortfall(recovery, options, ended - began)
        return SparseAnswer(recovery, model, served.used, ended - started, missed)

    def _dictionary(self, asked: Matrix | str, measurements: int) -> _Served:
        if isinstance(asked, str):
            folder = self._models.folder(asked, Kind.DICTIONARY)
            served = self._dictionaries.get(folder, lambda: _registered(folder, asked))
            self._check_sizes(served.used.rows, served.used.columns, measurements)
            return served
        if asked.ndim == 2:
            self._check_sizes(asked.shape[0], asked.shape[1], measurements)
        return _served(Dictionary.of(asked), None, None)

    def _check_sizes(self, rows: int, columns: int, measurements: int) -> None:
        if self._limited:
            check_sizes(rows, columns, measurements, self._settings)

    def _method(
        self, method: Method, served: _Served
    ) -> tuple[RecoveryOptions, LayeredNetwork[Any] | None, UsedModel]:
        """What the solver is given, and what the answer says of it."""
        folder = self._model_folder(method, served)
        if folder is None:
            options = self._options(method, method.variant or VARIANT, LAYERS)
            return options, None, UsedModel(None, None, options.variant, options.layers)
        name, version = identity(folder)
        if (
            require_kind(folder, method.model or name, Kind.SPARSE_NETWORK, Kind.HYPERLISTA)
            is Kind.HYPERLISTA
        ):
            _require_variant(method, ("hyperlista", "hyperlista-full"))
            options = self._options(method, method.variant or VARIANT, LAYERS)
            options = replace(options, numbers=numbers_of(folder))
            return options, None, UsedModel(name, version, options.variant, options.layers)
        network = self._network(folder, served)
        _require_variant(method, (network.variant,))
        options = self._options(method, network.variant, len(network.layers))
        return options, network, UsedModel(name, version, options.variant, options.layers)

    def _model_folder(self, method: Method, served: _Served) -> Path | None:
        """What is named, or what the registry has for variant and dictionary; None where none is needed."""
        if method.model is not None:
            kinds = Kind.SPARSE_NETWORK, Kind.HYPERLISTA
            return self._models.folder(method.model, *kinds)
        variant = VARIANTS[method.variant or VARIANT]
        if variant.name.startswith("hyperlista"):
            return self._models.registry.find("hyperlista").folder
        if not variant.trained:
            return None
        found = trained_network(self._models.registry, variant.name, served.used.sha256)
        if found is None:
            raise untrained(variant.name, served.used.name)
        return found

    def _network(self, folder: Path, served: _Served) -> LayeredNetwork[Any]:
        dictionary = served.prepared.dictionary
        key = folder, served.used.sha256
        return self._networks.get(key, lambda: loaded(load_network, folder, dictionary))

    def _options(self, method: Method, variant: str, layers: int) -> RecoveryOptions:
        return RecoveryOptions(
            variant=variant,
            layers=layers if method.layers is None else method.layers,
            regularization=method.regularization,
            duality_gap=method.duality_gap,
            time_limit=self._settings.solve_seconds if method.time_limit is None else method.time_limit,
        )


def _registered(folder: Path, name: str) -> _Served:
    require_kind(folder, name, Kind.DICTIONARY)
    return _served(loaded(load_dictionary, folder), *identity(folder))


def _served(dictionary: Dictionary, name: str | None, version: str | None) -> _Served:
    used = UsedDictionary(name, version, dictionary.content_hash, dictionary.measurements, dictionary.atoms)
    return _Served(prepare(dictionary), used)


def _require_variant(method: Method, variants: Sequence[str]) -> None:
    if method.variant is not None and method.variant not in variants:
        raise InvalidRequest(
            f"the model is for {' or '.join(variants)}, not for {method.variant}",
            hint="leave variant out, or name another model",
        )
