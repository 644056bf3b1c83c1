"""Training of reconstruction networks: unrolled and at equilibrium, on one batch stream, with one loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import JacobianFree
from solvers.implicit.fixed_point import Anderson
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.quality import psnr, ssim
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork
from solvers.implicit.imaging.stored import save_reconstruction_network
from training.implicit.contraction import contraction_ratio
from training.implicit.picture_batches import crops, varied
from training.implicit.pictures import Pictures, Stack, load_pictures
from training.implicit.reconstruction_settings import ReconstructionSettings
from training.implicit.task import Figures, ImplicitTask

_VALIDATION, _TEST, _SECOND = 1, 2, 3
"""What the noise of a part is drawn with, beside the task's seed."""
_LEAST_ERROR = 1e-8
_LONGER = 3
_AROUND = 0.05
"""Standard deviation of the noise around the truth, at most."""


class ReconstructionTask(ImplicitTask):
    """The loss is the mean of log₁₀ of a picture's mean squared error: −PSNR / 10.

    Attributes:
        settings, pictures: what it is trained by, and on.
        operator: of the pictures that are held out, and unless masks are drawn, of those trained on.
        network: what is trained.
    """

    name = "reconstruction"

    def __init__(self, settings: ReconstructionSettings, seed: int, pictures: Pictures) -> None:
        self.settings, self.seed, self.pictures = settings, seed, pictures
        self._shape = settings.height, settings.width
        self.operator = make_operator(settings.operator, self._shape)
        torch.manual_seed(seed)
        self.network = ReconstructionNetwork(settings.network_shape())

    @property
    def module(self) -> nn.Module:
        return self.network

    def batch(self, step: int) -> tuple[ForwardOperator, Tensor, Tensor]:
        """The operator, the pictures and their measurements of a step."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        truth = crops(self.pictures.training, self._shape, self.settings.batch_size, generator)
        truth = varied(truth, generator)
        operator = self.operator
        if self.settings.random_masks:
            drawn = int(torch.randint(2**31 - 1, (1,), generator=generator))
            operator = make_operator({**self.settings.operator, "seed": drawn}, self._shape)
        return operator, truth, noisy(operator.apply(truth), self.settings.noise, generator)

    def batch_loss(self, step: int) -> tuple[Tensor, Figures]:
        operator, truth, measured = self.batch(step)
        if step < self.settings.denoising_steps:
            return self._denoising_loss(step, truth), {}
        loss, found = self._reconstruction_loss(step, operator, truth, measured)
        figures = {"psnr": -10 * float(loss.detach()), "step_size": float(self.network.step_size.detach())}
        if self.network.last is not None:
            figures["iterations"] = float(self.network.last.iterations.double().mean())
        if self.settings.contracts(step):
            ratio = contraction_ratio(self.network, operator, measured, truth, self._drawn(step, 4))
            figures["contraction"] = float(ratio.detach().mean())
            excess = torch.relu(ratio - (self.settings.contraction or 1.0))
            loss = loss + self.settings.contraction_weight * excess.square().mean()
        elif self.settings.surroundings:
            near = self._surroundings_loss(step, operator, truth, measured, found.detach())
            figures["psnr_around"] = -10 * float(near.detach())
            loss = (1 - self.settings.surroundings) * loss + self.settings.surroundings * near
        return loss, figures

    def _reconstruction_loss(
        self, step: int, operator: ForwardOperator, truth: Tensor, measured: Tensor
    ) -> tuple[Tensor, Tensor]:
        settings = self.settings
        depth = self._depth(step)
        found = self.network(
            operator, measured, solver=settings.solver(), adjoint=settings.adjoint_part(), depth=depth
        )
        return _log_error(found, truth), found

    def _depth(self, step: int) -> int:
        """The most iterations of a step."""
        settings = self.settings
        depth = settings.depth
        if step < settings.growing_steps:
            return 1 + (depth - 1) * step // settings.growing_steps
        if settings.mode == "unrolled" or settings.least_depth is None:
            return depth
        least = min(depth, settings.least_depth)
        return int(torch.randint(least, depth + 1, (1,), generator=self._drawn(step, 1)))

    def _surroundings_loss(
        self, step: int, operator: ForwardOperator, truth: Tensor, measured: Tensor, found: Tensor
    ) -> Tensor:
        """Of one step from x* + c (x − x*) + noise, x* the truth, x what was found, c even in [0, 2].

        Without a Jacobian, training sees only the points that the iteration comes by, and nothing holds it
        there when it goes on: there may be a slow drift away. Points nearer to the truth and farther from it
        on the same side, all to be brought to the truth, make it a point that draws near ones in.
        """
        generator = self._drawn(step, 2)
        scale, noise = torch.rand(2, len(truth), 1, 1, 1, generator=generator)
        white = torch.randn(truth.shape, generator=generator)
        start = truth + 2 * scale * (found - truth) + _AROUND * noise * white
        one = self.network(operator, measured, adjoint=JacobianFree(), depth=0, start=start.clamp(0, 1))
        return _log_error(one, truth)

    def _drawn(self, step: int, purpose: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 1_000_003 + step) * 8 + purpose + 2**40)

    def _denoising_loss(self, step: int, truth: Tensor) -> Tensor:
        spoilt = noisy(truth, self.settings.denoising_noise, self._drawn(step, 3))
        return _log_error(spoilt + self.network.residual(spoilt), truth)

    def validate(self) -> Figures:
        found = self.measured(self.pictures.validation, _VALIDATION)
        return {"loss": -found["psnr"] / 10, **found}

    def test(self) -> dict[str, Any]:
        depth = _LONGER * self.settings.depth
        return {
            **self.measured(self.pictures.test, _TEST),
            "second_source": self.measured(self.pictures.second, _SECOND),
            "three_times_the_depth": self.measured(self.pictures.test, _TEST, depth=depth),
            **self._other_mask(),
            "lipschitz_bound_of_layers": self._lipschitz_bound(),
            "step_size": float(self.network.step_size.detach()),
        }

    def _other_mask(self) -> dict[str, Any]:
        """Test figures with a mask that was not trained on, where the operator has one."""
        description = self.operator.description()
        if "seed" not in description:
            return {}
        other = make_operator({**description, "seed": description["seed"] + 1}, self._shape)
        return {"another_mask": self.measured(self.pictures.test, _TEST, operator=other)}

    def _lipschitz_bound(self) -> float:
        self.network.eval()
        with torch.no_grad():
            return self.network.residual.lipschitz_bound()

    def measurements(
        self, stack: Stack, part: int, operator: ForwardOperator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures and their measurements, the noise by the seed and the part."""
        truth = torch.from_numpy(stack)[:, None]
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + 900_000_000 + part)
        return truth, noisy((operator or self.operator).apply(truth), self.settings.noise, generator)

    def measured(
        self, stack: Stack, part: int, *, operator: ForwardOperator | None = None, depth: int | None = None
    ) -> dict[str, float]:
        """Means over the pictures: PSNR and SSIM of the network and of the classical inverse.

        Args:
            operator: another than the task's.
            depth: steps that are all taken, where the network would end at its tolerance.
        """
        operator = operator or self.operator
        truth, measured = self.measurements(stack, part, operator)
        solver = None if depth is None else Anderson(0.0)
        with torch.no_grad():
            classical = operator.classical_inverse(measured).clamp(0, 1)
            found = self.network(operator, measured, solver=solver, depth=depth).clamp(0, 1)
        figures = {
            "psnr": _mean(psnr, truth, found),
            "ssim": _mean(ssim, truth, found),
            "classical_psnr": _mean(psnr, truth, classical),
            "classical_ssim": _mean(ssim, truth, classical),
        }
        if self.network.last is not None:
            figures["iterations"] = float(self.network.last.iterations.double().mean())
        return {name: round(value, 4) for name, value in figures.items()}

    def description(self) -> dict[str, Any]:
        return {
            "data": {
                "source": self.pictures.source,
                "training_pictures": len(self.pictures.training),
                "validation_pictures": len(self.pictures.validation),
                "test_pictures": len(self.pictures.test),
                "shape": list(self._shape),
                "noise": self.settings.noise,
            },
            "network": self.network.shape.title,
            "limits": _limits(self.settings),
        }


def noisy(values: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Values with normal noise of E|n|² = noise², complex where they are."""
    return values + noise * torch.randn(values.shape, dtype=values.dtype, generator=generator)


def make_task(settings: ReconstructionSettings, seed: int, data: Path | None) -> ReconstructionTask:
    """The task, on the pictures of the settings or on those of the user's folder."""
    shape = settings.height, settings.width
    return ReconstructionTask(settings, seed, load_pictures(settings.pictures, shape, data))


def save_model(folder: Path, task: ReconstructionTask, card: Mapping[str, Any]) -> None:
    """Write the trained network."""
    trained = {
        "operator": task.operator.description(),
        "random_masks": task.settings.random_masks,
        "noise": task.settings.noise,
        "image_shape": [task.settings.height, task.settings.width],
    }
    save_reconstruction_network(folder, task.network, {**card, **trained})


def _log_error(found: Tensor, truth: Tensor) -> Tensor:
    return (found - truth).square().flatten(1).mean(1).clamp(min=_LEAST_ERROR).log10().mean()


def _mean(measure: Callable[[Tensor, Tensor], float], truth: Tensor, found: Tensor) -> float:
    values = [measure(first, second) for first, second in zip(truth, found, strict=True)]
    return sum(values) / len(values)


def _limits(settings: ReconstructionSettings) -> list[str]:
    trained = "slices of one averaged head" if settings.pictures == "brain" else "a few photographs"
    return [
        f"Trained on {trained} at one noise level; other pictures and levels come out worse.",
        "No medical device: structures may be missing or invented.",
        "The fixed point is found, not proved, to exist where the operator loses information.",
    ]
