"""Settings out of range are refused when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from solvers.linear.lane.options import SolveOptions


@pytest.mark.parametrize(
    "given",
    [
        {"solver": "cplex"},
        {"time_limit": 0.0},
        {"time_limit": float("inf")},
        {"time_limit": float("nan")},
        {"mip_gap": -1e-6},
        {"feasibility_tolerance": 1e-12},
        {"feasibility_tolerance": 1.0},
        {"threads": 0},
        {"memory_limit": 0},
    ],
)
def test_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        SolveOptions(**given)


def test_defaults() -> None:
    options = SolveOptions()
    assert (options.solver, options.mip_gap, options.threads, options.want_rays) == ("auto", 1e-6, 1, True)
