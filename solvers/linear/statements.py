"""The sentences of a certificate: what exactly is claimed, of what, and what the claim rests on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from graphs.errors import quote
from graphs.instance import Instance
from solvers.linear.evidence import BoundedPoint
from solvers.linear.residuals import Tolerances

_EXACTLY = "Exact in rational arithmetic on the file's decimals; no tolerance was needed."
_BUT_FOR_THE_GAP = (
    "Exact in rational arithmetic on the file's decimals; no tolerance was needed but the gap's."
)


def no_integer(instance: Instance, column: int) -> str:
    lower, upper = instance.variable_lower_bound[column], instance.variable_upper_bound[column]
    name = quote(str(instance.variable_names[column]))
    return (
        f"Infeasible: integer variable {name} has no integer between its bounds {lower:g} and {upper:g}. "
        "The ray is zero, no row is needed."
    )


def infeasible(instance: Instance, gain: float, violation: float) -> str:
    claim = "Infeasible: the rows combined by the ray contradict the variable bounds."
    if instance.is_mip:
        claim += " The LP relaxation, integer bounds rounded inwards, has no point; hence the MILP has none."
    if violation == 0.0:
        return f"{claim} This needs no tolerance: it holds in exact arithmetic on the float64 data."
    return (
        f"{claim} On columns without a bound the combination vanishes only within rounding: "
        f"a feasible point would have entries whose absolute values sum to {gain / violation:.1e} or more."
    )


def unbounded(instance: Instance, gain: float, violation: float) -> str:
    claim = "Unbounded: from the point, feasible within tolerance, the ray improves the objective for ever."
    if instance.is_mip:
        claim += " The point is integral and the data are rational, so the MILP is unbounded as well."
    if violation == 0.0:
        return f"{claim} The ray needs no tolerance."
    return (
        f"{claim} The ray keeps its rows only within rounding: "
        f"every unit of violation comes with an improvement of {gain / violation:.1e} or more."
    )


def exact_infeasible(instance: Instance) -> str:
    claim = "Infeasible: the rows combined by the ray contradict the variable bounds."
    if instance.is_mip:
        claim += " The LP relaxation, integer bounds rounded inwards, has no point; hence the MILP has none."
    return f"{claim} {_EXACTLY}"


def exact_unbounded(instance: Instance) -> str:
    claim = "Unbounded: from the point, which is feasible, the ray improves the objective for ever."
    if instance.is_mip:
        claim += " The point is integral and the data are rational, so the MILP is unbounded as well."
    return f"{claim} {_EXACTLY}"


def exact_feasible(instance: Instance, gap: Fraction | None, *, optimal: bool, integral: bool) -> str:
    """Of a point with the gap to its dual bound, None where there is no bound."""
    if not integral:
        point = "The point is feasible for the LP relaxation; it is not integral."
    elif optimal and gap == 0:
        point = "The point is feasible and optimal: its gap to the dual bound is 0."
    elif optimal and gap is not None:
        point = (
            f"The point is feasible, and optimal within the gap's tolerance: its relative gap is "
            f"{float(gap):.1e}."
        )
    else:
        point = f"The point is feasible{' and integral' if instance.is_mip else ''}."
    if gap is None:
        return f"{point} {_EXACTLY} No dual bound: the instance may be unbounded."
    bound = " The dual bound is one of the LP relaxation." if instance.is_mip else ""
    rest = _EXACTLY if not optimal or gap == 0 else _BUT_FOR_THE_GAP
    return f"{point}{bound} {rest}"


def feasible(instance: Instance, best: BoundedPoint, tolerances: Tolerances) -> str:
    return f"{_point(instance, best, tolerances)} {_bound(instance, best)}"


def _point(instance: Instance, best: BoundedPoint, tolerances: Tolerances) -> str:
    incumbents = best.incumbents
    if incumbents.fractional:
        return "The point is feasible for the LP relaxation within tolerance; it is not integral."
    if not incumbents.integral:
        return (
            "The point is feasible within tolerance, but integral only within tolerance, "
            "so that nothing is concluded about the instance's verdict."
        )
    if best.gap <= tolerances.gap:
        return f"The point is feasible and optimal within tolerance: its relative gap is {best.gap:.1e}."
    return f"The point is feasible within tolerance{' and integral' if instance.is_mip else ''}."


def _bound(instance: Instance, best: BoundedPoint) -> str:
    if not np.isfinite(best.bound):
        return "No dual bound: the instance may be unbounded."
    claim = "The dual bound is one of the LP relaxation. " if instance.is_mip else ""
    if best.dual.proven[0]:
        return f"{claim}The dual bound needs no tolerance."
    return (
        f"{claim}On columns without a bound the reduced costs have the right sign only within rounding; "
        "the dual bound is lowered to hold within the stated reach."
    )
