import pytest
import torch

from solvers.sparse.errors import InvalidMeasurements, ShapeMismatch
from solvers.sparse.patches import averaged, patches_of, without_mean


def test_patches_are_read_row_by_row() -> None:
    picture = torch.arange(20.0).reshape(4, 5)
    patches = patches_of(picture, 3)
    assert patches.shape == (6, 9)
    assert patches[4].tolist() == picture[1:4, 1:4].flatten().tolist()


@pytest.mark.parametrize("shape", [(8, 8), (9, 14)])
def test_a_picture_is_the_mean_of_its_patches(shape: tuple[int, int]) -> None:
    picture = torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(averaged(patches_of(picture, 8), shape, 8), picture)


def test_pixels_are_averaged_over_the_patches_that_hold_them() -> None:
    patches = torch.tensor([[0.0] * 4, [6.0] * 4])
    assert averaged(patches, (2, 3), 2).tolist() == [[0.0, 3.0, 6.0]] * 2


def test_gradients_pass() -> None:
    patches = torch.rand(6, 9, requires_grad=True, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda given: averaged(given, (4, 5), 3), (patches,))


def test_means_are_taken_off() -> None:
    rest, mean = without_mean(torch.tensor([[1.0, 3.0], [2.0, 2.0]]))
    assert rest.tolist() == [[-1.0, 1.0], [0.0, 0.0]]
    assert mean.tolist() == [[2.0], [2.0]]


def test_what_does_not_fit_is_refused() -> None:
    for picture in (torch.ones(3, 9), torch.ones(9), torch.ones(1, 9, 9)):
        with pytest.raises(InvalidMeasurements):
            patches_of(picture, 4)
    with pytest.raises(ShapeMismatch):
        averaged(torch.ones(5, 16), (5, 5), 4)
