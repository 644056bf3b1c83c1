"""The network of matrix games: F_Θ(x; d) = τx − M_Θ(d) x with a learned skew M_Θ(d), by Douglas and Rachford.

That the game is of two players, zero-sum and the same for both, and τ, is what the network knows of it; the
entries of M_Θ(d) are a learned function of the context, found from equilibria alone.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint
from solvers.implicit.games.equilibrium_network import ContextMap, EquilibriumNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.resolvents import douglas_rachford
from solvers.implicit.games.simplex import project_simplex
from solvers.implicit.games.skew_equilibrium import exploitability


class SkewNetwork(EquilibriumNetwork):
    """Args:
    game: its sizes and τ are used.
    hidden: width of the hidden layer.
    step: α of the splitting.
    """

    form: ClassVar[str] = "skew"
    rows: Tensor
    columns: Tensor

    def __init__(
        self,
        game: MatrixGame,
        *,
        hidden: int = 64,
        step: float = 6.0,
        adjoint: Adjoint | None = None,
        tolerance: float = 1e-5,
        max_iterations: int = 200,
    ) -> None:
        super().__init__(game, adjoint=adjoint, tolerance=tolerance, max_iterations=max_iterations)
        self.actions, self.regularization = game.actions, game.regularization
        self.hidden, self.step = hidden, step
        self.entries = ContextMap(
            game.context_lower, game.context_upper, hidden, game.actions * (game.actions - 1) // 2
        )
        rows, columns = torch.triu_indices(game.actions, game.actions, 1)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)

    def description(self) -> dict[str, Any]:
        return {"form": self.form, "hidden": self.hidden, "step": self.step}

    def payoffs(self, contexts: Tensor) -> Tensor:
        """M_Θ(d), shape (B, n, n)."""
        entries = self.entries(contexts)
        matrix: Tensor = entries.new_zeros(len(contexts), self.actions, self.actions)
        matrix[:, self.rows, self.columns] = entries
        return matrix - matrix.transpose(1, 2)

    def given(self, contexts: Tensor) -> tuple[Tensor, ...]:
        matrices = self.payoffs(contexts)
        eye = torch.eye(self.actions, dtype=matrices.dtype, device=matrices.device)
        system = eye + self.step * (self.regularization * eye - matrices)
        resolvents, _ = torch.linalg.inv_ex(system)  # one that is singular to rounding fails alone
        return (resolvents,)

    def start(self, given: tuple[Tensor, ...]) -> Tensor:
        return given[0][:, 0]

    def cell(self, z: Tensor, *given: Tensor) -> Tensor:
        return douglas_rachford(z, project_simplex, given[0])

    def answer(self, z: Tensor, *given: Tensor) -> Tensor:
        return project_simplex(z)

    def observed(self, answer: Tensor) -> Tensor:
        return answer

    def observed_gap(self, contexts: Tensor, observed: Tensor) -> Tensor:
        return exploitability(self.payoffs(contexts), observed, self.regularization)
