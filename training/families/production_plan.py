"""Capacitated lot sizing with setup times, after W. W. Trigeiro, L. J. Thomas, J. O. McClain, "Capacitated
lot sizing with setup times" (Management Science 35, 1989), with several resources and a shared warehouse.

    minimise    Σ_pt h_p stock_pt + v_p make_pt + f_p setup_pt
    subject to  stock_p,t−1 + make_pt − stock_pt = d_pt                             balance_p_t
                Σ_p a_rp make_pt + b_rp setup_pt ≤ C_rt                             capacity_r_t
                make_pt ≤ (d_pt + … + d_pT) setup_pt                                link_p_t
                Σ_p w_p stock_pt ≤ W                                                warehouse_t
                0 ≤ stock_pt ≤ stock limit of p,   make ≥ 0,   setup ∈ {0, 1},   no backlog

One stream is one plant's files over time. The plant (its number is a size parameter) fixes what changes
rarely: which products pass which resources, processing times a, setup times b, costs, volumes w, storage and
each product's season. Instances vary demand (season × noise), opening stock (in the right-hand sides of the
first balances), costs (±5 %) and capacities. Rows, columns and nonzero places are therefore equal in all
instances of a plant.

Capacity: C_rt = (mean load of r a period) / τ · U(0.85, 1.15), where the mean load counts the net demand and
one setup of each of its products every second period, and τ ~ U(tightness_low, tightness_high) is drawn once
an instance. Infeasibility comes of demand that no row's own interval shows: too much of it, too early to be
stocked up for, or too many setups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole

Vector = NDArray[np.float64]

_SETUPS_A_PERIOD = 0.5


@dataclass(frozen=True)
class Plant:
    """What all instances of a plant share; P products, R resources, T periods.

    Attributes:
        processing_time, setup_time: hours a unit and hours a setup, shape (R, P), zero off the routing.
        holding_cost, production_cost, setup_cost, volume, stock_limit: shape (P,).
        season: mean demand, shape (P, T).
        warehouse: joint storage volume.
    """

    processing_time: Vector
    setup_time: Vector
    holding_cost: Vector
    production_cost: Vector
    setup_cost: Vector
    volume: Vector
    stock_limit: Vector
    season: Vector
    warehouse: float


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has products, periods, resources, plant, tightness_low and tightness_high."""
    products, periods, resources, number = (
        whole(size, name) for name in ("products", "periods", "resources", "plant")
    )
    if not 0 < size["tightness_low"] <= size["tightness_high"] < np.inf:
        raise ValueError("0 < tightness_low ≤ tightness_high must hold")
    plant = make_plant(products, periods, resources, number)
    demand = plant.season * generator.uniform(0.6, 1.4, (products, periods))
    opening = demand[:, 0] * generator.uniform(0.0, 0.8, products)
    to_make = demand.copy()
    to_make[:, 0] -= opening
    tightness = generator.uniform(size["tightness_low"], size["tightness_high"])
    load = (plant.processing_time @ to_make.mean(axis=1)) + _SETUPS_A_PERIOD * plant.setup_time.sum(axis=1)
    capacity = load[:, None] / tightness * generator.uniform(0.85, 1.15, (resources, periods))
    remaining = np.cumsum(to_make[:, ::-1], axis=1)[:, ::-1]
    costs = np.concatenate((plant.production_cost, plant.holding_cost, plant.setup_cost))
    count = products * periods
    free_above = np.full(products * periods, -np.inf)
    return Instance(
        name=name,
        objective_vector=np.repeat(costs, periods) * generator.uniform(0.95, 1.05, 3 * count),
        constraint_matrix=_matrix(plant, remaining),
        constraint_lower_bound=np.concatenate(
            (to_make.ravel(), np.full(resources * periods, -np.inf), free_above, np.full(periods, -np.inf))
        ),
        constraint_upper_bound=np.concatenate(
            (to_make.ravel(), capacity.ravel(), np.zeros(count), np.full(periods, plant.warehouse))
        ),
        variable_lower_bound=np.zeros(3 * count),
        variable_upper_bound=np.concatenate(
            (np.full(count, np.inf), np.repeat(plant.stock_limit, periods), np.ones(count))
        ),
        integrality=np.repeat([False, False, True], count),
        constraint_names=[
            *_names("balance", "p", products, periods),
            *_names("capacity", "r", resources, periods),
            *_names("link", "p", products, periods),
            *(f"warehouse_t{t + 1}" for t in range(periods)),
        ],
        variable_names=[
            f"{kind}_{rest}" for kind in ("make", "stock", "setup") for rest in _pairs("p", products, periods)
        ],
    )


def make_plant(products: int, periods: int, resources: int, number: int) -> Plant:
    """The plant of that number and size; a product passes about two thirds of the resources, at least one."""
    generator = np.random.default_rng(np.random.SeedSequence([number, products, periods, resources]))
    routed = generator.random((resources, products)) < 2 / 3
    routed[generator.integers(0, resources, products), np.arange(products)] = True
    base = generator.uniform(20.0, 100.0, (products, 1))
    phase = generator.random((products, 1))
    wave = np.sin(2 * np.pi * (np.arange(periods) / 6 + phase))
    season = base * (1 + generator.uniform(0.1, 0.5, (products, 1)) * wave)
    processing_time = routed * generator.uniform(0.5, 2.0, (resources, products))
    volume = generator.uniform(0.5, 2.0, products)
    stock_limit = season.mean(axis=1) * generator.uniform(0.8, 2.0, products)
    return Plant(
        processing_time=processing_time,
        setup_time=routed * generator.uniform(5.0, 20.0, (resources, products)),
        holding_cost=generator.uniform(0.5, 2.0, products),
        production_cost=generator.uniform(2.0, 10.0, products),
        setup_cost=generator.uniform(50.0, 300.0, products),
        volume=volume,
        stock_limit=stock_limit,
        season=season,
        warehouse=float(0.6 * volume @ stock_limit),
    )


def _matrix(plant: Plant, remaining: Vector) -> csr_array:
    """Rows balance, capacity, link, warehouse; columns make, stock, setup; each by product, then period.

    remaining: shape (P, T), the most of a product that is still of use in a period, its "big M".
    """
    products, periods = remaining.shape
    count, resources = products * periods, len(plant.processing_time)
    item, period = np.arange(count), np.tile(np.arange(periods), products)
    first_capacity = count
    first_link = count + resources * periods
    first_warehouse = first_link + count
    later = item[period > 0]
    resource, product = np.nonzero(plant.processing_time)
    row = (first_capacity + resource[:, None] * periods + np.arange(periods)).ravel()
    column = (product[:, None] * periods + np.arange(periods)).ravel()
    hours = np.repeat(plant.processing_time[resource, product], periods)
    setup_hours = np.repeat(plant.setup_time[resource, product], periods)
    one = np.ones(count)
    blocks = (
        (item, item, one),
        (item, count + item, -one),
        (later, count + later - 1, one[: len(later)]),
        (row, column, hours),
        (row, 2 * count + column, setup_hours),
        (first_link + item, item, one),
        (first_link + item, 2 * count + item, -remaining.ravel()),
        (first_warehouse + period, count + item, np.repeat(plant.volume, periods)),
    )
    rows, columns, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return csr_array((values, (rows, columns)), shape=(first_warehouse + periods, 3 * count))


def _pairs(letter: str, count: int, periods: int) -> list[str]:
    return [f"{letter}{k + 1}_t{t + 1}" for k in range(count) for t in range(periods)]


def _names(kind: str, letter: str, count: int, periods: int) -> list[str]:
    return [f"{kind}_{pair}" for pair in _pairs(letter, count, periods)]


PRODUCTION_PLAN = Family(
    name="production-plan",
    summary="One plant's lot-sizing plans with setup times after Trigeiro, Thomas and McClain (1989).",
    size={
        "products": 4,
        "periods": 6,
        "resources": 3,
        "plant": 1,
        "tightness_low": 0.6,
        "tightness_high": 1.0,
    },
    draw=draw,
)
