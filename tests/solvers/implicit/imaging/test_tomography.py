"""The projector beside scikit-image's, and filtered back-projection."""

from __future__ import annotations

import numpy as np
import torch
from skimage.data import shepp_logan_phantom
from skimage.transform import radon, resize

from solvers.implicit.imaging.quality import psnr
from solvers.implicit.imaging.tomography import Tomography

SIDE, ANGLES = 48, 30


def phantom() -> np.ndarray:
    small = resize(shepp_logan_phantom().astype(float), (SIDE - 8, SIDE - 8), anti_aliasing=True)
    return np.pad(np.asarray(small), 4)


def test_the_projections_are_those_of_scikit_image() -> None:
    picture = phantom()
    operator = Tomography((SIDE, SIDE), ANGLES)
    ours = operator.projector @ picture.ravel()
    ours = ours.reshape(operator.measurement_shape)
    theirs = radon(picture, theta=np.arange(ANGLES) * 180 / ANGLES, circle=True).T
    margin = ours.shape[1] // 2 - SIDE // 2
    inner = ours[:, margin : margin + SIDE]
    error = np.linalg.norm(inner - theirs) / np.linalg.norm(theirs)
    assert error < 1e-3


def test_filtered_back_projection_finds_the_phantom() -> None:
    picture = torch.from_numpy(phantom())[None, None]
    operator = Tomography((SIDE, SIDE), 90)
    found = operator.classical_inverse(operator.apply(picture))
    assert psnr(picture, found) > 24
    assert abs(float(found.mean() - picture.mean())) < 0.02


def test_the_bound_on_the_norm_holds_and_is_near() -> None:
    operator = Tomography((12, 9), 5)
    norm = np.linalg.norm(operator.projector.toarray(), 2)
    assert norm <= operator.norm_bound <= 1.01 * norm


def test_angles_of_ones_own_are_degrees_in_the_order_given() -> None:
    even = Tomography((12, 9), 4)
    turned = Tomography((12, 9), [90.0, 0.0, 135.0, 45.0])
    picture = torch.rand(1, 1, 12, 9, dtype=torch.float64)
    torch.testing.assert_close(
        turned.apply(picture) * turned.scale, even.apply(picture)[:, [2, 0, 3, 1]] * even.scale
    )
    measured = turned.apply(picture)
    torch.testing.assert_close(
        turned.classical_inverse(measured), even.classical_inverse(even.apply(picture)), rtol=1e-9, atol=1e-9
    )
    assert turned.description() == {"kind": "tomography", "angles": [90.0, 0.0, 135.0, 45.0]}
