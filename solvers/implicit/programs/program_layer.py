"""The solution of a batch of programs as a differentiable function of all their data.

map ──approach, weights tuned──▶ fixed point, differentiated by an adjoint ──▶ x*, y* and their residuals
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import Adjoint, FixedPointSolver, Implicit, Shine, Unrolled
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Map, Picard
from solvers.implicit.gmres import Gmres
from solvers.implicit.programs.convex_program import Program
from solvers.implicit.programs.guarded_anderson import GuardedAnderson
from solvers.implicit.programs.guarded_broyden import GuardedBroyden
from solvers.implicit.programs.infeasible_items import proved_infeasible, unusable_items, without
from solvers.implicit.programs.program_residuals import ProgramResiduals, objective, residuals
from solvers.implicit.programs.saddle_map import SaddleMap
from solvers.iteration import TerminationReason, iterate

_APPROACH = 1e-3


@dataclass(frozen=True, eq=False)
class ProgramSolution:
    """B solutions. Those of items that did not converge have derivatives zero unless the layer was told to
    keep them; where an item's data are no program (NaN, crossed bounds), x and y are zero too.

    Attributes:
        primal: x, shape (B, n), inside its bounds, with derivatives.
        dual: y, shape (B, m), with derivatives where it is unique; y_i > 0 prices the row's lower side.
        objective: ½xᵀQx + c·x with γ in Q, shape (B,), with derivatives.
        residuals: relative errors of each item; infinite where the data are no program.
        reasons: CONVERGED, INFEASIBLE (proved), NON_FINITE (so the data were), STALLED (the map hardly moves
            the point, yet it is no solution), or the limit that came first.
        iterations: shape (B,) int64, the approach included.
    """

    primal: Tensor
    dual: Tensor
    objective: Tensor
    residuals: ProgramResiduals
    reasons: tuple[TerminationReason, ...]
    iterations: Tensor

    @property
    def converged(self) -> Tensor:
        """Shape (B,) bool."""
        return _are(self.reasons, TerminationReason.CONVERGED)


class ProgramLayer(nn.Module):
    """program ↦ its solution, with derivatives by c, q, F, H, A, L, U, l and u.

        layer = ProgramLayer(JacobianFree())
        x = layer(make_program(cost, A, b, b, lower=0.0, regularization=0.1)).primal

    Derivatives hold where the solution is differentiable: where each bound that x or a row meets has a price
    that is not zero, and, for those by the data of equality rows, where these rows are independent. At other
    points one of the one-sided derivatives comes out, as of relu at 0.

    Args:
        adjoint: how the solution is differentiated; exactly, by `Implicit`, where nothing is said.
        solver: of the fixed point; where nothing is said Picard's for `Unrolled`, guarded Broyden's for
            `Shine` and guarded Anderson's for the others.
        tolerance: of the solver that is chosen where none is given, relative, of ‖T(z) − z‖.
        accuracy: an item is CONVERGED only if its relative errors are at most this as well; of those whose
            primal error is above it, a proof is sought that there is no solution. Where nothing is said, a
            hundred times the tolerance, but not less than 1e-4.
        max_iterations: of the solver.
        rounds, round_iterations: of the approach, after each of which the primal weights are tuned.
        keep_unconverged: items that ended at a limit keep the derivatives of where they stand.
    """

    def __init__(
        self,
        adjoint: Adjoint | None = None,
        *,
        solver: FixedPointSolver | None = None,
        tolerance: float = 1e-8,
        accuracy: float | None = None,
        max_iterations: int = 5000,
        rounds: int = 5,
        round_iterations: int = 40,
        keep_unconverged: bool = False,
    ) -> None:
        super().__init__()
        self.adjoint = adjoint or Implicit(Gmres(1e-10, memory=100), max_iterations=1000)
        solver = solver or default_solver(self.adjoint, tolerance)
        self.fixed_point = FixedPointLayer(_apply, solver, self.adjoint, max_iterations=max_iterations)
        self.rounds, self.round_iterations = rounds, round_iterations
        self.accuracy = max(1e-4, 100.0 * tolerance) if accuracy is None else accuracy
        self.keep_unconverged = keep_unconverged

    def forward(self, program: Program) -> ProgramSolution:
        bad, crossed = unusable_items(program)
        usable = without(program, bad | crossed)
        saddle, start, spent = self._approached(usable)
        if isinstance(self.adjoint, Unrolled):
            start = torch.zeros_like(start)  # the derivative is of every step from here
        z = self.fixed_point(saddle, start=start)
        ended = self.fixed_point.last
        assert ended is not None
        x, y = saddle.split(z)
        errors = residuals(usable, x, y, saddle.point_unit)
        reasons = list(ended.reasons)
        wrong = _are(reasons, TerminationReason.CONVERGED) & ~(errors.largest <= self.accuracy)
        _note(reasons, wrong, TerminationReason.STALLED)
        failed = ~_are(reasons, TerminationReason.CONVERGED)
        proved = proved_infeasible(saddle, z.detach(), failed & ~(errors.primal <= self.accuracy))
        _note(reasons, proved | crossed, TerminationReason.INFEASIBLE)
        _note(reasons, bad, TerminationReason.NON_FINITE)
        lost = bad | crossed | proved | (failed & (not self.keep_unconverged))
        x, y = (torch.where(lost[:, None], part.detach(), part) for part in (x, y))
        value = objective(usable, x)
        spoilt = {name: value.masked_fill(bad | crossed, torch.inf) for name, value in vars(errors).items()}
        return ProgramSolution(
            x,
            y,
            torch.where(lost, value.detach(), value),
            ProgramResiduals(**spoilt),
            tuple(reasons),
            ended.iterations + spent,
        )

    @torch.no_grad()
    def _approached(self, program: Program) -> tuple[SaddleMap, Tensor, Tensor]:
        """The map with tuned weights, a point for it, and the iterations spent, shape (B,)."""
        saddle = SaddleMap.of(program.detached())
        z = saddle.join(torch.zeros_like(program.cost), torch.zeros_like(program.row_lower))
        spent = torch.zeros(len(program), dtype=torch.int64, device=z.device)
        for _ in range(self.rounds):
            found = iterate(
                GuardedAnderson(_APPROACH), cast(Map, saddle), z, max_iterations=self.round_iterations
            )
            spent = spent + found.iterations
            saddle, z = saddle.reweighted(found.value)
        return replace(saddle, program=program), z, spent


def default_solver(adjoint: Adjoint, tolerance: float) -> FixedPointSolver:
    """That goes with an adjoint."""
    if isinstance(adjoint, Unrolled):
        return Picard(tolerance)
    return GuardedBroyden(tolerance) if isinstance(adjoint, Shine) else GuardedAnderson(tolerance)


def _apply(z: Tensor, saddle: SaddleMap) -> Tensor:
    return saddle(z)


def _are(
    reasons: tuple[TerminationReason, ...] | list[TerminationReason], wanted: TerminationReason
) -> Tensor:
    return torch.tensor([reason is wanted for reason in reasons])


def _note(reasons: list[TerminationReason], items: Tensor, reason: TerminationReason) -> None:
    for place in torch.nonzero(items).squeeze(1).tolist():
        reasons[place] = reason
