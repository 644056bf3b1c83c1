"""Instance families: seeded generators, one a file, named as in the literature."""

from __future__ import annotations

from training.families.combinatorial_auction import COMBINATORIAL_AUCTION
from training.families.facility_location import FACILITY_LOCATION
from training.families.family import Family, generate
from training.families.foldable_milp import FOLDABLE_MILP
from training.families.independent_set import INDEPENDENT_SET
from training.families.multicommodity_flow import MULTICOMMODITY_FLOW
from training.families.multidimensional_knapsack import MULTIDIMENSIONAL_KNAPSACK
from training.families.planted import PLANTED_LP, PLANTED_MILP
from training.families.production_plan import PRODUCTION_PLAN
from training.families.random_lp import RANDOM_LP, RANDOM_LP_INFINITE
from training.families.random_milp import RANDOM_MILP
from training.families.set_cover import SET_COVER
from training.families.transportation import TRANSPORTATION

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        RANDOM_LP,
        RANDOM_LP_INFINITE,
        PLANTED_LP,
        TRANSPORTATION,
        MULTICOMMODITY_FLOW,
        RANDOM_MILP,
        FOLDABLE_MILP,
        PLANTED_MILP,
        SET_COVER,
        COMBINATORIAL_AUCTION,
        FACILITY_LOCATION,
        INDEPENDENT_SET,
        MULTIDIMENSIONAL_KNAPSACK,
        PRODUCTION_PLAN,
    )
}

__all__ = ["FAMILIES", "Family", "generate"]
