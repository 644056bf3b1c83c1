"""The steps are the paper's, and every adjoint trains the network."""

from __future__ import annotations

import pytest
import torch

from solvers.implicit.adjoint import Implicit, JacobianFree, Neumann, Unrolled
from solvers.implicit.fixed_point import Anderson, Picard
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape

SHAPE = (8, 10)
OPERATOR = make_operator({"kind": "blur", "size": 3, "sigma": 0.5}, SHAPE)


def network(form: str, mode: str, lipschitz: float = 0.3) -> ReconstructionNetwork:
    torch.manual_seed(3)
    residual = ResidualShape(channels=3, dilations=(1, 1), lipschitz=lipschitz)
    return ReconstructionNetwork(NetworkShape(form, mode, 3, residual), step=0.8).double().eval()


def test_the_steps_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    x, y = torch.rand(2, 1, *SHAPE, dtype=torch.float64), torch.rand(2, *SHAPE, dtype=torch.float64)
    slope = OPERATOR.adjoint(OPERATOR.apply(x) - y)
    for form in ("gradient", "proximal"):
        net = network(form, "equilibrium")
        with torch.no_grad():
            if form == "gradient":
                expected = x - 0.8 * (slope - net.residual(x))
            else:
                inner = x - 0.8 * slope
                expected = inner + net.residual(inner)
            found = net.flat_cell(OPERATOR, y)(x.flatten(1)).reshape(x.shape)
        torch.testing.assert_close(found, expected.clamp(0, 1), rtol=0, atol=1e-7)


@pytest.mark.parametrize("form", ["gradient", "proximal"])
def test_unrolled_is_the_plain_iteration(form: str) -> None:
    y = torch.rand(2, *SHAPE, dtype=torch.float64)
    net = network(form, "unrolled")
    with torch.no_grad():
        x = OPERATOR.classical_inverse(y).clamp(0, 1).flatten(1)
        for _ in range(5):
            x = net.flat_cell(OPERATOR, y)(x)
        torch.testing.assert_close(net(OPERATOR, y, depth=5).flatten(1), x)


def test_exact_and_unrolled_gradients_agree_where_it_contracts() -> None:
    torch.manual_seed(1)
    truth = 0.3 + 0.4 * torch.rand(2, 1, *SHAPE, dtype=torch.float64)
    y = OPERATOR.apply(truth)
    gradients = []
    for adjoint in (Implicit(Anderson(1e-12, memory=10)), Unrolled(), Neumann(60)):
        net = network("proximal", "equilibrium")
        solver = Picard(1e-12) if isinstance(adjoint, Unrolled) else Anderson(1e-12)
        found = net(OPERATOR, y, solver=solver, adjoint=adjoint, depth=600)
        (found - truth).square().sum().backward()
        gradients.append(torch.cat([value.grad.flatten() for value in net.parameters()]))
    exact, unrolled, neumann = gradients
    assert float(exact.norm()) > 1e-3
    torch.testing.assert_close(exact, unrolled, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(exact, neumann, rtol=2e-2, atol=1e-3)


def test_without_jacobian_it_is_one_application() -> None:
    y = OPERATOR.apply(0.3 + 0.4 * torch.rand(1, 1, *SHAPE, dtype=torch.float64))
    net = network("gradient", "equilibrium")
    found = net(OPERATOR, y, solver=Anderson(1e-10), adjoint=JacobianFree(), depth=300)
    found.sum().backward()
    by_layer = [value.grad.clone() for value in net.parameters()]
    net.zero_grad()
    net.flat_cell(OPERATOR, y)(found.detach().flatten(1)).sum().backward()
    for ours, plain in zip(by_layer, net.parameters(), strict=True):
        torch.testing.assert_close(ours, plain.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("wrong", [{"form": "dual"}, {"mode": "rolled"}, {"depth": 0}])
def test_shapes_that_make_no_network_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="form, mode or depth"):
        NetworkShape(**wrong)  # type: ignore[arg-type]


def test_titles_are_the_papers() -> None:
    assert NetworkShape("gradient", "unrolled").title == "DU-Grad"
    assert NetworkShape("proximal", "equilibrium").title == "DE-Prox"
