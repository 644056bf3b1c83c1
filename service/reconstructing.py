"""Reconstruction's straight line, for the HTTP API and the command alike:

question ──given──▶ pictures or measurements ──operator──▶ y = A x + noise ──methods──▶ ReconstructionAnswer
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from service.degrading import (
    check_projections,
    check_sizes,
    given,
    image_shape,
    measured,
    measurements_of,
    pictures_of,
)
from service.named_models import Find
from service.recent import Recent
from service.reconstruction_networks import Networks, UsedNetwork, differences
from service.reconstruction_questions import (
    NETWORK,
    UNTRAINED,
    Degradation,
    ReconstructionQuestion,
    checked_operator,
)
from service.settings import Settings
from solvers.implicit.errors import InvalidMeasurement
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.quality import psnr, ssim
from solvers.implicit.imaging.reconstruction import Reconstruction, ReconstructionOptions, reconstruct
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork

_KEPT_OPERATORS = 4
_LEAST_SECONDS = 0.05
_SSIM_WINDOW = 7
_SAME_SCALE = 1e-6
_UNEXPLAINED = 0.5
"""The relative residual beyond which a picture says little of its measurement."""


@dataclass(frozen=True, eq=False)
class MethodResult:
    """What one method made of all measurements.

    Attributes:
        model: of the method network, else None.
        psnr, ssim: shape (B,), where the truth is known, else None.
        notes: what should be known before the pictures are trusted, a sentence each.
    """

    method: str
    reconstruction: Reconstruction
    model: UsedNetwork | None
    psnr: NDArray[np.float64] | None
    ssim: NDArray[np.float64] | None
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class ReconstructionAnswer:
    """Attributes:
    results: one a method, in the order asked.
    operator: its description, every parameter said.
    measurements: (B, …), real or complex.
    columns: of a Fourier transform, which were measured, ascending from −W/2; else None.
    truth: (B, H, W) where it is known.
    degradation: how pictures were degraded; None of measurements that were given.
    scale: what a kernel's blur, or line integrals, are divided by to have a norm of at most 1.
    notes: what was done to a file's picture, and of what scale measurements are taken to be.
    seconds: wall time.
    """

    results: tuple[MethodResult, ...]
    operator: dict[str, Any]
    image_shape: tuple[int, int]
    measurements: NDArray[Any]
    columns: NDArray[np.int64] | None
    truth: NDArray[np.float64] | None
    degradation: Degradation | None
    scale: float
    notes: tuple[str, ...]
    seconds: float


class Reconstructor:
    """Answers questions; keeps the operators and networks that were last asked for.

    Args:
        settings: limits, and where the registry is.
        find: what finds models; by default the registry's names, never paths.
        limited: whether the limits hold that protect a server.
    """

    def __init__(self, settings: Settings, find: Find | None = None, *, limited: bool = True) -> None:
        self._settings = settings
        self._limited = limited
        self._operators: Recent[tuple[str, tuple[int, int]], ForwardOperator] = Recent(_KEPT_OPERATORS)
        self._networks = Networks(settings, find)

    def answer(self, question: ReconstructionQuestion) -> ReconstructionAnswer:
        """The pictures, by every method that is asked for.

        Raises:
            ImplicitInputError, InstanceError, RegistryError, ServiceError: the question is refused.
        """
        started = perf_counter()
        question.approach.check(self._settings, limited=self._limited)
        description = checked_operator(question.operator)
        found = given(question, self._settings, limited=self._limited)
        shape = image_shape(question, found.array)
        if self._limited:
            check_sizes(shape, 1, self._settings)
            check_projections(description, shape, self._settings)
        operator = self._operator(description, shape)
        if question.degradation is not None:
            question.degradation.check()
            truth: NDArray[np.float64] | None = found.array
            measurements = measured(operator, found.array, question.degradation)
        else:
            measurements = measurements_of(found.array, operator)
            truth = _truth(question.truth, (len(measurements), *shape))
        if self._limited:
            check_sizes(shape, len(measurements), self._settings)
        results = self._results(question, operator, measurements, truth)
        return ReconstructionAnswer(
            results=results,
            operator=operator.description(),
            image_shape=shape,
            measurements=measurements.numpy(),
            columns=getattr(operator, "columns", None),
            truth=truth,
            degradation=question.degradation,
            scale=operator.scale,
            notes=(*found.notes, *_scale_notes(question, operator)),
            seconds=perf_counter() - started,
        )

    def _operator(self, description: Mapping[str, Any], shape: tuple[int, int]) -> ForwardOperator:
        key = json.dumps(description, sort_keys=True), shape
        return self._operators.get(key, lambda: make_operator(description, shape))

    def _results(
        self,
        question: ReconstructionQuestion,
        operator: ForwardOperator,
        measurements: Tensor,
        truth: NDArray[np.float64] | None,
    ) -> tuple[MethodResult, ...]:
        folder = self._networks.folder_for(question.approach, operator)
        methods = question.approach.methods or (UNTRAINED if folder is None else NETWORK,)
        limit = question.approach.time_limit
        limit = self._settings.solve_seconds if limit is None else limit
        networks = {NETWORK: self._networks.load(folder, operator)} if NETWORK in methods else {}
        began = perf_counter()
        results = []
        for method in methods:
            left = max(limit - (perf_counter() - began), _LEAST_SECONDS)
            network, used = networks.get(method, (None, None))
            options = _options(question, method, left)
            results.append(_result(operator, measurements, truth, options, network, used))
        return tuple(results)


def _scale_notes(question: ReconstructionQuestion, operator: ForwardOperator) -> list[str]:
    """A sentence on measurements that were given, where the operator is not of the scale one has it in."""
    if question.degradation is not None or abs(operator.scale - 1.0) <= _SAME_SCALE:
        return []
    what = "the kernel" if operator.kind == "blur" else "line integrals in pixels"
    return [
        f"the operator is {what} divided by {operator.scale:.9g}, to have a norm of at most 1: "
        "a measurement is taken to be divided by that too"
    ]


def _options(question: ReconstructionQuestion, method: str, seconds: float) -> ReconstructionOptions:
    approach = question.approach
    return ReconstructionOptions(
        method=method,
        max_iterations=approach.max_iterations,
        tolerance=approach.tolerance,
        regularization=approach.regularization,
        time_limit=seconds,
    )


def _result(
    operator: ForwardOperator,
    measurements: Tensor,
    truth: NDArray[np.float64] | None,
    options: ReconstructionOptions,
    network: ReconstructionNetwork | None,
    used: UsedNetwork | None,
) -> MethodResult:
    started = perf_counter()
    found = reconstruct(operator, measurements, options, network)
    seconds = perf_counter() - started
    images = found.images[:, 0].numpy().astype(np.float64)
    notes = [] if used is None else differences(operator.description(), used)
    notes += unexplained(options.method, found)
    if used is not None and used.mode != "unrolled":
        notes += unconverged(options.method, found)
    if truth is None:
        return MethodResult(options.method, found, used, None, None, tuple(notes), seconds)
    quality = np.array([psnr(one, image) for one, image in zip(truth, images, strict=True)])
    likeness = None
    if min(operator.image_shape) >= _SSIM_WINDOW:
        likeness = np.array([ssim(one, image) for one, image in zip(truth, images, strict=True)])
    return MethodResult(options.method, found, used, quality, likeness, tuple(notes), seconds)


def unexplained(method: str, found: Reconstruction) -> list[str]:
    """A sentence on pictures that do not explain what was measured; none where all do."""
    far = int(np.sum(found.relative_residual > _UNEXPLAINED))
    if not far:
        return []
    whose = (
        "the picture does" if len(found.reasons) == 1 else f"{far:,} of {len(found.reasons):,} pictures do"
    )
    return [
        f"{method}: {whose} not explain the measurement, with a relative residual above {_UNEXPLAINED:g}; "
        "pictures lie in [0, 1]: is the measurement of another scale?"
    ]


def unconverged(method: str, found: Reconstruction) -> list[str]:
    """A sentence on pictures that should be fixed points of a network and are none; none where all are."""
    ended = [reason for reason, reached in zip(found.reasons, found.converged, strict=True) if not reached]
    if not ended:
        return []
    how = ", ".join(sorted({reason.name.lower().replace("_", "-") for reason in ended}))
    return [
        f"{method}: {len(ended):,} of {len(found.reasons):,} came to no fixed point ({how}); "
        f"where the picture matters, take {UNTRAINED}, or compare with it"
    ]


def _truth(truth: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    if truth is None:
        return None
    pictures = pictures_of(truth, "truth")
    if pictures.shape != shape:
        raise InvalidMeasurement(
            f"the truth has the shape {'×'.join(map(str, pictures.shape))}, "
            f"the pictures have {'×'.join(map(str, shape))}"
        )
    return pictures
