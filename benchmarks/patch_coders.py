"""Methods that give patches codes, and what restores a picture with them, for `benchmarks.patches`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.patch_data import SIZE, TILE, tiled
from solvers.iteration import iterate
from solvers.sparse.alista import ALISTA, StepLayer
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.ista import FISTA
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.noisy_weight import noisy_geometry, ridge_inverse
from solvers.sparse.patches import averaged, patches_of, without_mean
from solvers.sparse.problem import SparseProblem

CHUNK = 4096
Coder = Callable[[Tensor], Tensor]
"""Measurements, shape (B, m), → codes, shape (B, n)."""
Method = Callable[[Tensor], Coder]
"""A dictionary's matrix, shape (m, n), whole or with rows missing → its coder."""


@dataclass(frozen=True)
class HyperNumbers:
    """HyperLISTA's three, and ours for coherent dictionaries and noise (`solvers.sparse.noisy_weight`).

    Attributes:
        noise, step: μ and γ.
        stop: an item ends when ‖r‖₂ ≤ stop·σ√m; 0 without noise.
    """

    threshold: float
    momentum: float
    support: float
    noise: float
    step: float
    stop: float = 0.0


def fista(regularization: float, steps: int, gap: float = 0.0) -> Method:
    def of(matrix: Tensor) -> Coder:
        lipschitz = float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2
        solver = FISTA(lipschitz, tolerance=gap, look=10 if gap else steps)

        def code(b: Tensor) -> Tensor:
            problem = SparseProblem(matrix, b, b.new_full((len(b),), regularization))
            return iterate(solver, problem, None, max_iterations=steps).value

        return code

    return of


def hyperlista(numbers: HyperNumbers, steps: int, sigma: float = 0.0, scale: Tensor | None = None) -> Method:
    def of(matrix: Tensor) -> Coder:
        geometry = noisy_geometry(matrix.double(), numbers.noise, numbers.step, scale=scale)
        three = Hyperparameters(numbers.threshold, numbers.momentum, numbers.support, *matrix.shape)
        return hyper_coder(geometry.to(matrix.dtype), three, steps, numbers.stop * sigma)

    return of


def published_hyperlista(numbers: Hyperparameters, steps: int) -> Method:
    """The analytic weight, γ = 1, the bundled numbers."""

    def of(matrix: Tensor) -> Coder:
        geometry = Geometry.analytic(matrix.double()).to(matrix.dtype)
        return hyper_coder(geometry, numbers.on(*matrix.shape), steps, 0.0)

    return of


def hyper_coder(geometry: Geometry, numbers: Hyperparameters, steps: int, level: float) -> Coder:
    """`level`: an item ends when ‖r‖₂ ≤ level·√m."""

    def code(b: Tensor) -> Tensor:
        wanted = level * b.shape[1] ** 0.5 / torch.linalg.vector_norm(b, dim=1)
        solver = HyperLISTA(geometry, numbers, tolerance=wanted)
        return iterate(solver, SparseProblem(geometry.forward, b), None, max_iterations=steps).value

    return code


def network_method(network: LayeredNetwork) -> Method:  # type: ignore[type-arg]
    def of(matrix: Tensor) -> Coder:
        return lambda b: (
            iterate(network, SparseProblem(matrix, b), None, max_iterations=len(network.layers)).value
        )

    return of


def shared_alista(layers: tuple[StepLayer, ...], noise: float, scale: Tensor) -> Method:
    """Steps and thresholds that all masks of a dictionary share; the weight is computed for each."""

    def of(matrix: Tensor) -> Coder:
        weight = ridge_inverse(matrix.double(), noise) * scale
        return network_method(ALISTA(layers, weight=weight.to(matrix.dtype)))(matrix)

    return of


def denoise(pictures: Tensor, matrix: Tensor, method: Method) -> Tensor:
    """Patches without their means, coded, and averaged; pictures of shape (P, H, W)."""
    coder, shape = method(matrix), (pictures.shape[1], pictures.shape[2])
    restored = []
    for picture in pictures:
        patches, mean = without_mean(patches_of(picture, SIZE).to(matrix.dtype))
        codes = torch.cat([coder(chunk) for chunk in patches.split(CHUNK)])
        restored.append(averaged(codes @ matrix.T + mean, shape, SIZE).double())
    return torch.stack(restored)


@dataclass(frozen=True, eq=False)
class Masked:
    """A dictionary seen through a mask, its atoms without their means over the known pixels.

    Attributes:
        known: which pixels of a patch, shape (K,) int64.
        matrix: shape (K, n).
        means: of the known part of each atom, shape (n,).
    """

    known: Tensor
    matrix: Tensor
    means: Tensor

    @classmethod
    def of(cls, matrix: Tensor, known: Tensor) -> Masked:
        """`known` is of shape (SIZE, SIZE) bool."""
        places = torch.nonzero(known.flatten()).squeeze(1)
        means = matrix[places].mean(0)
        return cls(places, matrix[places] - means, means)

    def filled(self, patches: Tensor, matrix: Tensor, coder: Coder) -> Tensor:
        """Whole patches of patches whose other pixels are not looked at."""
        seen, mean = without_mean(patches[:, self.known])
        codes = coder(seen)
        return codes @ matrix.T + (mean - (codes @ self.means)[:, None])


def shifted_masks(matrix: Tensor, tile: Tensor) -> list[Masked]:
    """What patches see whose first corner lies at each place of the tile, row by row."""
    return [
        Masked.of(matrix, tile.roll((-down, -across), (0, 1)))
        for down in range(TILE)
        for across in range(TILE)
    ]


def inpaint(pictures: Tensor, tile: Tensor, matrix: Tensor, method: Method) -> Tensor:
    """The known pixels as they are, the others from overlapping patches; pictures of shape (P, H, W)."""
    shape = (pictures.shape[1], pictures.shape[2])
    patches = torch.stack([patches_of(picture, SIZE) for picture in pictures]).to(matrix.dtype)
    rows, columns = shape[0] - SIZE + 1, shape[1] - SIZE + 1
    place = (torch.arange(rows)[:, None] % TILE * TILE + torch.arange(columns) % TILE).flatten()
    filled = torch.empty_like(patches)
    for number, masked in enumerate(shifted_masks(matrix, tile)):
        items = torch.nonzero(place == number).squeeze(1)
        seen = patches[:, items].flatten(0, 1)
        whole = masked.filled(seen, matrix, method(masked.matrix))
        filled[:, items] = whole.unflatten(0, (len(pictures), -1))
    guessed = torch.stack([averaged(parts, shape, SIZE) for parts in filled])
    return torch.where(tiled(tile, shape), pictures, guessed.double())
