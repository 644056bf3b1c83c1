from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Shine
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Broyden


class Cell(nn.Module):
    """A contraction on pictures of two channels."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2, 2, 3, padding=1)
        with torch.no_grad():
            self.mix.weight.mul_(0.3)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        return torch.tanh(self.mix(z) + x)


@pytest.mark.parametrize("adjoint", [JacobianFree(), Implicit(), Shine()], ids=repr)
def test_a_cell_becomes_a_layer_that_learns(adjoint: Adjoint) -> None:
    torch.manual_seed(0)
    layer = FixedPointLayer(Cell(), Broyden(1e-5), adjoint)
    x = torch.randn(8, 2, 5, 5)
    target = 0.5 * torch.tanh(x)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = (layer(x, like=x) - target).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    z = layer(x, like=x)
    assert z.shape == x.shape
    assert torch.allclose(layer.cell(z, x), z, atol=1e-3)
    assert layer.last is not None
    assert len(layer.last.reasons) == 8
