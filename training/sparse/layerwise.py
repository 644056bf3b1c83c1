"""Training layer by layer, in three stages a layer   (after Chen, Liu, Wang and Yin 2018, section 4).

For k = 1, …, K, with ‖x_k − x*‖² of the planted codes x* as the loss:

1. layer k alone, from the outputs of the layers before it, which are computed once;
2. and 3. all of the layers 1, …, k together, at smaller rates.

A new layer starts as a copy of the one before it, with the step length and the threshold that are best of a
grid. Each step's problems follow from the seed, the layer, the stage and the step, so a run that was
interrupted goes on as if it had not been; Adam starts anew at each stage, and its rates fall to zero.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from solvers.sparse.layers import LayeredState
from solvers.sparse.networks import Network, with_parameters
from training.sparse.descent import Descended, Descent, Parameters
from training.sparse.layerwise_settings import LayerwiseSettings
from training.sparse.layerwise_state import LayerwiseState, StageResult, damaged
from training.sparse.nmse import nmse
from training.sparse.sampling import Purpose, Sample, Stream, seeded
from training.sparse.starting_points import starting_points

STAGES = 3
_CHUNK = 1024
GRID = 512
"""Problems that a layer's starting points are judged by."""

Progress = Callable[[int, int, StageResult], None]
"""Called with how many stages are done, of how many, and the last one's result: after each, and first of all
where a run goes on.
"""


@dataclass(frozen=True, eq=False)
class Layerwise:
    """Attributes:
    network: before training, in the dtype to train in.
    stream: what it is trained on.
    settings: how.
    """

    network: Network
    stream: Stream
    settings: LayerwiseSettings

    def train(self, folder: Path, progress: Progress | None = None) -> tuple[Network, LayerwiseState]:
        """Train, or go on from the state in a folder.

        Raises:
            CheckpointError: the state is damaged.
        """
        state = LayerwiseState.resume(folder)
        self._check(state, folder)
        total = STAGES * self.settings.layers
        if progress is not None and 0 < len(state.history) < total:
            progress(len(state.history), total, state.history[-1])
        while len(state.history) < total:
            layer, stage = divmod(len(state.history), STAGES)
            state = self._advanced(state, layer, stage)
            state.save(folder)
            if progress is not None:
                progress(len(state.history), total, state.history[-1])
        return self._with(state.parameters), state

    def _check(self, state: LayerwiseState, folder: Path) -> None:
        """Whether the weights of a state are those of the layers that its history says were trained."""
        layers = -(-len(state.history) // STAGES)
        every = {name: value.shape for name, value in self.network.parameters().items()}
        wanted = {name: shape for name, shape in every.items() if int(name.split(".")[1]) < layers}
        if wanted != {name: value.shape for name, value in state.parameters.items()}:
            raise damaged(folder)

    @cached_property
    def validation(self) -> Sample:
        return self.stream.sample(self.settings.validation_size, Purpose.VALIDATION)

    def _advanced(self, state: LayerwiseState, layer: int, stage: int) -> LayerwiseState:
        """One stage more; layers and stages from 0."""
        started = time.perf_counter()
        run = self._alone if stage == 0 else self._together
        done = run(state.parameters, layer, stage, self._descent(state, layer, stage))
        parameters = {**state.parameters, **done.parameters}
        seconds = time.perf_counter() - started
        result = StageResult.of(layer + 1, stage + 1, done.steps, done.figure, seconds)
        return LayerwiseState(parameters, (*state.history, result))

    def _alone(self, trained: Parameters, layer: int, stage: int, descent: Descent) -> Descended:
        """The first stage: this layer, from kept outputs of the layers before."""
        pool = self.stream.sample(self.settings.pool_size, Purpose.TRAINING, layer)
        before = self._with(trained)
        inputs, held_out = outputs(before, pool, layer), outputs(before, self.validation, layer)

        def reached(own: Parameters, sample: Sample, x: Tensor) -> Tensor:
            return self._with(own).step(sample.problem, LayeredState(x, layer)).x

        def loss(own: Parameters, step: int) -> Tensor:
            size = (self.settings.batch_size,)
            place = seeded(self.stream.seed, Purpose.TRAINING, layer, stage, step)
            items = torch.randint(0, len(pool), size, generator=place)
            some = pool.take(items)
            return _error(reached(own, some, inputs[items]), some)

        def figure(own: Parameters) -> float:
            return nmse(reached(own, self.validation, held_out), self.validation.codes)

        first = torch.arange(min(GRID, len(pool)))
        some, x = pool.take(first), inputs[first]
        candidates = self._starts(trained, layer)
        with torch.no_grad():
            start = min(candidates, key=lambda own: nmse(reached(own, some, x), some.codes))
        return descent.run(start, loss, figure)

    def _together(self, trained: Parameters, layer: int, stage: int, descent: Descent) -> Descended:
        """The second and the third stage: all layers so far, each step on problems of its own."""

        def loss(parameters: Parameters, step: int) -> Tensor:
            size = self.settings.batch_size
            sample = self.stream.sample(size, Purpose.TRAINING, layer, stage, step)
            return _error(propagated(self._with(parameters), sample, layer + 1), sample)

        def figure(parameters: Parameters) -> float:
            reached = outputs(self._with(parameters), self.validation, layer + 1)
            return nmse(reached, self.validation.codes)

        return descent.run(trained, loss, figure)

    def _starts(self, trained: Parameters, layer: int) -> Iterator[dict[str, Tensor]]:
        """Of one layer's numbers: its initial ones or those of the layer before, and others like them."""
        here, before = f"layers.{layer}.", f"layers.{layer - 1}."
        own = {
            name: trained.get(name.replace(here, before), value)
            for name, value in self.network.parameters().items()
            if name.startswith(here)
        }
        return starting_points(own, self.stream.matrix)

    def _with(self, parameters: Parameters) -> Network:
        everything = {**self.network.parameters(), **parameters}
        return with_parameters(self.network, everything, self.stream.matrix.dtype)

    def _descent(self, state: LayerwiseState, layer: int, stage: int) -> Descent:
        settings, rate = self.settings, self.settings.rates[stage]
        reached = state.history[STAGES * layer - 1].nmse if layer else 0.0
        falling = 10.0 ** (settings.rate_exponent * min(reached or 0.0, 0.0) / 20.0)
        rates = (settings.weight_rate * rate * falling, settings.scalar_rate * rate)
        return Descent(settings.steps[stage], *rates, settings.look, settings.patience)


def propagated(network: Network, sample: Sample, layers: int) -> Tensor:
    """x after so many layers, shape (B, n), differentiable."""
    state = network.init(sample.problem)
    for _ in range(layers):
        state = network.step(sample.problem, state)
    return state.x


@torch.no_grad()
def outputs(network: Network, sample: Sample, layers: int) -> Tensor:
    """The same without gradients, a part of the batch at a time."""
    parts = torch.split(torch.arange(len(sample)), _CHUNK)
    return torch.cat([propagated(network, sample.take(part), layers) for part in parts])


def _error(reached: Tensor, sample: Sample) -> Tensor:
    return (reached - sample.codes).square().sum() / len(sample)
