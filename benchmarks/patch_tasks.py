"""The methods of `benchmarks.patches`, each with its numbers chosen on training pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import Any

import numpy as np
import torch
from skimage.restoration import denoise_tv_chambolle, inpaint_biharmonic
from torch import Tensor

from benchmarks import patch_tuning as tuning
from benchmarks.patch_coders import (
    Method,
    denoise,
    fista,
    hyperlista,
    inpaint,
    network_method,
    published_hyperlista,
    shared_alista,
    shifted_masks,
)
from benchmarks.patch_data import TRAINING, noisy, picture, tiled
from solvers.sparse.alista import ALISTA, StepLayer
from solvers.sparse.layers import LayeredNetwork, SupportSelection
from solvers.sparse.lista import LISTACPSS
from solvers.sparse.noisy_weight import noisy_weight, ridge_inverse
from solvers.sparse.patches import without_mean
from solvers.sparse.recovery_options import BUNDLED_NUMBERS
from training.sparse.dictionary_learning import LearningOptions, learn_dictionary

SEED = 30_000
ATOMS = 128
LAYERS, MORE_LAYERS = 8, 16
PIECE = slice(100, 134)
"""Of each training picture, what numbers are tuned on."""
Restore = Callable[[Tensor], Tensor]
"""Degraded pictures, shape (P, H, W), → restored ones."""
Pair = tuple[Tensor, Tensor]
"""Clean pictures and degraded ones."""


@dataclass(frozen=True)
class Timed:
    """Attributes:
    seconds: of tuning or training.
    """

    restore: Restore
    seconds: float = 0.0
    chosen: Any = None


def dictionary_of(patches: Tensor) -> Tensor:
    signals, _ = without_mean(patches)
    signals = signals[torch.linalg.vector_norm(signals, dim=1) > 0.2].float()
    return learn_dictionary(signals, ATOMS, LearningOptions(penalty=0.1), seed=SEED).matrix.float()


def with_best_penalty(make: Callable[[float], Restore], pair: Pair, grid: list[float]) -> Timed:
    """The restoration whose one number does best on training pairs (clean, degraded)."""
    started = time.perf_counter()
    best = tuning.best_of(grid, lambda value: quality(make(value), pair))
    return Timed(make(best), time.perf_counter() - started, best)


def quality(restore: Restore, pair: Pair) -> float:
    clean, degraded = pair
    restored = restore(degraded)
    return mean(tuning.psnr(*both) for both in zip(clean, restored, strict=True))


def timed(make: Callable[[], tuple[Restore, Any]]) -> Timed:
    started = time.perf_counter()
    restore, chosen = make()
    print(f"tuned or trained in {time.perf_counter() - started:.0f} s: {chosen}", flush=True)
    return Timed(restore, time.perf_counter() - started, chosen)


def trained_networks(
    matrix: Tensor, sigma: float, noise: float, steps: int, loss_of: Callable[[LayeredNetwork[Any]], Any]
) -> dict[str, Callable[[], Method]]:
    """LISTA-CPSS and ALISTA of few layers."""
    lipschitz = float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2

    def cpss() -> Method:
        network = replace(
            LISTACPSS.initial(matrix, LAYERS, 4 * sigma / lipschitz), selection=SupportSelection(0.006, 0.05)
        )
        tuning.trained(list(network.parameters().values()), loss_of(network), steps=steps, rate=2e-3)
        return network_method(network)

    def alista() -> Method:
        weight = noisy_weight(matrix.double(), noise).float()
        largest = float(torch.linalg.eigvals(weight.T @ matrix).abs().max())
        layers = tuple(
            StepLayer(torch.tensor(1.5 / largest), torch.tensor(4 * sigma / largest)) for _ in range(LAYERS)
        )
        network = ALISTA(layers, weight=weight)
        tuning.trained(list(network.parameters().values()), loss_of(network), steps=steps // 2, rate=5e-3)
        return network_method(network)

    return {"LISTA-CPSS": cpss, "ALISTA": alista}


def denoising_methods(
    matrix: Tensor,
    sigma: float,
    restore: Callable[[Method], Restore],
    pair: Pair,
    loss_of: Callable[[LayeredNetwork[Any]], Any],
    steps: int,
) -> dict[str, Timed]:
    grid = [sigma * factor for factor in (0.03, 0.06, 0.12, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)]
    found = {"noisy": Timed(lambda degraded: degraded)}
    for name, count, gap in (
        (f"FISTA, {LAYERS}", LAYERS, 0.0),
        (f"FISTA, {MORE_LAYERS}", MORE_LAYERS, 0.0),
        ("FISTA, converged", 500, 1e-4),
    ):
        found[name] = with_best_penalty(
            lambda value, count=count, gap=gap: restore(fista(value, count, gap)), pair, grid
        )
    bundled = restore(published_hyperlista(BUNDLED_NUMBERS, LAYERS))
    found[f"HyperLISTA, {LAYERS}, bundled numbers"] = Timed(bundled)
    for count in (LAYERS, MORE_LAYERS):

        def tune(count: int = count) -> tuple[Restore, Any]:
            def score(numbers: tuning.HyperNumbers) -> float:
                return quality(restore(hyperlista(numbers, count, sigma)), pair)

            numbers = tuning.tuned(score, noisy=True, drawn=80, moved=60)
            return restore(hyperlista(numbers, count, sigma)), asdict(numbers)

        found[f"HyperLISTA, {count}"] = timed(tune)
    noise = found[f"HyperLISTA, {LAYERS}"].chosen["noise"]
    for name, train in trained_networks(matrix, sigma, noise, steps, loss_of).items():
        found[f"{name}, {LAYERS}"] = timed(lambda train=train: (restore(train()), None))
    return found


def denoising(matrix: Tensor, sigma: float, steps: int) -> dict[str, Timed]:
    pictures = [picture(name) for name in TRAINING]
    clean = torch.stack([whole[PIECE, PIECE] for whole in pictures])
    pair = (clean, noisy(clean, sigma, SEED))
    found = denoising_methods(
        matrix,
        sigma,
        lambda method: lambda degraded: denoise(degraded, matrix, method),
        pair,
        lambda network: tuning.denoising_loss(network, matrix, pictures, sigma, SEED),
        steps,
    )

    def variation(weight: float) -> Restore:
        def of(degraded: Tensor) -> Tensor:
            each = [denoise_tv_chambolle(picture.numpy(), weight=weight) for picture in degraded]
            return torch.from_numpy(np.stack(each))

        return of

    found["total variation"] = with_best_penalty(
        variation, pair, [0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12]
    )
    return found


def digit_denoising(matrix: Tensor, clean: Tensor, sigma: float, steps: int) -> dict[str, Timed]:
    def restore(method: Method) -> Restore:
        def of(degraded: Tensor) -> Tensor:
            patches, means = without_mean(degraded[0].float())
            return (method(matrix)(patches) @ matrix.T + means).double()[None]

        return of

    pair = (clean[None], noisy(clean[None], sigma, SEED))
    return denoising_methods(
        matrix,
        sigma,
        restore,
        pair,
        lambda network: tuning.patch_loss(network, matrix, clean, sigma, SEED),
        steps,
    )


def inpainting(matrix: Tensor, tile: Tensor, patches: Tensor, steps: int) -> dict[str, Timed]:
    clean = torch.stack([picture(name)[PIECE, PIECE] for name in TRAINING])
    pair = (clean, clean * tiled(tile, (clean.shape[1], clean.shape[2])))
    masks = shifted_masks(matrix, tile)

    def restore(method: Method) -> Restore:
        return lambda degraded: inpaint(degraded, tile, matrix, method)

    found = {"degraded": Timed(lambda degraded: degraded)}
    grid = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08]
    for name, count, gap in (
        (f"FISTA, {MORE_LAYERS}", MORE_LAYERS, 0.0),
        ("FISTA, converged", 300, 1e-3),
    ):
        found[name] = with_best_penalty(
            lambda value, count=count, gap=gap: restore(fista(value, count, gap)), pair, grid
        )
    found[f"HyperLISTA, {MORE_LAYERS}, bundled numbers"] = Timed(
        restore(published_hyperlista(BUNDLED_NUMBERS, MORE_LAYERS))
    )

    def method_of(numbers: tuning.HyperNumbers) -> Method:
        return hyperlista(numbers, MORE_LAYERS, scale=scale_of(matrix, numbers.noise))

    def tune() -> tuple[Restore, Any]:
        numbers = tuning.tuned(
            lambda tried: quality(restore(method_of(tried)), pair), noisy=False, drawn=60, moved=40
        )
        return restore(method_of(numbers)), asdict(numbers)

    found[f"HyperLISTA, {MORE_LAYERS}"] = timed(tune)
    numbers = tuning.HyperNumbers(**found[f"HyperLISTA, {MORE_LAYERS}"].chosen)

    def train() -> tuple[Restore, Any]:
        scale = scale_of(matrix, numbers.noise)
        start = StepLayer(torch.tensor(numbers.step), torch.tensor(0.02 * numbers.step))
        layers = tuple(StepLayer(start.step.clone(), start.threshold.clone()) for _ in range(MORE_LAYERS))
        loss = tuning.inpainting_loss(layers, numbers, scale, matrix, masks, patches, SEED)
        changed = [number for layer in layers for number in (layer.step, layer.threshold)]
        tuning.trained(changed, loss, steps=steps, rate=3e-3)
        return restore(shared_alista(layers, numbers.noise, scale)), None

    found[f"ALISTA, {MORE_LAYERS}"] = timed(train)

    def biharmonic(degraded: Tensor) -> Tensor:
        unknown = ~tiled(tile, (degraded.shape[1], degraded.shape[2])).numpy()
        return torch.from_numpy(np.stack([inpaint_biharmonic(one.numpy(), unknown) for one in degraded]))

    found["biharmonic"] = Timed(biharmonic)
    return found


def scale_of(matrix: Tensor, noise: float) -> Tensor:
    """s of the whole dictionary."""
    whole = matrix.double()
    return 1.0 / (ridge_inverse(whole, noise) * whole).sum(0)
