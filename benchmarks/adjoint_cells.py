"""What benchmarks.adjoints differentiates, and how: digit classifiers of three widths, shortly trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.classifier import ClassifierShape, ImplicitClassifier
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Anderson, Broyden, Picard
from solvers.implicit.gmres import Gmres
from training.implicit.digits import load_digit_parts

WIDTHS = (16, 32, 64)
"""Channels; z has 64 numbers a channel."""
BATCH = 64
TOLERANCE = 1e-5
"""Of the forward run, for every method alike."""
EXACT = 1e-6
"""Of the backward solve."""
MEMORY = 20
"""Points of Anderson's method, updates of Broyden's."""
STEPS = 300
CONTRACTION = 0.99
SEED = 0


@dataclass(frozen=True, eq=False)
class Setting:
    """A trained classifier, its cell made ready: x of a batch and the kernel depend on the parameters."""

    network: ImplicitClassifier
    pictures: Tensor
    labels: Tensor

    def double(self) -> Setting:
        """The same in float64."""
        network = ImplicitClassifier(self.network.shape).double()
        network.load_state_dict(self.network.state_dict())
        return Setting(network.eval(), self.pictures.double(), self.labels)

    def given(self) -> tuple[Tensor, Tensor]:
        """x and the kernel."""
        kernel = self.network.shape.contraction * self.network.mixing.kernel()
        return self.network.encoder(self.pictures), kernel

    def loss(self, z: Tensor) -> Tensor:
        return cross_entropy(self.network.scores(z), self.labels)

    def parameters(self) -> list[nn.Parameter]:
        """Those that the loss depends on through the fixed point alone."""
        return [*self.network.encoder.parameters(), self.network.mixing.weight]

    def gradient(self) -> Tensor:
        """What the last backward pass left, end to end."""
        parts = [parameter.grad for parameter in self.parameters()]
        assert all(part is not None for part in parts)
        return torch.cat([part.flatten() for part in parts if part is not None]).double()


def cell(z: Tensor, x: Tensor, kernel: Tensor) -> Tensor:
    return torch.relu(nn.functional.conv2d(z, kernel, padding=1) + x)


@cache
def setting(channels: int) -> Setting:
    """Trained with exact gradients; the batch to measure on is of other pictures."""
    torch.manual_seed(SEED)
    parts = load_digit_parts()
    shape = ClassifierShape(channels=channels, contraction=CONTRACTION)
    network = ImplicitClassifier(shape, adjoint=Implicit(Picard(1e-3)), solver=Anderson(1e-3))
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(STEPS):
        chosen = torch.randint(len(parts.training.labels), (BATCH,))
        loss = cross_entropy(network(parts.training.pictures[chosen]), parts.training.labels[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    held_out = parts.validation
    return Setting(network.eval(), held_out.pictures[:BATCH], held_out.labels[:BATCH])


@dataclass(frozen=True, eq=False)
class Method:
    """Attributes:
    forward: the loss of a setting, ready for backward; its iterations are forced where a number is given.
    extra: bytes kept beside what autograd saves, after a forward run.
    """

    forward: Callable[[Setting, int | None], Tensor]
    extra: Callable[[Setting], int] = lambda setting: 0


def ours(adjoint: Adjoint, kind: Any = Anderson, *, aware: bool = False) -> Method:
    options = {} if kind is Picard else {"memory": MEMORY}

    def forward(given: Setting, iterations: int | None) -> Tensor:
        solver = kind(TOLERANCE if iterations is None else 0.0, **options)
        layer = FixedPointLayer(cell, solver, adjoint, max_iterations=iterations or 200)
        x, kernel = given.given()
        return given.loss(layer(x, kernel, outer=given.loss if aware else None))

    def pairs(given: Setting) -> int:
        """SHINE's inverse at its largest: two float32 vectors of z's size an update."""
        size = given.network.shape.channels * given.network.shape.size**2
        return 2 * MEMORY * BATCH * size * 4

    return Method(forward, pairs) if isinstance(adjoint, Shine) else Method(forward)


def torchdeq(**options: Any) -> Method:
    """The peer on the same cell, from the same start, to the same relative residual."""
    from torchdeq import get_deq

    def forward(given: Setting, iterations: int | None) -> Tensor:
        layer = get_deq(
            f_max_iter=iterations or 200,
            f_tol=TOLERANCE if iterations is None else 0.0,
            f_stop_mode="rel",
            b_max_iter=200,
            b_tol=EXACT,
            b_stop_mode="rel",
            f_solver="anderson",
            **options,
        )
        x, kernel = given.given()
        found, _ = layer(
            lambda z: cell(z, x, kernel), torch.zeros_like(x), solver_kwargs={"m": MEMORY, "lam": 1e-8}
        )
        return given.loss(found[-1])

    return Method(forward)


METHODS: Mapping[str, Callable[[], Method]] = {
    "JFB": lambda: ours(JacobianFree()),
    "JFB, 5 refinements": lambda: ours(JacobianFree(5)),
    "SHINE": lambda: ours(Shine()),
    "SHINE, 5 refinements": lambda: ours(Shine(refinements=5)),
    "SHINE, Broyden": lambda: ours(Shine(), Broyden),
    "SHINE, Broyden, 5 refinements": lambda: ours(Shine(refinements=5), Broyden),
    "SHINE, Broyden, OPA every 5": lambda: ours(Shine(outer_every=5), Broyden, aware=True),
    "Neumann, 5 terms": lambda: ours(Neumann(5)),
    "exact, GMRES": lambda: ours(Implicit(Gmres(EXACT))),
    "exact, Picard": lambda: ours(Implicit(Picard(EXACT))),
    "exact, Anderson": lambda: ours(Implicit(Anderson(EXACT))),
    "unrolled, Picard": lambda: ours(Unrolled(), Picard),
    "torchdeq, 1 step": lambda: torchdeq(grad=1),
    "torchdeq, 6 steps": lambda: torchdeq(grad=6),
    "torchdeq, exact, fixed_point_iter": lambda: torchdeq(ift=True, b_solver="fixed_point_iter"),
    "torchdeq, exact, anderson": lambda: torchdeq(ift=True, b_solver="anderson"),
}
"""torchdeq's n steps without damping are JFB and n − 1 terms of Neumann; it has no SHINE."""
EXACT_METHODS = ("exact, GMRES", "exact, Picard", "exact, Anderson")
