"""Proximal point steps by semismooth Newton, batched: from a guess to a primal–dual pair nearby."""

from solvers.linear.proximal.nearest import NearPairs, nearest_pairs
from solvers.linear.proximal.search import ProximalSettings

__all__ = ["NearPairs", "ProximalSettings", "nearest_pairs"]
