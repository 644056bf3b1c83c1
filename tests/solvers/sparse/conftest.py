"""Small dictionaries with planted codes."""

from __future__ import annotations

import pytest
from torch import Tensor

from solvers.sparse.problem import SparseProblem
from tests.solvers.sparse.planted import gaussian, planted


@pytest.fixture
def unit() -> Tensor:
    """Unit atoms, shape (60, 120)."""
    return gaussian(60, 120).unit


@pytest.fixture
def codes() -> Tensor:
    return planted(64, 120, 0.06)


@pytest.fixture
def problem(unit: Tensor, codes: Tensor) -> SparseProblem:
    return SparseProblem(unit, codes @ unit.T)
