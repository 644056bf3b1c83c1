"""Winner determination of the combinatorial auctions of K. Leyton-Brown, M. Pearson, Y. Shoham, "Towards a
universal test suite for combinatorial auction algorithms" (EC 2000), scheme of arbitrary relationships.

    maximise p·x   subject to   Σ_{b ∋ i} x_b ≤ 1 for each item i, real or dummy,   x ∈ {0, 1}ⁿ

Items have common values c_i ~ U(1, 100), pairs of items associations d_ik = d_ki ~ U(0, 1). A bidder has
interests u_i ~ U(0, 1) and private values v_i = c_i + 50 (2 u_i − 1), and draws a bundle B:

    |B| = 1 + the additions made, each made with probability 0.9 until none or until no item is left
    first item with probability ∝ u_i, each further one ∝ u_i Σ_{k ∈ B} d_ik
    price p(B) = Σ_{i ∈ B} v_i + |B|^1.2; a bidder whose price is negative goes away

and from each item of B grows a candidate of |B| items. The five best-priced distinct candidates with
0 ≤ p ≤ 1.5 p(B), whose common value is at least half of B's, become its substitutes. Substitutes exclude one
another by a dummy item, which a single substitute does not need: it shares an item with B. Bidders come until
`bids` bids are there. Items in no bid give no row.

These parameters, 100 items and 500 bids are those of Gasse et al. (arXiv 1906.01629). Every instance is
feasible (x = 0) and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance, Mask, Vector
from training.families.family import Family, Size, whole

Offers = tuple[Mask, Vector]
"""One bidder's bundles, shape (bids, items), the initial one first, and their prices."""

_COMMON_VALUE = (1.0, 100.0)
_DEVIATION = 50.0
_ADDITION_PROBABILITY = 0.9
_PRICE_EXPONENT = 1.2
_MOST_SUBSTITUTES = 5
_BUDGET_FACTOR, _RESALE_FACTOR = 1.5, 0.5


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has items and bids, the latter including substitutes."""
    items, bids = (whole(size, name) for name in ("items", "bids"))
    common_value = generator.uniform(*_COMMON_VALUE, items)
    association = np.triu(generator.random((items, items)), k=1)
    association += association.T
    offers: list[Offers] = []
    left = bids
    while left:
        for bundles, prices in _bidders(generator, common_value, association, count=left // 4 + 1):
            if left:
                offers.append((bundles[:left], prices[:left]))
                left -= len(offers[-1][1])
    rows = _rows([bundles for bundles, _ in offers])
    return Instance(
        name=name,
        objective_vector=-np.concatenate([prices for _, prices in offers]),
        constraint_matrix=csr_array(rows.astype(np.float64)),
        constraint_lower_bound=np.full(len(rows), -np.inf),
        constraint_upper_bound=np.ones(len(rows)),
        variable_lower_bound=np.zeros(bids),
        variable_upper_bound=np.ones(bids),
        integrality=np.ones(bids, dtype=np.bool_),
        maximize=True,
    )


def _rows(bidders: list[Mask]) -> Mask:
    """Which bid takes which item, real ones first, then one dummy for each bidder with over two bids."""
    items = np.concatenate(bidders).T
    bidder = np.repeat(np.arange(len(bidders)), [len(bundles) for bundles in bidders])
    several = [index for index, bundles in enumerate(bidders) if len(bundles) > 2]
    dummies = bidder == np.array(several, dtype=np.int64)[:, None]
    return np.concatenate((items[items.any(axis=1)], dummies))


def _bidders(
    generator: np.random.Generator, common_value: Vector, association: Vector, *, count: int
) -> Iterator[Offers]:
    """Draw `count` bidders at once and yield the offers of those whose first bundle has a price."""
    items = len(common_value)
    interest = generator.random((count, items))
    private_value = common_value + _DEVIATION * (2.0 * interest - 1.0)
    length = np.minimum(generator.geometric(1.0 - _ADDITION_PROBABILITY, count), items)
    initial = grow(generator, choose(generator, interest), length, interest, association)
    price = _price(initial, private_value)
    owner, item = np.nonzero(initial)
    candidate = grow(generator, item, length[owner], interest[owner], association)
    candidate_price = _price(candidate, private_value[owner])
    accepted = (
        (candidate_price >= 0)
        & (candidate_price <= _BUDGET_FACTOR * price[owner])
        & (candidate @ common_value >= _RESALE_FACTOR * (initial @ common_value)[owner])
    )
    for bidder in np.flatnonzero(price >= 0):
        mine = np.flatnonzero(accepted & (owner == bidder))
        ranked = mine[np.argsort(-candidate_price[mine], kind="stable")]
        yield _distinct(
            np.concatenate((initial[[bidder]], candidate[ranked])),
            np.concatenate((price[[bidder]], candidate_price[ranked])),
        )


def _price(bundles: Mask, private_value: Vector) -> Vector:
    """Private values plus the reward of size; bundles and values have shape (k, items)."""
    return np.asarray((bundles * private_value).sum(axis=1) + bundles.sum(axis=1) ** _PRICE_EXPONENT)


def _distinct(bundles: Mask, prices: Vector) -> Offers:
    """The first bundle and the next ones that differ from all before them, up to five."""
    first: dict[bytes, int] = {}
    for index, bundle in enumerate(bundles):
        first.setdefault(bundle.tobytes(), index)
    kept = list(first.values())[: _MOST_SUBSTITUTES + 1]
    return bundles[kept], prices[kept]


def grow(
    generator: np.random.Generator,
    first: NDArray[np.int64],
    length: NDArray[np.int64],
    interest: Vector,
    association: Vector,
) -> Mask:
    """Bundles of the given lengths, each from its first item on; shape (k, items).

    Shapes: first and length (k,), interest (k, items), association (items, items).
    """
    bundles = np.zeros(interest.shape, dtype=np.bool_)
    bundles[np.arange(len(first)), first] = True
    active = np.argsort(-length, kind="stable")
    last, available, pull = first[active], interest[active], np.zeros(interest.shape)
    for size in range(1, int(length.max())):
        count = int(np.count_nonzero(length > size))
        active, last, available, pull = active[:count], last[:count], available[:count], pull[:count]
        available[np.arange(count), last] = 0.0
        pull += association[last]
        last = choose(generator, available * pull)
        bundles[active, last] = True
    return bundles


def choose(generator: np.random.Generator, weights: Vector) -> NDArray[np.int64]:
    """One column a row, with probabilities in proportion to the weights; shape (k,)."""
    cumulative = np.cumsum(weights, axis=1)
    threshold = generator.random(len(weights)) * cumulative[:, -1]
    chosen: NDArray[np.int64] = np.argmax(cumulative > threshold[:, None], axis=1)
    return chosen


COMBINATORIAL_AUCTION = Family(
    name="combinatorial-auction",
    summary="Combinatorial auctions of Leyton-Brown et al. (2000), in the size of Gasse et al. (1906.01629).",
    size={"items": 100, "bids": 500},
    draw=draw,
)
