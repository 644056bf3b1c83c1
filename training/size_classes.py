"""A family's instances in a few classes of size.

Where a family has at most MOST sizes (rows, columns), each is a class. Else classes are ranges of nonzeros,
doubling from the least: class k holds [2^(wk), 2^(w(k+1))) times the least, with the smallest whole w that
gives at most MOST classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST: Final = 6


def size_classes(sizes: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and members (G,) of each class that is not empty, the smallest first.

    Args:
        sizes: rows, columns and nonzeros of G ≥ 1 instances, shape (G, 3).
    """
    shapes, member = np.unique(sizes[:, :2], axis=0, return_inverse=True)
    if len(shapes) <= MOST:
        order = np.argsort(shapes.prod(axis=1), kind="stable")
        for place in order:
            rows, columns = shapes[place]
            yield f"{rows} × {columns}", member.ravel() == place
        return
    nonzeros = np.maximum(sizes[:, 2], 1)
    doublings = np.floor(np.log2(nonzeros / nonzeros.min())).astype(np.int64)
    number = doublings // -(-(doublings.max() + 1) // MOST)
    for k in np.unique(number):
        least, most = sizes[number == k, 2].min(), sizes[number == k, 2].max()
        yield f"{least:,}–{most:,} nz" if least < most else f"{least:,} nz", number == k
