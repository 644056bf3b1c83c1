"""Why a duality gap that was asked for is not proved; torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvers.sparse.recovery import Recovery, RecoveryOptions

_ROUNDING = 1e-12
"""A gap over ½‖b‖² below which float64 proves hardly a smaller one, however many steps are taken."""


def shortfall(recovery: Recovery, options: RecoveryOptions, seconds: float) -> str | None:
    """A sentence on the measurements whose gap is not proved; None where all are, or none was asked for.

    Args:
        seconds: what going on for all the measurements has taken.
    """
    if options.duality_gap is None or recovery.duality_gap is None:
        return None
    open_items = [i for i, word in enumerate(recovery.provenance) if word != "certified"]
    if not open_items:
        return None
    if seconds >= options.time_limit:
        why = f"the time limit of {options.time_limit:g} s came first"
    else:
        stopped = sum(
            int(recovery.iterations[i]) >= options.max_iterations and recovery.duality_gap[i] > _ROUNDING
            for i in open_items
        )
        rounded = len(open_items) - stopped
        parts = []
        if stopped:
            parts.append(f"{options.max_iterations:,} steps came first for {stopped:,}")
        if rounded:
            parts.append(f"rounding in float64 hides a smaller one for {rounded:,}")
        why = ", ".join(parts)
    largest = max(float(recovery.duality_gap[i]) for i in open_items)
    return (
        f"a duality gap of {options.duality_gap:g} is not proved for {len(open_items):,} of "
        f"{len(recovery):,} (of those at most {largest:.2g} is): {why}"
    )
