"""Random capacitated facility location instances after G. Cornuejols, R. Sridharan, J. M. Thizy, "A
comparison of heuristics and relaxations for the capacitated plant location problem" (European Journal of
Operational Research 50, 1991), with the numbers of Gasse et al. (arXiv 1906.01629).

    minimise    Σ_ij t_ij x_ij + Σ_j f_j y_j
    subject to  Σ_j x_ij ≥ 1                     each customer i is served
                Σ_i d_i x_ij − s_j y_j ≤ 0       an open facility serves up to its capacity
                Σ_j s_j y_j ≥ Σ_i d_i            the sum of the rows above, weighted: solvers cut from it
                0 ≤ x_ij ≤ 1,  y_j ∈ {0, 1}

This is the aggregated (weak) form: the rows x_ij ≤ y_j, which are implied for integer y but would tighten the
relaxation, and which Gasse et al. add, are left out. x_ij is the share of customer i's demand that facility
j serves.

    customers and facilities uniform in the unit square     t_ij = 10 · distance · d_i
    d_i uniform on the integers 5 … 35                      capacity k_j uniform on the integers 10 … 160
    f_j = ⌊u √k_j + v⌋,  u on 100 … 110, v on 0 … 90        s_j = ⌊k_j · ratio · Σ d / Σ k⌋

An instance is feasible exactly where Σ s ≥ Σ d: never with a ratio below 1, hardly ever at 1 (the rounding
takes something unless there is one facility), and always from 1 + facilities / Σ d on. The last row alone
shows that an instance is infeasible.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from training.families.family import Family, Size, whole

_DEMAND = (5, 35)
_CAPACITY = (10, 160)
_COST_OF_SIZE, _COST_OF_PLACE = (100, 110), (0, 90)
_COST_OF_DISTANCE = 10.0


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has customers, facilities and ratio (total capacity over total demand).

    The columns are x_11, x_12, … x_mn, y_1 … y_n; the rows stand in the order above.
    """
    customers, facilities = (whole(size, name) for name in ("customers", "facilities"))
    if not 0 < size["ratio"] < np.inf:
        raise ValueError(f"ratio must be positive and finite, not {size['ratio']:g}")
    places = generator.random((customers + facilities, 2))
    demand = _whole_numbers(generator, _DEMAND, customers)
    raw = _whole_numbers(generator, _CAPACITY, facilities)
    fixed_cost = np.floor(
        _whole_numbers(generator, _COST_OF_SIZE, facilities) * np.sqrt(raw)
        + _whole_numbers(generator, _COST_OF_PLACE, facilities)
    )
    capacity = np.floor(raw * demand.sum() * size["ratio"] / raw.sum())
    distance = np.linalg.norm(places[:customers, None] - places[None, customers:], axis=2)
    transport_cost = _COST_OF_DISTANCE * distance * demand[:, None]
    shares = customers * facilities
    return Instance(
        name=name,
        objective_vector=np.concatenate((transport_cost.ravel(), fixed_cost)),
        constraint_matrix=_matrix(demand, capacity),
        constraint_lower_bound=np.concatenate(
            (np.ones(customers), np.full(facilities, -np.inf), [demand.sum()])
        ),
        constraint_upper_bound=np.concatenate((np.full(customers, np.inf), np.zeros(facilities), [np.inf])),
        variable_lower_bound=np.zeros(shares + facilities),
        variable_upper_bound=np.ones(shares + facilities),
        integrality=np.arange(shares + facilities) >= shares,
    )


def _whole_numbers(generator: np.random.Generator, between: tuple[int, int], count: int) -> Vector:
    """Uniform whole numbers, both ends included."""
    return generator.integers(*between, count, endpoint=True).astype(np.float64)


def _matrix(demand: Vector, capacity: Vector) -> csr_array:
    """The rows of service, of capacity and of total capacity over the columns (x, y)."""
    customers, facilities = len(demand), len(capacity)
    x = np.arange(customers * facilities)
    y = len(x) + np.arange(facilities)
    customer, facility = np.divmod(x, facilities)
    values = np.concatenate((np.ones(len(x)), demand[customer], -capacity, capacity))
    row = np.concatenate(
        (
            customer,
            customers + facility,
            customers + np.arange(facilities),
            np.full(facilities, customers + facilities),
        )
    )
    column = np.concatenate((x, x, y, y))
    return csr_array((values, (row, column)), shape=(customers + facilities + 1, len(x) + facilities))


FACILITY_LOCATION = Family(
    name="facility-location",
    summary="Capacitated facility location, Cornuejols et al. (1991), as in Gasse et al. (1906.01629).",
    size={"customers": 100, "facilities": 100, "ratio": 5.0},
    draw=draw,
)
