"""What is computed of a dictionary once and used for every measurement of it, kept by content."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from solvers.sparse.certificate import LassoForm
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.hyperlista import Geometry

_KEPT = 4
"""Dictionaries whose matrices are kept; each costs some eight times its own memory."""
_GRAM_ATOMS = 4096
_TAME = 100.0
"""Longest column of the analytic weight for which float32 will do in the first layers."""


@dataclass(frozen=True, eq=False)
class PreparedDictionary:
    """A dictionary with its matrices, each computed when it is first asked for.

    What is called scaled belongs to 2^−α A, whose largest entry is in [½, 1): exact, and far from overflow.

    Attributes:
        dictionary: A, shape (m, n).
    """

    dictionary: Dictionary

    @cached_property
    def form(self) -> LassoForm:
        """A made ready for certificates; it holds α and the scaled matrix."""
        return LassoForm.of(self.dictionary.matrix.numpy())

    @cached_property
    def scaled(self) -> Tensor:
        """2^−α A, shape (m, n)."""
        return torch.from_numpy(self.form.matrix)

    @cached_property
    def scaled_norms(self) -> Tensor:
        """Lengths of the scaled atoms, shape (n,)."""
        return torch.from_numpy(np.ldexp(self.dictionary.norms.numpy(), -self.form.exponent))

    @cached_property
    def lipschitz(self) -> float:
        """‖2^−α A‖₂²."""
        return float(torch.linalg.matrix_norm(self.scaled, ord=2)) ** 2

    @cached_property
    def gram(self) -> Tensor | None:
        """Of the scaled atoms, shape (n, n); None where there are too many of them to keep it."""
        return self.scaled.T @ self.scaled if self.dictionary.atoms <= _GRAM_ATOMS else None

    @cached_property
    def geometry(self) -> Geometry:
        """HyperLISTA's matrices of the unit atoms, float64."""
        return Geometry.analytic(self.dictionary.unit)

    @cached_property
    def single_geometry(self) -> Geometry:
        """The same in float32."""
        return self.geometry.to(torch.float32)

    def unit(self, dtype: torch.dtype) -> Tensor:
        """The unit atoms, shape (m, n)."""
        return self.dictionary.unit if dtype == torch.float64 else self._single_unit

    @cached_property
    def _single_unit(self) -> Tensor:
        return self.dictionary.unit.to(torch.float32)

    @cached_property
    def bears_single(self) -> bool:
        """Whether float32 loses little in HyperLISTA's first layers."""
        return float(torch.linalg.vector_norm(self.geometry.weight, dim=0).max()) <= _TAME


_kept: OrderedDict[str, PreparedDictionary] = OrderedDict()
_lock = threading.Lock()


def prepare(dictionary: Dictionary) -> PreparedDictionary:
    """The dictionary with its matrices; those of the last few are kept, by the hash of their content."""
    key = dictionary.content_hash
    with _lock:
        found = _kept.pop(key, None) or PreparedDictionary(dictionary)
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found
