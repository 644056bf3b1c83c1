"""The moments of Adam as named tensors, so that they travel in one file with the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def moment_tensors(optimiser: torch.optim.Optimizer, parameters: Iterable[nn.Parameter]) -> dict[str, Tensor]:
    """Those there are, by the parameters' places; none before the first step."""
    return {
        f"optimiser.{index}.{key}": moments[key]
        for index, parameter in enumerate(parameters)
        for moments in (optimiser.state.get(parameter, {}),)
        for key in _MOMENTS
        if key in moments
    }


def restore_moments(
    optimiser: torch.optim.Optimizer, parameters: Iterable[nn.Parameter], tensors: Mapping[str, Tensor]
) -> None:
    """Give the optimiser those among the tensors; they go to their parameter's device, the count stays."""
    for index, parameter in enumerate(parameters):
        names = {key: f"optimiser.{index}.{key}" for key in _MOMENTS}
        if names["step"] in tensors:
            moved = {key: tensors[name].to(parameter.device) for key, name in names.items()}
            optimiser.state[parameter] = {**moved, "step": tensors[names["step"]]}
