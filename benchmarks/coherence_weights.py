"""Weights of little coherence: the closed forms beside the published iterative procedures.

.venv/bin/python -m benchmarks.coherence_weights

Analytic weight (ALISTA): projected gradient descent with step 0.01, until the objective falls by less than
1e-8 of itself a step. Symmetric Jacobian (HyperLISTA): the penalty method, α from 1 down by tenths, gradient
steps on D and least squares for G. Both re-implemented here; an objective is ‖WᵀA − I‖_F or ‖DᵀD − I‖_F.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.harness import interleaved, medians, write_result
from solvers.sparse.coherence import analytic_weight, generalised_coherence, symmetric_jacobian
from solvers.sparse.dictionary import Dictionary

SEED = 0
SIZES = ((64, 144), (250, 500))


def projected_gradient(matrix: Tensor, step: float = 0.01, most: int = 3_000) -> Tensor:
    """min ‖WᵀA‖_F² with w_jᵀa_j = 1."""
    weight, before = matrix.clone(), float("inf")
    for _ in range(most):
        weight = weight - step * matrix @ (matrix.T @ weight)
        weight = weight + matrix * (1.0 - (weight * matrix).sum(0))
        value = float((weight.T @ matrix).square().sum())
        if before - value < 1e-8 * value:
            break
        before = value
    return weight


def penalty_method(matrix: Tensor, step: float = 0.01, inner: int = 100) -> Tensor:
    """min ‖DᵀD − I‖_F² + ‖D − GA‖_F²/α over unit columns D and any G, α ← α/10; D = GA at the end."""
    frame = matrix.clone()
    inverse = torch.linalg.pinv(matrix)
    for power in range(8):
        alpha = 10.0**-power
        size = step / (1.0 + 1.0 / (20.0 * alpha))
        for _ in range(inner):
            target = (frame @ inverse) @ matrix
            slope = 2.0 * (frame @ (frame.T @ frame) - frame) + (frame - target) / alpha
            frame = frame - size * slope
            frame = frame / torch.linalg.vector_norm(frame, dim=0)
    frame = (frame @ inverse) @ matrix
    return frame / torch.linalg.vector_norm(frame, dim=0)


def off_identity(gram: Tensor) -> float:
    return float(torch.linalg.matrix_norm(gram - torch.eye(len(gram), dtype=gram.dtype)))


def compared(rows: int, columns: int) -> dict[str, object]:
    generator = torch.Generator().manual_seed(SEED)
    matrix = Dictionary.of(torch.randn(rows, columns, generator=generator, dtype=torch.float64)).unit
    ways = {
        "analytic, closed form": lambda: analytic_weight(matrix).weight,
        "analytic, projected gradient": lambda: projected_gradient(matrix),
        "symmetric, closed form": lambda: symmetric_jacobian(matrix).frame,
        "symmetric, penalty method": lambda: penalty_method(matrix),
    }
    seconds = medians(interleaved(ways, repeats=1))
    figures: dict[str, object] = {
        "dictionary": {
            "off identity": off_identity(matrix.T @ matrix),
            "coherence": generalised_coherence(matrix, matrix),
        }
    }
    for name, way in ways.items():
        found = way()
        other = matrix if name.startswith("analytic") else found
        figures[name] = {
            "seconds": seconds[name],
            "off identity": off_identity(found.T @ other),
            "coherence": generalised_coherence(found, other),
        }
    return figures


def main() -> None:
    torch.set_num_threads(1)
    figures = {f"{rows}x{columns}": compared(rows, columns) for rows, columns in SIZES}
    for size, found in figures.items():
        for name, values in found.items():
            print(size, name, values)
    print(write_result("coherence_weights", seed=SEED, figures={"threads": 1, "sizes": figures}))


if __name__ == "__main__":
    main()
