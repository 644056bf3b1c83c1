"""How much nearer a step of a reconstruction network brings two pictures: what training holds below 1.

Trained without a Jacobian, a network learns what one step does at the point where the iteration was stopped,
and nothing of where it would go from there. It may then drift: the picture is best at the depth of training
and gets worse when the iteration goes on, as that of an unrolled network does. Bai, Koltun and Kolter (2021)
stabilise such layers by the Frobenius norm of the Jacobian; here it is the one direction that matters which
is looked at, with two applications of the step: that of the last move f(z) − z, which the slowest mode rules,
and that of the error z − x*.
"""

from __future__ import annotations

import torch
from torch import Tensor

from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork

_FARTHEST = 20.0
"""Moves away, at most."""
_TINY = 1e-9


def contraction_ratio(
    network: ReconstructionNetwork,
    operator: ForwardOperator,
    measured: Tensor,
    truth: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """‖f(z + d) − f(z)‖ / ‖d‖ of each picture, (B,), z where the last forward run of the network ended.

    Half of the d's, drawn, are 1 to 20 times the last move, the others up to half the error, either way.
    """
    assert network.last is not None
    z = network.last.value.detach()
    f = network.flat_cell(operator, measured)
    image = f(z)
    size, side, choice = torch.rand(3, len(z), 1, generator=generator)
    with torch.no_grad():
        moved = (1 + (_FARTHEST - 1) * size) * (image - z)
        d = torch.where(choice < 0.5, moved, (side - 0.5) * (z - truth.flatten(1)))
    change = torch.linalg.vector_norm(f(z + d) - image, dim=1)
    return torch.div(change, torch.linalg.vector_norm(d, dim=1).clamp(min=_TINY))
