"""What a family is: a name, a default size and a function that draws one instance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from graphs.instance import Instance

Size = Mapping[str, float]
Draw = Callable[[np.random.Generator, Size, str], Instance]


@dataclass(frozen=True)
class Family:
    """A seeded source of instances.

    Attributes:
        name: the command-line name.
        summary: one sentence and its source.
        size: the parameters of `draw` with their defaults.
        draw: (generator, size, name of the instance) → an instance.
    """

    name: str
    summary: str
    size: Mapping[str, float]
    draw: Draw

    def resolve_size(self, given: Size) -> dict[str, float]:
        """The defaults overridden by `given`; a parameter the family does not have is a ValueError."""
        unknown = sorted(set(given) - set(self.size))
        if unknown:
            known = ", ".join(f"{key}={value:g}" for key, value in self.size.items())
            raise ValueError(f"family {self.name} has no size parameter {unknown[0]!r}; it has {known}")
        return {**self.size, **given}


def generate(
    family: Family, count: int, *, seed: int, size: Size | None = None, first: int = 0
) -> Iterator[Instance]:
    """Yield instances first … first + count − 1 of the stream that `seed` names.

    Each instance has a generator of its own, seeded by the seed, its number and the family's name: the
    stream does not depend on how it is cut, and two families share nothing.
    """
    resolved = family.resolve_size(size or {})
    key = crc32(family.name.encode())
    for index in range(first, first + count):
        generator = np.random.default_rng(np.random.SeedSequence([seed, index, key]))
        yield family.draw(generator, resolved, f"{family.name}-s{seed}-{index:06d}")


def whole(size: Size, name: str) -> int:
    """A size parameter that counts something; a ValueError where it is no whole number of at least 1."""
    if not (math.isfinite(size[name]) and size[name] >= 1 and float(size[name]).is_integer()):
        raise ValueError(f"{name} must be a whole number of at least 1, not {size[name]:g}")
    return int(size[name])
