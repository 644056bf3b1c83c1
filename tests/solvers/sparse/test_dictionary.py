from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import InvalidDictionary


def test_unit_atoms_and_their_lengths_give_the_matrix_back() -> None:
    dictionary = Dictionary.of([[3.0, 0.0, 1.0], [4.0, -2.0, 1.0]])
    assert dictionary.norms.tolist() == pytest.approx([5.0, 2.0, 2.0**0.5])
    assert torch.allclose(dictionary.unit * dictionary.norms, dictionary.matrix)
    assert (dictionary.measurements, dictionary.atoms) == (2, 3)


def test_lipschitz_is_the_largest_curvature() -> None:
    dictionary = Dictionary.of(np.diag([1.0, 3.0]))
    assert dictionary.lipschitz == pytest.approx(9.0)


def test_hash_is_of_the_content() -> None:
    rows = [[1.0, 2.0], [0.0, -1.0]]
    first = Dictionary.of(rows)
    assert first.content_hash == Dictionary.of(np.array(rows, dtype=np.float32)).content_hash
    assert first.content_hash == Dictionary.of([[1.0, 2.0], [-0.0, -1.0]]).content_hash
    assert first.content_hash != Dictionary.of([[1.0, 2.0], [0.0, 1.0]]).content_hash
    assert Dictionary.of(np.ones((2, 3))).content_hash != Dictionary.of(np.ones((3, 2))).content_hash


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1.0, float("nan")]], "row 0, column 1"),
        ([[1.0, float("inf")]], "not finite"),
        ([[1.0, 0.0], [2.0, 0.0]], "column 1"),
        ([1.0, 2.0], "shape"),
        ([], "shape"),
        ([[1.0, 2.0], [3.0]], "one length"),
        ([["a", "b"]], "real numbers"),
        ([[1.0 + 2.0j]], "real numbers"),
        ([[1e200]], "too large"),
        ([[1e-200, 1.0]], "too small"),
        (None, "real numbers"),
    ],
)
def test_what_is_no_dictionary_is_refused(matrix: object, words: str) -> None:
    with pytest.raises(InvalidDictionary, match=words):
        Dictionary.of(matrix)  # type: ignore[arg-type]
