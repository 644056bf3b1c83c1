"""Forward operators: adjoints, norms, and refusals, each kind by the same tests."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from solvers.implicit.errors import InvalidMeasurement, InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.operators import OPERATORS, make_operator

DESCRIPTIONS: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"kind": "masked-fourier", "acceleration": 4}, (18, 24)),
    ({"kind": "masked-fourier", "acceleration": 8, "seed": 3}, (15, 25)),
    ({"kind": "masked-fourier", "acceleration": 1}, (6, 8)),
    ({"kind": "blur", "size": 5, "sigma": 1.5}, (12, 15)),
    ({"kind": "inpainting", "share_kept": 0.3, "seed": 1}, (9, 14)),
    ({"kind": "super-resolution", "factor": 3}, (9, 12)),
    ({"kind": "tomography", "angles": 7}, (10, 13)),
    ({"kind": "masked-fourier", "columns": [-5, -3, 0, 1, 3]}, (9, 11)),
    ({"kind": "masked-fourier", "columns": [-4, -1, 2]}, (6, 8)),
    ({"kind": "inpainting", "mask": [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 1]]}, (3, 4)),
    ({"kind": "blur", "kernel": [[0, 1, 2], [0, 0, 1], [3, 0, 0]]}, (8, 9)),
    ({"kind": "blur", "kernel": [[1.5, -4.0, 2.0, 0.5, 0.0]]}, (7, 10)),
    ({"kind": "tomography", "angles": [0, 12.5, 90, -30, 300]}, (10, 13)),
]
ANY = pytest.mark.parametrize(("description", "shape"), DESCRIPTIONS)


def random_pair(operator: ForwardOperator, seed: int = 0) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    images = torch.randn(2, 1, *operator.image_shape, dtype=torch.float64)
    measured = operator.apply(images)
    return images, torch.randn(measured.shape, dtype=measured.dtype)


@ANY
def test_the_adjoint_is_exact(description: dict[str, Any], shape: tuple[int, int]) -> None:
    operator = make_operator(description, shape)
    x, y = random_pair(operator)
    left = (operator.apply(x) * y.conj()).real.flatten(1).sum(1)
    right = (x * operator.adjoint(y)).flatten(1).sum(1)
    torch.testing.assert_close(left, right, rtol=0, atol=1e-10)
    assert (left.abs() > 1e-3).all()


@ANY
def test_the_norm_is_at_most_one_and_not_far_below(
    description: dict[str, Any], shape: tuple[int, int]
) -> None:
    operator = make_operator(description, shape)
    columns = torch.eye(shape[0] * shape[1], dtype=torch.float64).reshape(-1, 1, *shape)
    measured = operator.apply(columns)
    real = torch.view_as_real(measured.resolve_conj()) if measured.is_complex() else measured
    norm = float(torch.linalg.matrix_norm(real.flatten(1), ord=2))
    assert 0.98 < norm <= 1 + 1e-12


@ANY
def test_shapes_precisions_and_the_way_back_from_the_description(
    description: dict[str, Any], shape: tuple[int, int]
) -> None:
    operator = make_operator(description, shape)
    images = torch.rand(3, 1, *shape)
    measured = operator.apply(images)
    assert measured.shape == (3, *operator.measurement_shape)
    assert measured.is_complex() == operator.complex_measurements
    assert OPERATORS[operator.kind].complex_measurements == operator.complex_measurements
    assert operator.adjoint(measured).dtype == torch.float32
    assert operator.classical_inverse(measured).shape == images.shape
    again = make_operator(json.loads(json.dumps(operator.description())), shape)
    assert again.description() == operator.description()
    assert again.scale == operator.scale
    assert torch.equal(again.apply(images), measured)
    torch.testing.assert_close(operator.apply(images.double()).to(measured.dtype), measured)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({}, "no forward operator"),
        ({"kind": ["blur"]}, "no forward operator"),
        ({"kind": "blur", "radius": 2}, "no parameter 'radius'"),
        ({"kind": "blur", "sigma": "2"}, "must be a number"),
        ({"kind": "blur", "sigma": float("nan")}, "must be a number"),
        ({"kind": "blur", "sigma": 10**400}, "must be from"),
        ({"kind": "blur", "sigma": True}, "must be a number"),
        ({"kind": "blur", "size": 3.5}, "whole number"),
        ({"kind": "blur", "size": 4}, "odd"),
        ({"kind": "blur", "size": 63}, "at most 12"),
        ({"kind": "inpainting", "share_kept": 0.0}, "must be from"),
        ({"kind": "super-resolution", "factor": 5}, "do not tile"),
        ({"kind": "masked-fourier", "acceleration": 8, "centre_fraction": 0.5}, "centre alone"),
        ({"kind": "tomography", "angles": 0}, "must be from"),
        ({"kind": "tomography", "angles": []}, "list of numbers"),
        ({"kind": "tomography", "angles": [[1.0]]}, "list of numbers"),
        ({"kind": "tomography", "angles": [0.0, float("inf")]}, "from -360 to 360"),
        ({"kind": "tomography", "angles": [0.0] * 361}, "may have 360"),
        ({"kind": "masked-fourier", "columns": [-13, 0]}, "from -12 to 11"),
        ({"kind": "masked-fourier", "columns": [0, 12]}, "c − 24 from c = 12 on"),
        ({"kind": "masked-fourier", "columns": [1, 0]}, "must ascend"),
        ({"kind": "masked-fourier", "columns": [1, 1]}, "must ascend"),
        ({"kind": "masked-fourier", "columns": [0.5]}, "whole numbers"),
        ({"kind": "masked-fourier", "columns": 3}, "list of numbers"),
        ({"kind": "masked-fourier", "columns": ["0"]}, "list of numbers"),
        ({"kind": "masked-fourier", "columns": [0], "seed": 1}, "columns goes without seed"),
        ({"kind": "inpainting", "mask": [[1, 0]]}, "1 × 2 pixels, the picture of 12 × 24"),
        ({"kind": "inpainting", "mask": [[0] * 24] * 12}, "keeps no pixel"),
        ({"kind": "inpainting", "mask": [[2]]}, "numbers from 0 to 1"),
        ({"kind": "inpainting", "mask": [[1], [1, 0]]}, "rows of numbers"),
        ({"kind": "inpainting", "kernel": [[1]]}, "no parameter 'kernel'"),
        ({"kind": "blur", "kernel": [[1.0, 1.0]]}, "sides must be odd, not 2"),
        ({"kind": "blur", "kernel": [[0.0]]}, "0 everywhere"),
        ({"kind": "blur", "kernel": [[1.0]] * 13}, "at most 12 for a picture of 12 × 24"),
        ({"kind": "blur", "kernel": [[1.0] * 65]}, "may have 63"),
        ({"kind": "blur", "kernel": [[1.0]], "size": 3}, "kernel goes without size"),
        ({"kind": "blur", "kernel": [[10**400]]}, "rows of numbers"),
    ],
)
def test_what_is_wrong_is_said(description: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOperator, match=said):
        make_operator(description, (12, 24))


@pytest.mark.parametrize("shape", [(0, 4), (4, 5000)])
def test_pictures_of_impossible_sizes_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidOperator, match="along a side"):
        make_operator({"kind": "inpainting"}, shape)


def test_a_projector_that_would_not_fit_is_refused() -> None:
    with pytest.raises(InvalidOperator, match="too large a matrix"):
        make_operator({"kind": "tomography", "angles": 360}, (1024, 1024))


def test_measurements_are_checked() -> None:
    operator = make_operator({"kind": "blur", "size": 3}, (6, 8))
    with pytest.raises(InvalidMeasurement, match="6×8"):
        operator.check_measurements(torch.zeros(1, 8, 6))
    with pytest.raises(InvalidMeasurement, match="shape"):
        operator.check_measurements(torch.zeros(0, 6, 8))
    with pytest.raises(InvalidMeasurement, match="not finite"):
        operator.check_measurements(torch.full((1, 6, 8), torch.inf))
    with pytest.raises(InvalidMeasurement, match="real"):
        operator.check_measurements(torch.zeros(1, 6, 8, dtype=torch.complex64))
    assert operator.check_images(torch.zeros(2, 1, 6, 8, dtype=torch.int64)).is_floating_point()
