"""LISTA and its kin with weights that are trained: one small class each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from solvers.sparse.layers import LayeredNetwork, SupportSelection
from solvers.sparse.problem import LeastSquares


@dataclass(frozen=True, eq=False)
class FreeLayer:
    """Attributes:
    input_weight: B_k, shape (m, n): b Bₖ is added.
    hidden_weight: W_k, shape (n, n), applied from the right.
    threshold: θ_k, shape ().
    """

    input_weight: Tensor
    hidden_weight: Tensor
    threshold: Tensor


@dataclass(frozen=True, eq=False)
class CoupledLayer:
    """Attributes:
    weight: W_k, shape (m, n).
    threshold: θ_k, shape ().
    """

    weight: Tensor
    threshold: Tensor


@dataclass(frozen=True, eq=False)
class LISTA(LayeredNetwork[FreeLayer]):
    """x⁺ = S_θₖ(B_kᵀ b + W_kᵀ x)   (Gregor and LeCun 2010), every layer's weights its own.

    Starts as ISTA: B = A/L, W = I − AᵀA/L, θ = λ/L.
    """

    variant: ClassVar[str] = "lista"
    usual_selection: ClassVar[SupportSelection | None] = None

    @classmethod
    def initial(cls, matrix: Tensor, layers: int, threshold: float) -> Self:
        """For unit atoms, shape (m, n)."""
        size = torch.linalg.matrix_norm(matrix, ord=2) ** 2
        hidden = torch.eye(matrix.shape[1], dtype=matrix.dtype) - matrix.T @ matrix / size
        theta = matrix.new_tensor(threshold)
        return cls(
            tuple(FreeLayer(matrix / size, hidden.clone(), theta.clone()) for _ in range(layers)),
            cls.usual_selection,
        )

    @property
    def products_of_a_step(self) -> int:  # type: ignore[override]
        """n·(m + n) numbers a layer, in units of m·n."""
        m, n = self.layers[0].input_weight.shape
        return -(-(m + n) // m)

    def linear(self, problem: LeastSquares, x: Tensor, layer: FreeLayer) -> Tensor:
        return torch.addmm(problem.measurements @ layer.input_weight, x, layer.hidden_weight)


@dataclass(frozen=True, eq=False)
class LISTASS(LISTA):
    """LISTA with support selection: x⁺ = S^p_θₖ(B_kᵀ b + W_kᵀ x)   (Chen, Liu, Wang and Yin 2018)."""

    variant: ClassVar[str] = "lista-ss"
    usual_selection: ClassVar[SupportSelection | None] = SupportSelection()


@dataclass(frozen=True, eq=False)
class LISTACP(LayeredNetwork[CoupledLayer]):
    """x⁺ = S_θₖ(x + W_kᵀ(b − Ax)), the weights coupled   (Chen, Liu, Wang and Yin 2018).

    Starts with W = A/L, which is ISTA.
    """

    variant: ClassVar[str] = "lista-cp"
    usual_selection: ClassVar[SupportSelection | None] = None

    @classmethod
    def initial(cls, matrix: Tensor, layers: int, threshold: float) -> Self:
        """For unit atoms, shape (m, n)."""
        size = torch.linalg.matrix_norm(matrix, ord=2) ** 2
        theta = matrix.new_tensor(threshold)
        return cls(
            tuple(CoupledLayer(matrix / size, theta.clone()) for _ in range(layers)), cls.usual_selection
        )

    def linear(self, problem: LeastSquares, x: Tensor, layer: CoupledLayer) -> Tensor:
        return torch.addmm(x, problem.residual(x), layer.weight, alpha=-1.0)


@dataclass(frozen=True, eq=False)
class LISTACPSS(LISTACP):
    """LISTA-CP with support selection: x⁺ = S^p_θₖ(x + W_kᵀ(b − Ax))   (Chen, Liu, Wang and Yin 2018)."""

    variant: ClassVar[str] = "lista-cpss"
    usual_selection: ClassVar[SupportSelection | None] = SupportSelection()
