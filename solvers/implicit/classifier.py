"""A classifier of small pictures whose features are a fixed point, and how it is kept.

    x = E(picture),   z* = max(γ K ∗ z* + x, 0),   scores = H(z*)

K is a convolution of norm at most 1 and γ < 1, so the cell contracts with γ and z* is unique. E is a
convolution, H a mean over blocks of pixels and a linear map. The setting is that of JFB (Fung, Heaton, Li,
McKenzie, Osher and Yin 2022), with a cell of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d

from runtime.checkpoints import CheckpointError, title
from solvers.implicit.adjoint import Adjoint, FixedPointSolver, OuterLoss
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.errors import InvalidMeasurement
from solvers.implicit.fixed_point import Anderson
from solvers.implicit.imaging.spectral_convolution import SpectralConvolution
from solvers.iteration import TerminationReason
from solvers.stamped import Stamp

KIND = "implicit-classifier"
_STAMP = Stamp(KIND, "implicit_card", 1)
_POOL = 2
_LARGEST = 4096
"""Of the sizes that a card states."""


@dataclass(frozen=True)
class ClassifierShape:
    """Attributes:
    size: pixels of a picture's side, even.
    channels: of z.
    classes: how many there are.
    contraction: γ.
    tolerance, max_iterations: of the fixed point.
    """

    size: int = 8
    channels: int = 24
    classes: int = 10
    contraction: float = 0.9
    tolerance: float = 1e-4
    max_iterations: int = 100

    def __post_init__(self) -> None:
        sizes = (self.size, self.channels, self.classes, self.max_iterations)
        if not all(1 <= number <= _LARGEST for number in sizes) or self.size % _POOL:
            raise ValueError(f"no classifier has the sizes {sizes}")
        if not (0.0 < self.contraction < 1.0 and self.tolerance > 0.0):
            raise ValueError("a contraction lies between 0 and 1, and a tolerance above 0")


@dataclass(frozen=True, eq=False)
class Classification:
    """Of B pictures.

    Attributes:
        classes: the likeliest, shape (B,) int64.
        probabilities: of each class, the network's own, shape (B, classes).
        iterations, reasons, residual: how each fixed point was found.
    """

    classes: Tensor
    probabilities: Tensor
    iterations: Tensor
    reasons: tuple[TerminationReason, ...]
    residual: Tensor


class ImplicitClassifier(nn.Module):
    """Scores, shape (B, classes), of pictures of shape (B, 1, size, size) in [0, 1].

    Args:
        shape: what it is made of.
        adjoint, solver: of its fixed point; as in `FixedPointLayer`.
    """

    def __init__(
        self,
        shape: ClassifierShape | None = None,
        *,
        adjoint: Adjoint | None = None,
        solver: FixedPointSolver | None = None,
    ) -> None:
        super().__init__()
        self.shape = shape = shape or ClassifierShape()
        width = shape.channels
        self.encoder = nn.Conv2d(1, width, 3, padding=1)
        self.mixing = SpectralConvolution(width, width)
        self.mixing.register_parameter("bias", None)  # x has one
        self.features = FixedPointLayer(
            self._cell, solver or Anderson(shape.tolerance), adjoint, max_iterations=shape.max_iterations
        )
        self.head = nn.Linear(width * (shape.size // _POOL) ** 2, shape.classes)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.scores(self.equilibrium(pictures))

    def equilibrium(self, pictures: Tensor, *, outer: OuterLoss | None = None) -> Tensor:
        """z*, shape (B, channels, size, size).

        Args:
            outer: as in `FixedPointLayer`.
        """
        kernel = self.shape.contraction * self.mixing.kernel()
        found: Tensor = self.features(self.encoder(pictures), kernel, outer=outer)
        return found

    def scores(self, features: Tensor) -> Tensor:
        """Of z*, shape (B, classes)."""
        found: Tensor = self.head(avg_pool2d(features, _POOL).flatten(1))
        return found

    @torch.no_grad()
    def classify(self, pictures: Tensor) -> Classification:
        """Raises:
        InvalidMeasurement: they are no finite pictures of the network's size.
        """
        side = self.shape.size
        if pictures.ndim != 4 or tuple(pictures.shape[1:]) != (1, side, side) or not len(pictures):
            raise InvalidMeasurement(f"pictures have the shape (B, 1, {side}, {side})")
        if not bool(torch.isfinite(pictures).all()):
            raise InvalidMeasurement("a picture has a number that is not finite")
        probabilities = torch.softmax(self(pictures.to(self.head.weight.dtype)), dim=1)
        ended = self.features.last
        assert ended is not None
        return Classification(
            probabilities.argmax(1), probabilities, ended.iterations, ended.reasons, ended.residual
        )

    @staticmethod
    def _cell(z: Tensor, x: Tensor, kernel: Tensor) -> Tensor:
        return torch.relu(conv2d(z, kernel, padding=1) + x)


def save_classifier(folder: Path, network: ImplicitClassifier, card: Mapping[str, Any]) -> None:
    """Write a checkpoint, replacing one that is there.

    Args:
        card: name, version, and whatever else is to be known of it.
    """
    tensors = {name: value.detach() for name, value in network.state_dict().items()}
    _STAMP.save(folder, tensors, {**card, "shape": asdict(network.shape)})


def load_classifier(folder: Path) -> ImplicitClassifier:
    """For use, in evaluation mode.

    Raises:
        CheckpointError: it is no classifier, or damaged.
    """
    checkpoint = _STAMP.load(folder)
    try:
        network = ImplicitClassifier(ClassifierShape(**checkpoint.card["shape"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the card of {title(folder, checkpoint.card)} does not say what network it is"
        ) from error
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    if wanted != {name: value.shape for name, value in checkpoint.tensors.items()}:
        raise CheckpointError(
            f"the weights of {title(folder, checkpoint.card)} are not those of the network on its card"
        )
    network.load_state_dict(checkpoint.tensors)
    return network.eval().requires_grad_(False)
