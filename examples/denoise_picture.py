"""Denoises a picture by sparse codes of its patches: .venv/bin/python examples/denoise_picture.py [PICTURE]

Noise is added to the picture (scikit-image's `camera` where none is given), a dictionary is learned from
other pictures of scikit-image, and overlapping patches are coded by eight layers of HyperLISTA, whose numbers
were found on those other pictures, and by eight steps of FISTA. Needs scikit-image:
pip install "farkas[imaging]".
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

try:
    import skimage.data
    from skimage.color import rgb2gray
    from skimage.io import imread, imsave
    from skimage.util import img_as_float, img_as_ubyte
except ImportError:
    sys.exit('this example needs scikit-image: pip install "farkas[imaging]"')

import numpy as np
import torch
from torch import Tensor

from solvers.iteration import iterate
from solvers.sparse.hyperlista import HyperLISTA, Hyperparameters
from solvers.sparse.ista import FISTA
from solvers.sparse.noisy_weight import noisy_geometry
from solvers.sparse.patches import averaged, patches_of, without_mean
from solvers.sparse.problem import SparseProblem
from training.sparse.dictionary_learning import LearningOptions, learn_dictionary

SIZE, LAYERS = 8, 8
LEARNED_FROM = ("astronaut", "coffee", "rocket", "brick", "grass")


def grey(array: np.ndarray) -> Tensor:
    """Shape (H, W), between 0 and 1; large pictures are halved."""
    array = img_as_float(array)
    array = rgb2gray(array[..., :3]) if array.ndim == 3 else array
    return torch.from_numpy(
        np.ascontiguousarray(array[::2, ::2] if min(array.shape) >= 512 else array)
    ).float()


def dictionary(rounds: int) -> Tensor:
    """128 atoms for patches without their means, shape (64, 128)."""
    pictures = [grey(getattr(skimage.data, name)()) for name in LEARNED_FROM]
    patches, _ = without_mean(torch.cat([patches_of(picture, SIZE) for picture in pictures]))
    told = patches[patches.norm(dim=1) > 0.2]
    return learn_dictionary(told, 128, LearningOptions(penalty=0.1, rounds=rounds)).matrix.float()


def restored(noisy: Tensor, matrix: Tensor, sigma: float, method: str) -> Tensor:
    """Patches coded a few thousand at a time, and averaged."""
    patches, mean = without_mean(patches_of(noisy, SIZE))
    coded = torch.cat([codes(part, matrix, sigma, method) for part in patches.split(4096)])
    return averaged(coded @ matrix.T + mean, (noisy.shape[0], noisy.shape[1]), SIZE).clamp(0.0, 1.0)


def codes(b: Tensor, matrix: Tensor, sigma: float, method: str) -> Tensor:
    """Shape (B, n)."""
    if method == "FISTA":
        problem = SparseProblem(matrix, b, b.new_full((len(b),), 1.25 * sigma))
        fista = FISTA(float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2, tolerance=0.0, look=LAYERS)
        found: Tensor = iterate(fista, problem, None, max_iterations=LAYERS).value
        return found
    geometry = noisy_geometry(matrix.double(), noise=NOISE, step=STEP).to(b.dtype)
    enough = STOP * sigma * SIZE / torch.linalg.vector_norm(b, dim=1)
    solver = HyperLISTA(geometry, NUMBERS, tolerance=enough)
    layered: Tensor = iterate(solver, SparseProblem(matrix, b), None, max_iterations=LAYERS).value
    return layered


NUMBERS = Hyperparameters(threshold=0.0386, momentum=0.0, support=0.132, measurements=64, atoms=128)
NOISE, STEP, STOP = 2.885, 0.326, 0.986


def decibels(clean: Tensor, found: Tensor) -> float:
    return float(-10.0 * torch.log10((clean - found).square().mean()))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", nargs="?", type=Path, help="a file that scikit-image reads")
    parser.add_argument("--sigma", type=float, default=25.0, help="of the noise, of 255")
    parser.add_argument("--rounds", type=int, default=200, help="of dictionary learning")
    parser.add_argument(
        "-o", "--output", type=Path, help="where truth, noise and both answers go, side by side"
    )
    given = parser.parse_args(arguments)
    clean = grey(skimage.data.camera() if given.picture is None else imread(given.picture))
    sigma = given.sigma / 255.0
    noisy = clean + sigma * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    matrix = dictionary(given.rounds)
    panels = [clean, noisy.clamp(0.0, 1.0)]
    print(f"noisy: {decibels(clean, noisy):.2f} dB")
    for method in ("FISTA", "HyperLISTA"):
        panels.append(restored(noisy, matrix, sigma, method))
        print(f"{method}, {LAYERS} iterations: {decibels(clean, panels[-1]):.2f} dB")
    if given.output:
        imsave(given.output, img_as_ubyte(torch.cat(panels, dim=1).numpy()), check_contrast=False)


if __name__ == "__main__":
    main()
