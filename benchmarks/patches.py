"""Sparse codes of image patches: denoising and inpainting with a learned dictionary.

128 atoms for patches of 8 × 8 pixels, learned from scikit-image's pictures; λ, HyperLISTA's numbers and the
networks are chosen on training pictures, PSNR and SSIM are those of other pictures. Overlapping patches are
averaged. Of inpainting the mask repeats every 8 pixels, so that patches see 64 dictionaries, for each of
which HyperLISTA's matrices are computed; weights that are trained for one dictionary have no part in it.

    .venv/bin/python -m benchmarks.patches [--side 128] [--steps 500]

Needs scikit-image and scikit-learn (the extra `imaging`). One core; about ten minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from statistics import mean
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from skimage.metrics import structural_similarity
from torch import Tensor

from benchmarks.harness import write_result
from benchmarks.patch_data import SIZE, TEST, TRAINING, digits, mask, noisy, picture, tiled
from benchmarks.patch_pictures import draw
from benchmarks.patch_tasks import SEED, Timed, denoising, dictionary_of, digit_denoising, inpainting
from benchmarks.patch_tuning import psnr
from solvers.sparse.coherence import mutual_coherence
from solvers.sparse.patches import patches_of

SIGMAS = (15 / 255, 25 / 255)
MISSING = (0.3, 0.5)


def similarity(clean: Tensor, restored: Tensor) -> float:
    limited = restored.nan_to_num(0.0).clamp(0.0, 1.0)
    return float(structural_similarity(clean.numpy(), limited.numpy(), data_range=1.0))


def measured(
    found: Mapping[str, Timed], names: Sequence[str], clean: Tensor, degraded: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Figures of each method, and the first picture that it restores."""
    figures: dict[str, Any] = {}
    pictures: dict[str, Tensor] = {}
    for method, how in found.items():
        started = time.perf_counter()
        restored = how.restore(degraded)
        seconds = time.perf_counter() - started
        pairs = list(zip(clean, restored, strict=True))
        decibels = [psnr(*pair) for pair in pairs]
        figures[method] = {
            "psnr": round(mean(decibels), 2),
            "psnr_of_each": dict(zip(names, (round(value, 2) for value in decibels), strict=True)),
            "restoring_seconds": round(seconds, 2),
            "tuning_or_training_seconds": round(how.seconds, 1),
            "chosen": how.chosen,
        }
        if clean.shape[1] == clean.shape[2]:
            figures[method]["ssim"] = round(mean(similarity(*pair) for pair in pairs), 4)
        pictures[method] = restored[0]
        print(method, figures[method], flush=True)
    return figures, pictures


def show(title: str, figures: Mapping[str, Any]) -> None:
    table = Table("method", "PSNR", "SSIM", "restoring, s", "tuning or training, s", title=title)
    for method, row in figures.items():
        cells = (
            row["psnr"],
            row.get("ssim", ""),
            row["restoring_seconds"],
            row["tuning_or_training_seconds"],
        )
        table.add_row(method, *(str(cell) for cell in cells))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=128, help="of the test pictures' middles")
    parser.add_argument("--steps", type=int, default=500, help="of training")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    training = torch.cat([patches_of(picture(name), SIZE) for name in TRAINING])
    started = time.perf_counter()
    matrix = dictionary_of(training)
    figures: dict[str, Any] = {
        "training_pictures": TRAINING,
        "test_pictures": TEST,
        "side": given.side,
        "dictionary": {
            "atoms": matrix.shape[1],
            "seconds": round(time.perf_counter() - started, 1),
            "coherence": round(mutual_coherence(matrix), 3),
            "largest_squared_singular_value": round(float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2, 2),
        },
        "packages": {name: version(name) for name in ("scikit-image", "scikit-learn")},
    }
    clean = torch.stack([picture(name, given.side) for name in TEST])
    for sigma in SIGMAS:
        name = f"denoising, σ = {sigma * 255:.0f}/255"
        degraded = noisy(clean, sigma, SEED + 100)
        methods = denoising(matrix, sigma, given.steps)
        figures[name], pictures = measured(methods, TEST, clean, degraded)
        show(name, figures[name])
    draw("sparse-denoising", clean[0], pictures, ("noisy", "FISTA, 8", "HyperLISTA, 8"))
    fit, test = digits()
    own = dictionary_of(fit)
    for sigma in SIGMAS:
        name = f"digits, σ = {sigma * 255:.0f}/255"
        methods = digit_denoising(own, fit, sigma, given.steps)
        figures[name], _ = measured(methods, ("digits",), test[None], noisy(test[None], sigma, SEED + 200))
        show(name, figures[name])
    write_result("patches", seed=SEED, figures=figures)
    for share in MISSING:
        name = f"inpainting, {share:.0%} missing"
        tile = mask(share, SEED)
        degraded = clean * tiled(tile, (given.side, given.side))
        methods = inpainting(matrix, tile, training[training.std(1) > 0.02], given.steps)
        figures[name], pictures = measured(methods, TEST, clean, degraded)
        show(name, figures[name])
    draw("sparse-inpainting", clean[0], pictures, ("degraded", "FISTA, 16", "HyperLISTA, 16"))
    print(write_result("patches", seed=SEED, figures=figures))


if __name__ == "__main__":
    main()
