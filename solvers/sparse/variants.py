"""The variants by name: what each is, and whether its weights must be trained for a dictionary.

Nothing here needs torch: `solvers.sparse.networks` has the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from solvers.sparse.errors import UnknownVariant, UntrainedVariant


@dataclass(frozen=True)
class Variant:
    """Attributes:
    name: as the API and the command have it.
    description: a line.
    trained: its weights belong to one dictionary, and must be trained for it.
    penalised: it minimises ½‖Ax − b‖² + λ‖x‖₁, and needs λ.
    """

    name: str
    description: str
    trained: bool = False
    penalised: bool = False


_ALL = (
    Variant("ista", "iterative shrinkage (2004)", penalised=True),
    Variant("fista", "iterative shrinkage with momentum (2009)", penalised=True),
    Variant("lista", "free weights, a layer its own (2010)", trained=True),
    Variant("lista-cp", "coupled weights (2018)", trained=True),
    Variant("lista-ss", "free weights, support selection (2018)", trained=True),
    Variant("lista-cpss", "coupled weights, support selection (2018)", trained=True),
    Variant("alista", "computed weight, a step and a threshold a layer (2019)", trained=True),
    Variant("hyperlista", "computed weight, three numbers (2021)"),
    Variant("hyperlista-full", "HyperLISTA with conjugate gradients on the support it settles on (2021)"),
)

VARIANTS: Mapping[str, Variant] = MappingProxyType({variant.name: variant for variant in _ALL})


_SHORT = {"cp": "lista-cp", "ss": "lista-ss", "cpss": "lista-cpss"}
"""As `farkas train lista` has them."""


def find_variant(name: str) -> Variant:
    """The variant of this name; `cpss` is `lista-cpss`, and so on.

    Raises:
        UnknownVariant: there is none.
    """
    name = _SHORT.get(name, name)
    if name not in VARIANTS:
        raise UnknownVariant(f"there is no variant {name!r}", hint=f"there are {', '.join(VARIANTS)}")
    return VARIANTS[name]


def training_command(name: str, dictionary: str | None = None) -> str:
    """The command that trains a variant for a registered dictionary, or for a matrix in A.npy."""
    source = "--matrix A.npy" if dictionary is None else f"--dictionary {dictionary}"
    return f"farkas train lista {source} --variant {name.removeprefix('lista-')} -o MODEL"


def untrained(name: str, dictionary: str | None = None) -> UntrainedVariant:
    """What to raise where a variant is asked for that was not trained for the dictionary."""
    return UntrainedVariant(
        f"{name} has no trained weights for this dictionary",
        hint=f"train them: {training_command(name, dictionary)}",
    )
