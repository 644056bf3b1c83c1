"""How far a point is from optimal, in the instance's own units: the relative errors of PDLP.

    primal  ‖A x − Π_[L,U](A x)‖₂ / (1 + ‖b‖₂)        b: the larger finite side of each row
    dual    ‖the part of d = c − Aᵀy that an infinite bound forbids‖₂ / (1 + ‖c‖₂)
    gap     |p − g| / (1 + |p| + |g|),  p = c·x,  g = Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j d_j l_j or u_j

Applegate et al., Practical large-scale linear programming using primal-dual hybrid gradient (2021), section
4. The gap leaves the instance's constant out. x lies in its box and y has the right signs, by projection.
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphs.saddle_point import violation
from solvers.linear.pdhg.problem import StackedProblem


def relative_errors(
    problem: StackedProblem, primal: Tensor, dual: Tensor, activity: Tensor, force: Tensor
) -> Tensor:
    """Of x', y' with A'x' and A'ᵀy'; shape (B, 3)."""
    rows, columns = problem.rows, problem.columns
    # x = S x' / β, y = R y' / γ: a scaled violation is β R of the original, a scaled reduced cost γ S of it
    missed = violation(activity, problem.row_lower, problem.row_upper) / problem.row_scale
    primal_residual = rows.sum(missed * missed).sqrt() * problem.objective_scale
    reduced = problem.objective - force
    value, forbidden = box_terms(reduced, problem)
    if problem.ends.open_columns:
        forbidden = forbidden / problem.column_scale
        dual_residual = columns.sum(forbidden * forbidden).sqrt() * problem.objective_scale
    else:
        dual_residual = torch.zeros_like(primal_residual)
    bound = (rows.sum(row_terms(dual, problem)) + columns.sum(value)) * problem.objective_scale
    cost = columns.sum(problem.objective * primal) * problem.objective_scale
    return torch.stack(
        [
            primal_residual / (1.0 + problem.side_norm),
            dual_residual / (1.0 + problem.cost_norm),
            (cost - bound).abs() / (1.0 + cost.abs() + bound.abs()),
        ],
        dim=1,
    )


def box_terms(reduced: Tensor, problem: StackedProblem) -> tuple[Tensor, Tensor]:
    """min of d' x' over the finite end that d' asks for, and d' where there is no such end; shape (N,)
    each."""
    ends = problem.ends
    rising = reduced.clamp(min=0.0)
    falling = reduced - rising
    terms = torch.addcmul(rising * ends.column_lower, falling, ends.column_upper)
    if not ends.open_columns:
        return terms, torch.zeros_like(terms)
    return terms, torch.addcmul(rising * ends.no_column_lower, falling, ends.no_column_upper)


def row_terms(dual: Tensor, problem: StackedProblem) -> Tensor:
    """y_i > 0 ? y_i L_i : y_i U_i, 0 where that side is infinite; shape (M,)."""
    rising = dual.clamp(min=0.0)
    return torch.addcmul(rising * problem.ends.row_lower, dual - rising, problem.ends.row_upper)
