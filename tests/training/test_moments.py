"""Adam's moments as tensors: an optimiser that got them goes on as the first would have."""

from __future__ import annotations

import torch
from torch import nn

from training.moments import moment_tensors, restore_moments


def stepped(layer: nn.Linear, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    layer(torch.ones(1, 3)).square().sum().backward()
    optimiser.step()


def test_an_optimiser_goes_on_where_another_was() -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    one = torch.optim.AdamW(first.parameters(), lr=0.1)
    assert moment_tensors(one, first.parameters()) == {}
    stepped(first, one)
    kept = {name: value.clone() for name, value in moment_tensors(one, first.parameters()).items()}
    assert len(kept) == 6
    second.load_state_dict(first.state_dict())
    other = torch.optim.AdamW(second.parameters(), lr=0.1)
    restore_moments(other, second.parameters(), kept)
    stepped(first, one)
    stepped(second, other)
    torch.testing.assert_close(second.state_dict(), first.state_dict(), rtol=0, atol=0)
