"""The bundled dictionary is what the command that makes it makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runtime.checkpoints import load
from service.overcomplete_dct import overcomplete_dct


def test_atoms_are_waves_of_length_one() -> None:
    atoms = overcomplete_dct(4, 6)
    assert atoms.shape == (16, 36)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1.0)
    np.testing.assert_allclose(atoms[:, 0], 0.25)
    assert np.linalg.matrix_rank(atoms) == 16
    down, across = atoms[:, 6].reshape(4, 4), atoms[:, 1].reshape(4, 4)
    np.testing.assert_allclose(down, down[:, :1] @ np.ones((1, 4)))
    np.testing.assert_allclose(across, down.T)


def test_the_bundled_one_is_made_of_them(bundled_model: Path) -> None:
    bundled = load(bundled_model / "dct-64x144" / "1")
    np.testing.assert_allclose(bundled.tensors["matrix"].numpy(), overcomplete_dct(8, 12), atol=1e-14)
    assert (bundled.card["kind"], bundled.card["atoms"]) == ("dictionary", 144)
