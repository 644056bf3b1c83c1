"""Tuning and training for `benchmarks.patches`, on training pictures only."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.patch_coders import HyperNumbers, Masked, network_method, shared_alista
from benchmarks.patch_data import SIZE
from solvers.sparse.alista import StepLayer
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.patches import averaged, patches_of, without_mean


def best_of(values: Sequence[float], score: Callable[[float], float]) -> float:
    """The value with the greatest score."""
    return max(values, key=score)


def tuned(
    score: Callable[[HyperNumbers], float], *, noisy: bool, drawn: int, moved: int, seed: int = 0
) -> HyperNumbers:
    """Random search, then steps from the best few."""
    chance = random.Random(seed)
    pool = [(score(numbers), numbers) for numbers in (_drawn(chance, noisy) for _ in range(drawn))]
    for _ in range(moved):
        pool = sorted(pool, key=lambda pair: -pair[0])[:4]
        numbers = _near(chance, chance.choice(pool)[1])
        pool.append((score(numbers), numbers))
    return max(pool, key=lambda pair: pair[0])[1]


def _drawn(chance: random.Random, noisy: bool) -> HyperNumbers:
    return HyperNumbers(
        threshold=10 ** chance.uniform(-3.3 if noisy else -4.5, -1.3),
        momentum=chance.choice((0.0, 10 ** chance.uniform(-3.0, -1.5))),
        support=chance.choice((0.0, 10 ** chance.uniform(-2.0, -0.5))),
        noise=10 ** chance.uniform(-1.0 if noisy else -2.0, 1.7),
        step=10 ** chance.uniform(-1.3, 0.0),
        stop=chance.choice((0.0, chance.uniform(0.8, 1.05))) if noisy else 0.0,
    )


def _near(chance: random.Random, numbers: HyperNumbers) -> HyperNumbers:
    moved = {
        part.name: getattr(numbers, part.name) * 10 ** chance.gauss(0.0, 0.12) for part in fields(numbers)
    }
    return replace(numbers, **moved)


def trained(parameters: Sequence[Tensor], loss: Callable[[], Tensor], *, steps: int, rate: float) -> None:
    """Adam with one cycle of learning rates; the parameters are changed in place."""
    for parameter in parameters:
        parameter.requires_grad_()
    optimiser = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 0.1)
        optimiser.step()
        schedule.step()
    for parameter in parameters:
        parameter.requires_grad_(False)


def denoising_loss(
    network: LayeredNetwork[Any], matrix: Tensor, pictures: Sequence[Tensor], sigma: float, seed: int
) -> Callable[[], Tensor]:
    """Mean squared error of two restored pieces of 32 × 32 pixels, their overlapping patches averaged."""
    generator = torch.Generator().manual_seed(seed)
    side = 32

    def piece() -> Tensor:
        picture = pictures[_below(len(pictures), generator)]
        down, across = (_below(length - side + 1, generator) for length in picture.shape)
        clean = picture[down : down + side, across : across + side].to(matrix.dtype)
        degraded = clean + sigma * torch.randn(clean.shape, generator=generator)
        patches, mean = without_mean(patches_of(degraded, SIZE))
        restored = network_method(network)(matrix)(patches) @ matrix.T + mean
        return (averaged(restored, (side, side), SIZE) - clean).square().mean()

    return lambda: (piece() + piece()) / 2


def patch_loss(
    network: LayeredNetwork[Any], matrix: Tensor, clean: Tensor, sigma: float, seed: int
) -> Callable[[], Tensor]:
    """Mean squared error of patches restored each by itself."""
    generator = torch.Generator().manual_seed(seed)

    def loss() -> Tensor:
        batch = clean[torch.randint(len(clean), (500,), generator=generator)].to(matrix.dtype)
        patches, mean = without_mean(batch + sigma * torch.randn(batch.shape, generator=generator))
        return (network_method(network)(matrix)(patches) @ matrix.T + mean - batch).square().mean()

    return loss


def inpainting_loss(
    layers: tuple[StepLayer, ...],
    numbers: HyperNumbers,
    scale: Tensor,
    matrix: Tensor,
    masks: Sequence[Masked],
    clean: Tensor,
    seed: int,
) -> Callable[[], Tensor]:
    """Mean squared error of patches of one mask, each time another."""
    generator = torch.Generator().manual_seed(seed)
    method = shared_alista(layers, numbers.noise, scale)

    def loss() -> Tensor:
        masked = masks[_below(len(masks), generator)]
        batch = clean[torch.randint(len(clean), (500,), generator=generator)].to(matrix.dtype)
        return (masked.filled(batch, matrix, method(masked.matrix)) - batch).square().mean()

    return loss


def _below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (1,), generator=generator))


def psnr(clean: Tensor, restored: Tensor) -> float:
    """Decibels, of pixels between 0 and 1."""
    error = float((restored.clamp(0.0, 1.0) - clean).square().mean())
    return -10.0 * math.log10(error) if math.isfinite(error) else -math.inf
