"""Transportation problems after F. L. Hitchcock, "The distribution of a product from several sources to
numerous localities" (Journal of Mathematics and Physics 20, 1941).

    minimise    Σ_ij w_ij x_ij
    subject to  Σ_j x_ij ≤ s_i   for each source i        (supply_i)
                Σ_i x_ij ≥ d_j   for each sink j          (demand_j)
                x ≥ 0, one column an arc

Sources and sinks lie uniformly in the unit square and w_ij = distance + 0.1 · U(0, 1). Supplies are U(10,
100); demands are the same, then scaled so that Σ d / Σ s is a draw of U(tightness_low, tightness_high). With
every arc present an instance is infeasible exactly where that ratio exceeds 1, which no single row shows. An
arc is present with probability `density`, and each sink keeps at least one; below 1, instances of a ratio
under 1 are infeasible too where some sinks' sources cannot supply them together (Hall's condition).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole

COST_NOISE = 0.1
_LEAST_AMOUNT, _GREATEST_AMOUNT = 10.0, 100.0


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has sources, sinks, tightness_low, tightness_high and density."""
    sources, sinks = (whole(size, name) for name in ("sources", "sinks"))
    low, high, density = size["tightness_low"], size["tightness_high"], size["density"]
    if not (0 < low <= high < np.inf and 0 < density <= 1):
        raise ValueError("0 < tightness_low ≤ tightness_high and 0 < density ≤ 1 must hold")
    supply = generator.uniform(_LEAST_AMOUNT, _GREATEST_AMOUNT, sources)
    demand = generator.uniform(_LEAST_AMOUNT, _GREATEST_AMOUNT, sinks)
    demand *= generator.uniform(low, high) * supply.sum() / demand.sum()
    source, sink = np.nonzero(_present(generator, sources, sinks, density))
    return Instance(
        name=name,
        objective_vector=_costs(generator, sources, sinks)[source, sink],
        constraint_matrix=_incidence(source, sink, sources, sinks),
        constraint_lower_bound=np.concatenate((np.full(sources, -np.inf), demand)),
        constraint_upper_bound=np.concatenate((supply, np.full(sinks, np.inf))),
        variable_lower_bound=np.zeros(len(source)),
        variable_upper_bound=np.full(len(source), np.inf),
        integrality=np.zeros(len(source), dtype=np.bool_),
        constraint_names=[
            *(f"supply_{i + 1}" for i in range(sources)),
            *(f"demand_{j + 1}" for j in range(sinks)),
        ],
        variable_names=[f"ship_{i + 1}_{j + 1}" for i, j in zip(source, sink, strict=True)],
    )


def _present(generator: np.random.Generator, sources: int, sinks: int, density: float) -> NDArray[np.bool_]:
    """Which arcs there are, shape (sources, sinks): each with probability `density`, one at least a sink."""
    present = generator.random((sources, sinks)) < density
    present[generator.integers(0, sources, sinks), np.arange(sinks)] |= ~present.any(axis=0)
    return present


def _costs(generator: np.random.Generator, sources: int, sinks: int) -> NDArray[np.float64]:
    """Distance in the unit square plus noise, shape (sources, sinks)."""
    at_source, at_sink = generator.random((sources, 1, 2)), generator.random((1, sinks, 2))
    distance: NDArray[np.float64] = np.sqrt(((at_source - at_sink) ** 2).sum(axis=2))
    return distance + COST_NOISE * generator.random((sources, sinks))


def _incidence(source: NDArray[np.int64], sink: NDArray[np.int64], sources: int, sinks: int) -> csr_array:
    """Ones in the rows of an arc's source and of its sink, shape (sources + sinks, arcs)."""
    row = np.concatenate((source, sources + sink))
    column = np.tile(np.arange(len(source)), 2)
    return csr_array((np.ones(len(row)), (row, column)), shape=(sources + sinks, len(source)))


TRANSPORTATION = Family(
    name="transportation",
    summary="Transportation problems after Hitchcock (1941), demand over supply drawn around 1.",
    size={"sources": 8, "sinks": 12, "tightness_low": 0.7, "tightness_high": 1.2, "density": 1.0},
    draw=draw,
)
