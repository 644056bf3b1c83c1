"""Path equilibration: its gap, its limits, items that are not finite."""

from __future__ import annotations

import time

import numpy as np
import torch

from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.path_equilibration import Latencies, solve_traffic
from solvers.iteration import TerminationReason

GAME = draw_city(4, 3, 1, 2, load=2.0)
GIVEN = GAME.draw(np.random.default_rng(0), 6)
LATENCIES = GAME.latencies(GIVEN)
DEMAND = torch.from_numpy(GAME.demand(GIVEN))


def test_slopes_are_the_derivatives_of_times() -> None:
    flows = torch.rand(6, GAME.roads.edges, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ahead, behind = (LATENCIES.times(flows + shift) for shift in (1e-6, -1e-6))
    assert torch.allclose((ahead - behind) / 2e-6, LATENCIES.slopes(flows), atol=1e-6)


def test_it_minimises_beckmanns_objective() -> None:
    """Σ_e ∫ℓ_e is no less at any feasible flow: compared with mixtures of the answers of other contexts."""
    found = solve_traffic(GAME.roads, LATENCIES, DEMAND, gap=1e-10)
    assert set(found.reasons) == {TerminationReason.CONVERGED}

    def objective(flows: torch.Tensor) -> torch.Tensor:
        v = flows.sum(1)
        return (LATENCIES.free * (v + 0.03 * v**5 / LATENCIES.capacity**4)).sum(1)

    least = objective(found.value)
    per_unit = found.value / DEMAND[:, :, None]
    for shift in range(1, 6):
        other = per_unit.roll(shift, 0) * DEMAND[:, :, None]
        for share in (1e-3, 0.1, 1.0):
            assert bool((objective((1 - share) * found.value + share * other) >= least - 1e-9).all())


def test_limits_end_it() -> None:
    late = solve_traffic(GAME.roads, LATENCIES, DEMAND, gap=1e-15, deadline=time.monotonic() - 1.0)
    few = solve_traffic(GAME.roads, LATENCIES, DEMAND, gap=-1.0, max_iterations=2)
    assert set(late.reasons) == {TerminationReason.TIME_LIMIT}
    assert set(few.reasons) == {TerminationReason.ITERATION_LIMIT}
    assert few.iterations.tolist() == [2] * 6


def test_an_item_that_is_not_finite_fails_alone() -> None:
    demand = DEMAND.clone()
    demand[2] = torch.nan
    found = solve_traffic(GAME.roads, Latencies(LATENCIES.free, LATENCIES.capacity, 0.15), demand, gap=1e-6)
    reasons = list(found.reasons)
    assert reasons.pop(2) == TerminationReason.NON_FINITE
    assert set(reasons) == {TerminationReason.CONVERGED}
