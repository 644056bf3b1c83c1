"""The layers, run for measurements of one dictionary: whichever variant, in the precision that it bears.

HyperLISTA commutes with scaling the measurements: θ follows the residual, and the momentum and the support
depend on ratios alone. It gets them scaled to about one, so that float32 holds them whatever their unit. The
layers of trained variants have thresholds in the unit of what they were trained on, and get measurements as
they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver, iterate
from solvers.sparse.alista import ALISTA
from solvers.sparse.errors import ShapeMismatch, SparseInputError
from solvers.sparse.hyperlista import HyperLISTA, HyperState
from solvers.sparse.hyperlista_full import HyperLISTAFull
from solvers.sparse.ista import FISTA, ISTA
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.networks import first_layers, with_parameters
from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import SparseProblem
from solvers.sparse.recovery_options import RecoveryOptions
from solvers.sparse.scaled_batch import ScaledBatch
from solvers.sparse.variants import VARIANTS, untrained

_SINGLE_LAYERS = 12
_SINGLE_RANGE = 1e15


def predicted(
    prepared: PreparedDictionary,
    batch: ScaledBatch,
    options: RecoveryOptions,
    network: LayeredNetwork[Any] | None,
) -> tuple[Tensor, int]:
    """The code x' after the layers, shape (B, n) float64, and the products with A that it cost.

    A code that is no longer finite is the last that was.
    """
    if options.variant in ("ista", "fista"):
        method = ISTA if options.variant == "ista" else FISTA
        solver = method(prepared.lipschitz, options.duality_gap or 0.0)
        return _run(solver, batch.problem, options.layers), method.products_of_a_step * options.layers
    if options.variant in ("hyperlista", "hyperlista-full"):
        numbers = options.numbers.on(*prepared.dictionary.matrix.shape)
        unit = _hyperlista(prepared, batch.problem.measurements, replace(options, numbers=numbers))
        return unit / prepared.scaled_norms, HyperLISTA.products_of_a_step * options.layers
    assert network is not None
    layers = first_layers(network, options.layers)
    return _trained(prepared, batch, options, layers), layers.products_of_a_step * options.layers


def check_network(
    prepared: PreparedDictionary, options: RecoveryOptions, network: LayeredNetwork[Any] | None
) -> None:
    """Raises:
    UntrainedVariant, TooManyLayers, ShapeMismatch, SparseInputError: it is not the network of the question.
    """
    if not VARIANTS[options.variant].trained:
        if network is not None:
            raise SparseInputError(f"{options.variant} takes no trained network")
        return
    if network is None:
        raise untrained(options.variant)
    if network.variant != options.variant:
        raise SparseInputError(f"the network is {network.variant}, not {options.variant}")
    first_layers(network, options.layers)
    shape = tuple(prepared.dictionary.matrix.shape)
    for weight in _matrices(network):
        if tuple(weight.shape) != shape:
            raise ShapeMismatch(
                f"the network is for a dictionary of shape {tuple(weight.shape)}, this is {shape}"
            )


def _matrices(network: LayeredNetwork[Any]) -> list[Tensor]:
    """Those of its numbers that have the dictionary's shape."""
    names = ("weight", "input_weight")
    parts = network.parameters().items()
    found = [value for name, value in parts if name.rpartition(".")[2] in names]
    return [*found, network.weight] if isinstance(network, ALISTA) else found


def _trained(
    prepared: PreparedDictionary, batch: ScaledBatch, options: RecoveryOptions, network: LayeredNetwork[Any]
) -> Tensor:
    b = torch.from_numpy(batch.given)
    largest = b.abs().amax(1)
    single = (largest > 1.0 / _SINGLE_RANGE) & (largest < _SINGLE_RANGE)
    if options.precision == "double":
        single = torch.zeros_like(single)
    x = torch.zeros(len(b), prepared.dictionary.atoms, dtype=torch.float64)
    for dtype, chosen in ((torch.float32, single), (torch.float64, ~single)):
        if chosen.any():
            solver = with_parameters(network, network.parameters(), dtype)
            problem = SparseProblem(prepared.unit(dtype), b[chosen].to(dtype))
            x[chosen] = _run(solver, problem, options.layers).double()
    return batch.from_given(x / prepared.dictionary.norms)


def _hyperlista(prepared: PreparedDictionary, measurements: Tensor, options: RecoveryOptions) -> Tensor:
    """x' · ‖a'_j‖, in float32 first where that loses nothing."""
    if options.variant == "hyperlista-full":
        full = HyperLISTAFull(prepared.geometry, options.numbers)
        return _run(full, _unit_problem(prepared, measurements), options.layers)
    single = options.precision == "single" or (options.precision == "mixed" and prepared.bears_single)
    first = 0 if not single else min(options.layers, _SINGLE_LAYERS)
    if options.precision == "single":
        first = options.layers
    state = None
    if first:
        solver = HyperLISTA(prepared.single_geometry, options.numbers)
        problem = _unit_problem(prepared, measurements, torch.float32)
        state = iterate(solver, problem, None, max_iterations=first).state
    if first == options.layers:
        assert state is not None
        return state.x.double()
    resumed = _ResumedHyperLISTA(prepared.geometry, options.numbers)
    problem = _unit_problem(prepared, measurements)
    return _run(resumed, problem, options.layers - first, state)


class _ResumedHyperLISTA(HyperLISTA):
    """HyperLISTA that goes on from a state of another precision; the residual is computed anew."""

    def init(self, problem: SparseProblem, start: HyperState | None = None) -> HyperState:
        fresh = super().init(problem)
        if start is None:
            return fresh
        x = start.x.to(fresh.x)
        residual = torch.addmm(fresh.measurements, x, self.geometry.forward.T, beta=-1.0)
        return replace(
            fresh,
            x=x,
            previous=start.previous.to(x),
            residual=residual,
            step_size=start.step_size.to(x),
        )


def _unit_problem(
    prepared: PreparedDictionary, measurements: Tensor, dtype: torch.dtype = torch.float64
) -> SparseProblem:
    return SparseProblem(prepared.unit(dtype), measurements.to(dtype))


def _run(
    solver: AbstractSolver[Any, Any], problem: SparseProblem, layers: int, start: HyperState | None = None
) -> Tensor:
    value: Tensor = iterate(solver, problem, start, max_iterations=layers).value
    return value
