"""Instance families: seeded generators, one a file, named as in the literature."""

from __future__ import annotations

from training.families.family import Family, generate
from training.families.random_lp import RANDOM_LP, RANDOM_LP_INFINITE
from training.families.set_cover import SET_COVER

FAMILIES: dict[str, Family] = {family.name: family for family in (RANDOM_LP, RANDOM_LP_INFINITE, SET_COVER)}

__all__ = ["FAMILIES", "Family", "generate"]
