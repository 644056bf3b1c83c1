"""Pictures from measurements by any of the methods, each picture with how its run ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.errors import InvalidMeasurement, UnsuitableNetwork
from solvers.implicit.fixed_point import Anderson, FixedPointMethod, Map, Picard, relative_residual
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.methods import METHODS
from solvers.implicit.imaging.plug_and_play import plug_and_play_map
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork
from solvers.implicit.imaging.total_variation import TotalVariation, TotalVariationProblem
from solvers.iteration import Solution, TerminationReason, iterate

__all__ = ["METHODS", "Reconstruction", "ReconstructionOptions", "reconstruct"]

Numbers = NDArray[np.float64]

DEFAULT_ITERATIONS = {"zero-filled": 0, "total-variation": 2000, "plug-and-play": 60, "network": 100}
DEFAULT_TOLERANCES = {"zero-filled": 0.0, "total-variation": 1e-3, "plug-and-play": 1e-3, "network": 1e-4}
DEFAULT_REGULARIZATION = {"total-variation": 3e-3, "plug-and-play": 0.02}
_PATIENCE = 20


@dataclass(frozen=True)
class ReconstructionOptions:
    """Attributes:
    method: a key of `METHODS`.
    max_iterations: None for the method's own; an unrolled network takes its depth.
    tolerance: of the fixed point's relative residual; for total variation, of the proved gap as a share
        of the objective.
    regularization: λ of total variation, the denoiser's strength of plug-and-play; None: the method's own.
    time_limit: seconds; looked at between iterations.
    """

    method: str = "network"
    max_iterations: int | None = None
    tolerance: float | None = None
    regularization: float | None = None
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"no method {self.method!r}: {', '.join(METHODS)}")
        if self.max_iterations is not None and self.max_iterations < 0:
            raise ValueError("max_iterations must not be negative")
        for name in ("tolerance", "regularization", "time_limit"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} must be positive and finite")

    @property
    def iterations(self) -> int:
        return DEFAULT_ITERATIONS[self.method] if self.max_iterations is None else self.max_iterations

    @property
    def asked_tolerance(self) -> float:
        return DEFAULT_TOLERANCES[self.method] if self.tolerance is None else self.tolerance

    @property
    def weight(self) -> float:
        return DEFAULT_REGULARIZATION[self.method] if self.regularization is None else self.regularization


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """B pictures.

    Attributes:
        images: (B, 1, H, W) float32 in [0, 1].
        residual, relative_residual: ‖Ax − y‖₂ of the pictures, and over ‖y‖₂; (B,).
        iterations: (B,) int64.
        reasons: how each picture's run ended.
        converged: whether it met the tolerance.
        provenance: "computed" (a classical method's), "predicted" (a network's), or "certified": the proved
            gap is within the tolerance.
        fixed_point_residual: ‖f(x) − x‖₂ / ‖f(x)‖₂, where the method has a fixed point; (B,).
        objective, duality_gap: of total variation, of the pictures as they are: the objective, rounded up,
            and a proved bound on how far it is above the least; (B,).
    """

    images: Tensor
    residual: Numbers
    relative_residual: Numbers
    iterations: NDArray[np.int64]
    reasons: tuple[TerminationReason, ...]
    converged: tuple[bool, ...]
    provenance: tuple[str, ...]
    fixed_point_residual: Numbers | None = None
    objective: Numbers | None = None
    duality_gap: Numbers | None = None


@dataclass(frozen=True, eq=False)
class _Found:
    images: Tensor
    iterations: Tensor
    reasons: tuple[TerminationReason, ...]
    provenance: tuple[str, ...]
    fixed_point_residual: Tensor | None = None
    objective: Tensor | None = None
    gap: Tensor | None = None


def reconstruct(
    operator: ForwardOperator,
    measurements: Tensor,
    options: ReconstructionOptions | None = None,
    network: ReconstructionNetwork | None = None,
) -> Reconstruction:
    """The pictures of B measurements of the operator.

    Raises:
        InvalidMeasurement: the measurements are not finite numbers of the operator's shape.
        UnsuitableNetwork: the method needs a network, and there is none or one for another operator.
    """
    options = options or ReconstructionOptions()
    y = operator.check_measurements(measurements).detach().cpu()
    y = y.to(torch.complex128 if y.is_complex() else torch.float64)
    if not bool(torch.isfinite(y.to(torch.complex64 if y.is_complex() else torch.float32)).all()):
        raise InvalidMeasurement("the measurement holds entries that are too large")
    with torch.no_grad():
        if options.method == "network":
            found = _by_network(operator, y, options, suitable(operator, network))
        else:
            found = _CLASSICAL[options.method](operator, y, options)
        return _told(operator, y, found)


def suitable(operator: ForwardOperator, network: ReconstructionNetwork | None) -> ReconstructionNetwork:
    """The network, if it was trained for such an operator; masks may differ by their seed.

    Raises:
        UnsuitableNetwork: there is none, or it was trained for another operator.
    """
    if network is None:
        raise UnsuitableNetwork("the method `network` needs a network", hint="name one, or another method")
    trained = network.card.get("operator")
    given = operator.description()
    if trained is not None and _without_seed(trained) != _without_seed(given):
        raise UnsuitableNetwork(
            f"the network was trained for {_words(trained)}, and the measurement is of {_words(given)}"
        )
    return network


def _without_seed(description: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in description.items() if name != "seed"}


def _words(description: Mapping[str, Any]) -> str:
    parts = [
        f"{name} of one's own" if isinstance(value, list) else f"{name} {value}"
        for name, value in _without_seed(description).items()
        if name != "kind"
    ]
    return f"{description.get('kind')} ({', '.join(parts)})"


def _told(operator: ForwardOperator, y: Tensor, found: _Found) -> Reconstruction:
    images = found.images.float().clamp(0.0, 1.0)
    residual = torch.linalg.vector_norm((operator.apply(images.double()) - y).flatten(1), dim=1)
    size = torch.linalg.vector_norm(y.flatten(1), dim=1).clamp(min=torch.finfo(torch.float64).tiny)
    return Reconstruction(
        images=images,
        residual=residual.numpy(),
        relative_residual=(residual / size).numpy(),
        iterations=found.iterations.numpy().astype(np.int64),
        reasons=found.reasons,
        converged=tuple(reason is TerminationReason.CONVERGED for reason in found.reasons),
        provenance=found.provenance,
        fixed_point_residual=_numbers(found.fixed_point_residual),
        objective=_numbers(found.objective),
        duality_gap=_numbers(found.gap),
    )


def _numbers(values: Tensor | None) -> Numbers | None:
    return None if values is None else values.double().numpy()


def _start(operator: ForwardOperator, y: Tensor) -> Tensor:
    return operator.classical_inverse(y).clamp(0.0, 1.0)


def _zero_filled(operator: ForwardOperator, y: Tensor, options: ReconstructionOptions) -> _Found:
    count = len(y)
    nothing = torch.zeros(count, dtype=torch.int64)
    reasons = (TerminationReason.CONVERGED,) * count
    return _Found(_start(operator, y), nothing, reasons, ("computed",) * count)


def _total_variation(operator: ForwardOperator, y: Tensor, options: ReconstructionOptions) -> _Found:
    problem = TotalVariationProblem(operator, y, options.weight)
    found = iterate(
        TotalVariation(options.asked_tolerance),
        problem,
        _start(operator, y),
        max_iterations=options.iterations,
        deadline=time.monotonic() + options.time_limit,
    )
    proved = [
        "certified" if reason is TerminationReason.CONVERGED else "computed" for reason in found.reasons
    ]
    return _Found(
        found.value,
        found.iterations,
        found.reasons,
        tuple(proved),
        objective=found.state.objective,
        gap=found.state.gap,
    )


def _plug_and_play(operator: ForwardOperator, y: Tensor, options: ReconstructionOptions) -> _Found:
    f = plug_and_play_map(operator, y, options.weight)
    return _fixed_point(
        Picard(options.asked_tolerance, patience=_PATIENCE), f, operator, y, options, "computed"
    )


def _by_network(
    operator: ForwardOperator, y: Tensor, options: ReconstructionOptions, network: ReconstructionNetwork
) -> _Found:
    f = network.flat_cell(operator, y.to(torch.complex64 if y.is_complex() else torch.float32))
    if network.shape.mode == "equilibrium":
        solver = Anderson(options.asked_tolerance, patience=_PATIENCE)
        return _fixed_point(solver, f, operator, y, options, "predicted")
    if options.max_iterations is None:
        options = replace(options, max_iterations=network.shape.depth)
    return _fixed_point(Picard(0.0), f, operator, y, options, "predicted")  # its steps, all of them


def _fixed_point(
    solver: FixedPointMethod[Any],
    f: Map,
    operator: ForwardOperator,
    y: Tensor,
    options: ReconstructionOptions,
    provenance: str,
) -> _Found:
    start = _start(operator, y).float()
    found: Solution[Any] = iterate(
        solver,
        f,
        start.flatten(1),
        max_iterations=options.iterations,
        deadline=time.monotonic() + options.time_limit,
    )
    residual = relative_residual(found.state)
    reasons = tuple(
        TerminationReason.CONVERGED if met and reason in _LIMITS else reason
        for met, reason in zip((residual <= options.asked_tolerance).tolist(), found.reasons, strict=True)
    )
    images = found.value.reshape(start.shape)
    return _Found(images, found.iterations, reasons, (provenance,) * len(y), fixed_point_residual=residual)


_LIMITS = (TerminationReason.ITERATION_LIMIT, TerminationReason.TIME_LIMIT)
_CLASSICAL = {
    "zero-filled": _zero_filled,
    "total-variation": _total_variation,
    "plug-and-play": _plug_and_play,
}
