"""Where a layer's training starts: a layer, with its step as many times as long, and many thresholds.

Free weights B and W are also tried as coupled ones, W = I − AᵀB, which weights of layers that recover the
code must come to be ever more nearly   (Chen, Liu, Wang and Yin 2018, on the coupling of weights).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import torch
from torch import Tensor

LENGTHS = tuple(2.0 ** (power / 2) for power in range(-2, 6))
THRESHOLDS = tuple(2.0 ** (-power / 2) for power in range(-3, 40))


def starting_points(layer: Mapping[str, Tensor], matrix: Tensor) -> Iterator[dict[str, Tensor]]:
    """A layer's numbers by name, for each length of the step and each threshold.

    ISTA's step, 1/L, converges from wherever one is, and is short; one layer of a network may go further.

    Args:
        layer: named as a network's parameters.
        matrix: A, unit atoms, shape (m, n).
    """
    for form, length in product(_forms(layer, matrix), LENGTHS):
        stretched = {name: _stretched(name, value, length) for name, value in form.items()}
        for threshold in THRESHOLDS:
            yield {
                name: torch.full_like(value, threshold) if _part(name) == "threshold" else value
                for name, value in stretched.items()
            }


def _forms(layer: Mapping[str, Tensor], matrix: Tensor) -> list[Mapping[str, Tensor]]:
    """The layer as it is and, if its weights are free, coupled."""
    by_part = {_part(name): value for name, value in layer.items()}
    if "hidden_weight" not in by_part:
        return [layer]
    coupled = torch.eye(matrix.shape[1], dtype=matrix.dtype) - matrix.T @ by_part["input_weight"]
    return [
        layer,
        {name: coupled if _part(name) == "hidden_weight" else value for name, value in layer.items()},
    ]


def _stretched(name: str, value: Tensor, length: float) -> Tensor:
    """x + c·(z(x) − x) in the place of the layer's linear step z: bB + xW becomes c·bB + x(I + c(W − I))."""
    if _part(name) == "threshold":
        return value
    if _part(name) == "hidden_weight":
        return torch.lerp(torch.eye(len(value), dtype=value.dtype), value, length)
    return length * value  # W, B or γ, each of which the step is proportional to


def _part(name: str) -> str:
    return name.rsplit(".", 1)[-1]
