"""Training of the implicit classifier on scikit-learn's digits, by any adjoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from solvers.implicit.adjoint import (
    Adjoint,
    FixedPointSolver,
    Implicit,
    JacobianFree,
    Neumann,
    Shine,
    Unrolled,
)
from solvers.implicit.classifier import ClassifierShape, ImplicitClassifier, save_classifier
from solvers.implicit.fixed_point import Anderson, Broyden, Picard
from solvers.implicit.gmres import Gmres
from training.implicit.digits import DigitParts, Digits, load_digit_parts
from training.implicit.loop import LoopSettings
from training.implicit.task import Figures, ImplicitTask

_LIMITS = (
    "It was trained on 8 × 8 pictures of single digits, 0 to 16 grey levels; of other pictures it says a "
    "digit all the same.",
    "Test pictures are by the same writers as those trained on.",
)


class ClassifierSettings(BaseModel):
    """Attributes:
    channels, contraction: `ClassifierShape`'s.
    tolerance: of the fixed point, and of the backward solve where there is one.
    adjoint: how the fixed point is differentiated; terms: of the Neumann series; refinements: of shine and
        jacobian-free; outer_every: of shine with broyden, steps between updates aware of the loss (0: none).
    solver: of the fixed point; backward: of the implicit adjoint.
    batch_size: pictures a step.
    shift: pixels by which a picture is moved at most, each way, when it is trained on.
    loop: of the loop.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: PositiveInt = 24
    contraction: float = Field(default=0.9, gt=0, lt=1)
    tolerance: PositiveFloat = 1e-4
    adjoint: Literal["jacobian-free", "neumann", "implicit", "shine", "unrolled"] = "jacobian-free"
    terms: NonNegativeInt = 5
    refinements: NonNegativeInt = 0
    outer_every: NonNegativeInt = 0
    solver: Literal["picard", "anderson", "broyden"] = "anderson"
    backward: Literal["picard", "anderson", "gmres"] = "picard"
    batch_size: PositiveInt = 100
    shift: NonNegativeInt = 1
    loop: LoopSettings = LoopSettings(steps=500, learning_rate=2e-2, weight_decay=1e-4, look=20)

    def shape(self) -> ClassifierShape:
        return ClassifierShape(channels=self.channels, contraction=self.contraction, tolerance=self.tolerance)

    def solver_part(self) -> FixedPointSolver:
        match self.solver:
            case "picard":
                return Picard(self.tolerance)
            case "broyden":
                return Broyden(self.tolerance)
        return Anderson(self.tolerance)

    def adjoint_part(self) -> Adjoint:
        match self.adjoint:
            case "jacobian-free":
                return JacobianFree(self.refinements)
            case "neumann":
                return Neumann(self.terms)
            case "shine":
                return Shine(refinements=self.refinements, outer_every=self.outer_every)
            case "unrolled":
                return Unrolled()
        return Implicit(self.backward_part())

    def backward_part(self) -> FixedPointSolver:
        match self.backward:
            case "anderson":
                return Anderson(self.tolerance)
            case "gmres":
                return Gmres(self.tolerance)
        return Picard(self.tolerance)


class ClassifierTask(ImplicitTask):
    """Cross-entropy on pictures of digits.

    Attributes:
        settings, parts: what it is trained by, and on.
        network: what is trained.
    """

    name = "classifier"

    def __init__(self, settings: ClassifierSettings, seed: int, parts: DigitParts) -> None:
        self.settings, self.seed, self.parts = settings, seed, parts
        torch.manual_seed(seed)
        self.network = ImplicitClassifier(
            settings.shape(), adjoint=settings.adjoint_part(), solver=settings.solver_part()
        )

    @property
    def module(self) -> nn.Module:
        return self.network

    def batch(self, step: int) -> Digits:
        """Of a step: every picture once an epoch, each moved by a few pixels."""
        size, count = self.settings.batch_size, len(self.parts.training)
        epoch, place = divmod(step, max(1, count // size))
        order = torch.randperm(count, generator=self._generator(epoch))
        chosen = order[place * size : (place + 1) * size]
        moved = shifted(
            self.parts.training.pictures[chosen], self.settings.shift, self._generator(500_009 + step)
        )
        return Digits(moved, self.parts.training.labels[chosen])

    def batch_loss(self, step: int) -> tuple[Tensor, Figures]:
        batch = self.batch(step)
        network = self.network
        features = network.equilibrium(
            batch.pictures, outer=lambda z: cross_entropy(network.scores(z), batch.labels)
        )
        scores = network.scores(features)
        figures = {"accuracy": _accuracy(scores.detach(), batch.labels), **self._solving()}
        return cross_entropy(scores, batch.labels), figures

    def _solving(self) -> dict[str, float]:
        """Of this forward run and of the backward pass before it."""
        forward, backward = self.network.features.last, self.network.features.last_backward
        assert forward is not None
        figures = {
            "iterations": float(forward.iterations.double().mean()),
            "unconverged": float(forward.unconverged),
        }
        if backward is not None:
            figures["fallback_rate"] = backward.fallback_rate
            figures["unconverged_backward"] = float(backward.unconverged)
        return figures

    def validate(self) -> Figures:
        return self._measured(self.parts.validation)

    def test(self) -> dict[str, Any]:
        return {"test": self._measured(self.parts.test)}

    def _measured(self, digits: Digits) -> dict[str, float]:
        scores = self.network(digits.pictures)
        forward = self.network.features.last
        assert forward is not None
        return {
            "loss": float(cross_entropy(scores, digits.labels)),
            "accuracy": _accuracy(scores, digits.labels),
            "iterations": float(forward.iterations.double().mean()),
            "unconverged": float(forward.unconverged),
        }

    def description(self) -> dict[str, Any]:
        parts = self.parts
        return {
            "data": {
                "source": "scikit-learn's digits: 1,797 of the UCI repository's optical recognition of "
                "handwritten digits (Alpaydin and Kaynak 1998)",
                "training_pictures": len(parts.training),
                "validation_pictures": len(parts.validation),
                "test_pictures": len(parts.test),
            },
            "network": asdict(self.network.shape),
            "limits": list(_LIMITS),
        }

    def _generator(self, number: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed * 1_000_003 + number)


def shifted(pictures: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Each picture, of (B, 1, H, W), moved by at most so many pixels along each axis; zeros come in."""
    count, _, height, width = pictures.shape
    moves = torch.randint(2 * most + 1, (count, 2), generator=generator)
    wide = pad(pictures, (most, most, most, most))
    rows = moves[:, :1] + torch.arange(height)
    columns = moves[:, 1:] + torch.arange(width)
    return wide[torch.arange(count)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]


def _accuracy(scores: Tensor, labels: Tensor) -> float:
    return float((scores.argmax(1) == labels).double().mean())


def make_task(settings: ClassifierSettings, seed: int, data: Path | None) -> ClassifierTask:
    """Raises:
    ValueError: data are given; there is no form for them.
    """
    if data is not None:
        raise ValueError("the classifier is trained on scikit-learn's digits and takes no data")
    return ClassifierTask(settings, seed, load_digit_parts())


def save_model(folder: Path, task: ClassifierTask, card: Mapping[str, Any]) -> None:
    """Write the trained network; `solvers.implicit.classifier.load_classifier` reads it."""
    save_classifier(folder, task.network, card)
