"""R: bounds on convolutions and on the whole, folding, and the averaged form."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d

from solvers.implicit.imaging.residual_network import ResidualNetwork, ResidualShape
from solvers.implicit.imaging.spectral_convolution import SpectralConvolution, norm_bound


def dense_norm(kernel: torch.Tensor, side: int, dilation: int) -> float:
    """‖conv‖₂ with a zero border on pictures of side × side."""
    inputs = kernel.shape[1]
    eye = torch.eye(inputs * side * side, dtype=kernel.dtype).reshape(-1, inputs, side, side)
    image = conv2d(eye, kernel, padding=dilation, dilation=dilation).flatten(1)
    return float(torch.linalg.matrix_norm(image, ord=2))


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_above_the_norm_and_near_it(seed: int, dilation: int) -> None:
    torch.manual_seed(seed)
    kernel = torch.randn(3, 2, 3, 3, dtype=torch.float64)
    norm = dense_norm(kernel, 14, dilation)
    assert norm <= norm_bound(kernel) <= 1.35 * norm


@pytest.mark.parametrize("training", [True, False])
def test_a_kernel_that_is_too_large_is_divided(training: bool) -> None:
    torch.manual_seed(0)
    layer = SpectralConvolution(3, 4, bound=0.5)
    with torch.no_grad():
        layer.weight.mul_(20)
        layer.train(training)
        for _ in range(60 if training else 1):
            kernel = layer.kernel()
    assert norm_bound(kernel) == pytest.approx(0.5, rel=2e-3)


def test_a_kernel_within_the_bound_is_left_alone() -> None:
    layer = SpectralConvolution(2, 2, bound=100.0).eval()
    assert torch.equal(layer.kernel(), layer.weight)
    free = SpectralConvolution(2, 2, bound=None)
    assert torch.equal(free.kernel(), free.weight)


@pytest.mark.parametrize("training", [True, False])
def test_the_gradient_passes_the_division(training: bool) -> None:
    torch.manual_seed(0)
    layer = SpectralConvolution(2, 2, bound=0.1).double().train(training)
    weight = layer.weight.detach().clone()
    direction = torch.randn_like(weight)

    def size(values: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            layer.weight.copy_(values)
        for _ in range(200 if training else 0):
            layer.kernel()
        return (layer.kernel() * direction).sum()

    size(weight).backward()
    along = float((layer.weight.grad * direction).sum())
    step = 1e-5
    with torch.no_grad():
        slope = (size(weight + step * direction) - size(weight - step * direction)) / (2 * step)
    assert along == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.parametrize("lipschitz", [0.5, 3.0])
def test_the_network_is_lipschitz_as_it_says(lipschitz: float) -> None:
    torch.manual_seed(0)
    network = ResidualNetwork(ResidualShape(6, (1, 2, 1), lipschitz=lipschitz))
    with torch.no_grad():
        for layer in network.layers:
            layer.weight.mul_(30)
        network.eval()
        bound = network.lipschitz_bound()
        assert bound <= lipschitz * (1 + 1e-5)
        first = torch.rand(4, 1, 11, 13)
        for size in (1e-2, 1.0):
            second = first + size * torch.randn_like(first)
            change = torch.linalg.vector_norm((network(second) - network(first)).flatten(1), dim=1)
            moved = torch.linalg.vector_norm((second - first).flatten(1), dim=1)
            assert bool((change <= bound * moved * (1 + 1e-5)).all())


def test_averaged_it_makes_a_nonexpansive_map() -> None:
    torch.manual_seed(0)
    network = ResidualNetwork(ResidualShape(6, (1, 1), lipschitz=1.0, averaging=0.5))
    with torch.no_grad():
        for layer in network.layers:
            layer.weight.mul_(30)
        network.eval()
        first, second = torch.rand(2, 3, 1, 10, 10)
        change = (first + network(first)) - (second + network(second))
        assert float(change.norm()) <= float((first - second).norm())


def test_pictures_of_odd_sides_keep_their_shape() -> None:
    network = ResidualNetwork(ResidualShape(4, (1, 1), fold=3))
    assert network(torch.rand(2, 1, 7, 11)).shape == (2, 1, 7, 11)


@pytest.mark.parametrize(
    "wrong", [{"dilations": (1,)}, {"channels": 0}, {"lipschitz": 0.0}, {"averaging": 1.0}, {"fold": 0}]
)
def test_shapes_that_make_no_network_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|positive"):
        ResidualShape(**wrong)  # type: ignore[arg-type]


def test_sizes_are_bounded_and_weights_counted_before_any_is_made() -> None:
    for shape in (ResidualShape(), ResidualShape(channels=3, dilations=(1, 2, 1), fold=3)):
        made = ResidualNetwork(shape)
        assert shape.weights == sum(value.numel() for value in made.parameters())
    for wrong in ({"dilations": (1,) * 65}, {"channels": 4097}, {"fold": 4097}, {"dilations": (1, 4097)}):
        with pytest.raises(ValueError, match="at most"):
            ResidualShape(**wrong)
