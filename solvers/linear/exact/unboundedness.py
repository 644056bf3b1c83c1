"""MILPs whose costs their boxes do not bound: the relaxation's verdict first.

Solvers call some unbounded MILPs optimal, and some infeasible. An infeasible relaxation settles it. Over one
that is unbounded a MILP with rational data, as float64 data are, has no optimum either (R. R. Meyer, On the
existence of optimal solutions to integer and mixed-integer programming problems, Mathematical Programming 7,
1974): what is left to ask is whether it has an integral point at all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphs.instance import Instance
from solvers.linear.exact.solution import ExactSolution, SolveStatus


def costs_can_escape(instance: Instance) -> bool:
    """Whether a variable's own bounds let its cost fall without end."""
    cost = instance.objective_vector
    down = (cost > 0) & np.isneginf(instance.variable_lower_bound)
    return bool((down | (cost < 0) & np.isposinf(instance.variable_upper_bound)).any())


def without_costs(instance: Instance) -> Instance:
    """The same feasible set, every point of it as good as any other."""
    return replace(instance, objective_vector=np.zeros(instance.columns), objective_offset=0.0)


def over_unbounded_relaxation(
    instance: Instance, relaxed: ExactSolution, found: ExactSolution
) -> ExactSolution:
    """The verdict on a MILP whose relaxation is unbounded.

    Args:
        relaxed: of the relaxation, UNBOUNDED.
        found: of `without_costs`; without a point, its verdict is the MILP's.
    """
    if found.primal is None:
        return found
    return replace(
        found,
        status=SolveStatus.UNBOUNDED,
        unbounded_ray=relaxed.unbounded_ray,
        objective=instance.objective(found.primal),
        dual_bound=None,
        linear_bound=None,
        pool=None,
        pool_objectives=None,
        outside=found.outside or relaxed.outside,
    )
