"""The contraction that training measures: of a map whose factor is known, and what asking for it does."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from tests.training.implicit.test_reconstruction_task import task
from training.implicit.contraction import contraction_ratio
from training.implicit.loop import LoopSettings, train

SHAPE = (10, 12)
OPERATOR = make_operator({"kind": "inpainting", "share_kept": 0.5}, SHAPE)


class Scaling(ReconstructionNetwork):
    """x⁺ = 0.3 + factor · (x − 0.3), whatever the measurement."""

    factor = 0.7

    def cell(self, operator: object, adjoint: Tensor, x: Tensor, kernels: object) -> Tensor:
        return 0.3 + self.factor * (x - 0.3)


def test_a_scaling_has_its_factor() -> None:
    network = Scaling(NetworkShape(depth=3, residual=ResidualShape(4, (1, 1))))
    truth = torch.rand(6, 1, *SHAPE)
    measured = OPERATOR.apply(truth)
    network(OPERATOR, measured, depth=0)
    ratio = contraction_ratio(network, OPERATOR, measured, truth, torch.Generator().manual_seed(0))
    torch.testing.assert_close(ratio, torch.full((6,), 0.7), rtol=1e-3, atol=0)


def test_asking_for_it_makes_the_iteration_converge(tmp_path: Path) -> None:
    figures = []
    for contraction in (None, 0.6):
        trained = task(
            averaging=0.1,
            lipschitz=40.0,
            contraction=contraction,
            loop=LoopSettings(steps=40, learning_rate=5e-3, look=40),
        )
        train(trained, tmp_path / str(contraction), trained.settings.loop)
        ratios = []
        for step in range(3):
            operator, truth, measured = trained.batch(100 + step)
            with torch.no_grad():
                trained.network(operator, measured)
                drawn = torch.Generator().manual_seed(step)
                ratios.append(contraction_ratio(trained.network, operator, measured, truth, drawn))
        figures.append(float(torch.cat(ratios).mean()))
    without, asked = figures
    assert asked < 0.75
    assert asked < without - 0.05


def test_it_is_asked_for_from_a_step_on_and_at_equilibrium() -> None:
    trained = task(contraction=0.8, contraction_from=2, surroundings=0.3)
    assert "psnr_around" in trained.batch_loss(1)[1]
    assert "contraction" in trained.batch_loss(2)[1]
    assert "psnr_around" not in trained.batch_loss(2)[1]
    assert "contraction" not in task(contraction=0.8, mode="unrolled").batch_loss(2)[1]
