"""Masks of magnetic resonance: how many columns, which, and what the adjoint makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.implicit.imaging.masked_fourier import measured_columns
from solvers.implicit.imaging.operators import make_operator


@pytest.mark.parametrize("acceleration", [4.0, 8.0])
@pytest.mark.parametrize("width", [96, 97, 320])
def test_columns_come_in_pairs_and_are_no_more_than_asked(width: int, acceleration: float) -> None:
    columns = measured_columns(width, acceleration, 0.04, seed=5)
    assert set(columns) == set(-columns)
    assert width / acceleration - 2 < len(columns) <= width / acceleration
    assert len(set(columns)) == len(columns)
    centre = round(0.04 * width) // 2
    assert set(range(-centre, centre + 1)) <= set(columns.tolist())


def test_the_seed_decides() -> None:
    first, again, other = (measured_columns(96, 8, 0.04, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_is_the_transform_of_numpy_and_a_projection() -> None:
    operator = make_operator({"kind": "masked-fourier", "acceleration": 4}, (10, 24))
    torch.manual_seed(0)
    x = torch.randn(1, 1, 10, 24, dtype=torch.float64)
    full = np.fft.fft2(x[0, 0].numpy(), norm="ortho")
    columns = measured_columns(24, 4, 0.04, 0)
    assert np.allclose(operator.apply(x)[0].numpy(), full[:, columns % 24])
    once = operator.normal(x)
    torch.testing.assert_close(operator.normal(once), once)


def test_without_acceleration_everything_is_measured() -> None:
    operator = make_operator({"kind": "masked-fourier", "acceleration": 1}, (5, 7))
    x = torch.rand(2, 1, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(operator.normal(x), x)


def test_columns_of_ones_own_are_those_of_the_transform_and_may_lack_their_pairs() -> None:
    operator = make_operator({"kind": "masked-fourier", "columns": [-5, 1, 3]}, (7, 12))
    torch.manual_seed(0)
    pictures = torch.rand(2, 1, 7, 12, dtype=torch.float64)
    measured = operator.apply(pictures)
    expected = np.fft.fft2(pictures[:, 0].numpy(), norm="ortho")[:, :, [-5, 1, 3]]
    np.testing.assert_allclose(measured.numpy(), expected, atol=1e-12)
    norms = torch.linalg.vector_norm(measured.flatten(1), dim=1)
    assert (norms <= torch.linalg.vector_norm(pictures.flatten(1), dim=1)).all()
    found = operator.classical_inverse(measured)
    torch.testing.assert_close(operator.apply(found), measured)  # half of it by the adjoint
    torch.testing.assert_close(operator.apply(operator.adjoint(measured)), measured / 2)
    both = make_operator({"kind": "masked-fourier", "columns": [-5, -3, -1, 1, 3, 5]}, (7, 12))
    torch.testing.assert_close(found, both.adjoint(both.apply(pictures)))


def test_drawn_columns_may_be_said_as_ones_own() -> None:
    drawn = make_operator({"kind": "masked-fourier", "acceleration": 3}, (6, 16))
    said = make_operator({"kind": "masked-fourier", "columns": drawn.columns}, (6, 16))  # type: ignore[attr-defined]
    picture = torch.rand(1, 1, 6, 16)
    assert torch.equal(said.apply(picture), drawn.apply(picture))
    assert torch.equal(said.classical_inverse(drawn.apply(picture)), drawn.adjoint(drawn.apply(picture)))
