"""What can be asked of reconstruction, over HTTP and by the command alike; torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from numpy.typing import NDArray

from graphs.errors import quote
from service.errors import InvalidRequest
from service.question_limits import check_iterations, check_time
from service.settings import Settings
from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.methods import METHODS
from solvers.implicit.imaging.operator_kinds import OPERATORS
from solvers.implicit.imaging.own_arrays import own_arrays

Operator = Mapping[str, Any]
"""A forward operator's description: its `kind`, and what of its parameters is not as usual, or an array."""

OWN_ARRAYS: dict[str, str] = {name: kind for kind, known in OPERATORS.items() for name in known.arrays}
"""Arrays that operators can have, each with the kind that has it."""

NETWORK, UNTRAINED = "network", "total-variation"
"""The usual method where the registry has a network for the operator's kind, and where it has none."""

SIZE = 256
"""Pixels of a picture's longer side, by default; a larger one is shrunk before it is degraded."""

NOISE = 0.01
_FARTHEST = 1e12  # of a parameter
_MOST = {"tolerance": 1.0, "regularization": 1e6}
"""Beyond, a tolerance asks for nothing, and λ |∇x| of pictures in [0, 1] means none of them."""
_MOST_NOISE = 10.0
_MOST_SEED = 2**32 - 1
_HINT = 'write KIND, KIND:name=value,name=value or {"kind": KIND, …}; GET /v1/operators lists them'


@dataclass(frozen=True, slots=True)
class Degradation:
    """How a picture is degraded: y = A x + σ n, n being normal noise.

    Attributes:
        noise: σ, E|n|² being 1 for each entry of a measurement, real or complex.
        seed: of the noise.
    """

    noise: float = NOISE
    seed: int = 0

    def check(self) -> None:
        """Refuse what is no noise.

        Raises:
            InvalidRequest
        """
        if not 0.0 <= self.noise <= _MOST_NOISE:
            raise InvalidRequest(f"noise: from 0 to {_MOST_NOISE:g}")
        if not 0 <= self.seed <= _MOST_SEED:
            raise InvalidRequest(f"seed: from 0 to {_MOST_SEED}")


@dataclass(frozen=True, slots=True)
class Approach:
    """How pictures are to be found.

    Attributes:
        methods: each answers; none for the usual one.
        model: a network of the registry, `name` or `name@version`; None for the one that the registry has
            for the operator's kind.
        max_iterations, tolerance, regularization: None for the method's own.
        time_limit: seconds a method may take; None for what the settings give.
    """

    methods: tuple[str, ...] = ()
    model: str | None = None
    max_iterations: int | None = None
    tolerance: float | None = None
    regularization: float | None = None
    time_limit: float | None = None

    def check(self, settings: Settings, *, limited: bool = True) -> None:
        """Refuse what makes no sense for any picture and, if `limited`, what is beyond a server's limits.

        Raises:
            InvalidRequest, QuestionTooLarge
        """
        self._check_methods()
        for name, most in _MOST.items():
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= most:
                raise InvalidRequest(f"{name}: more than 0 and at most {most:g}")
        check_iterations(self.max_iterations, settings, limited=limited)
        check_time(self.time_limit, settings, limited=limited)

    def _check_methods(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise InvalidRequest(
                    f"there is no method {quote(method)}", hint=f"known methods: {', '.join(METHODS)}"
                )
        if len(set(self.methods)) < len(self.methods):
            raise InvalidRequest("a method is named twice")
        if self.model is not None and self.methods and NETWORK not in self.methods:
            raise InvalidRequest("model goes with the method network", hint="leave one of them out")


@dataclass(frozen=True, eq=False)
class ReconstructionQuestion:
    """Attributes:
    operator: A.
    measurements: one, of A's measurement shape, or many along a first axis, real or complex; of pictures that
        are to be degraded, those: (H, W) or (B, H, W). None where there is a picture's file.
    picture: a PNG or JPEG file, in the place of an array.
    image_shape: (H, W), where it cannot be told by the measurement's.
    degradation: where the array or file is of pictures that are to be degraded, else None.
    truth: pictures to compare with, where they are known: (H, W) or (B, H, W).
    size: pixels of a picture file's longer side; a larger one is shrunk.
    approach: how.
    """

    operator: Operator
    measurements: NDArray[Any] | None = None
    picture: bytes | None = None
    image_shape: tuple[int, int] | None = None
    degradation: Degradation | None = None
    truth: NDArray[Any] | None = None
    size: int = SIZE
    approach: Approach = field(default_factory=Approach)


def asked_degradation(
    degrade: bool, noise: float | None, seed: int | None, size: int | None
) -> Degradation | None:
    """What is asked; None of what is not to be degraded.

    Raises:
        InvalidRequest: noise, seed or size is said all the same.
    """
    if degrade:
        return Degradation(NOISE if noise is None else noise, 0 if seed is None else seed)
    for name, value in (("noise", noise), ("seed", seed), ("size", size)):
        if value is not None:
            raise InvalidRequest(f"{name} goes with degrade", hint="measurements are taken as they are")
    return None


def operator_of(text: str) -> Operator:
    """The operator that a line of text names: KIND, KIND:name=value,name=value, or a JSON object.

    Raises:
        InvalidOperator
    """
    if text.lstrip().startswith("{"):
        try:
            found = orjson.loads(text)
        except ValueError as error:
            raise InvalidOperator("the operator is no valid JSON", hint=_HINT) from error
        return checked_operator(found)
    kind, colon, rest = text.strip().partition(":")
    operator: dict[str, Any] = {"kind": kind.strip()}
    for pair in rest.split(",") if colon else ():
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals) or name in operator:
            raise InvalidOperator(
                f"the operator's parameter {quote(pair.strip())} cannot be read", hint=_HINT
            )
        operator[name] = _number(name, value)
    return checked_operator(operator)


def operator_with(text: str | None, own: Mapping[str, NDArray[Any]]) -> Operator | None:
    """The operator that a text names and arrays beside it complete; those alone tell its kind.

    Raises:
        InvalidOperator
        InvalidRequest: the text has such an array too.
    """
    if not own:
        return None if text is None else operator_of(text)
    operator = {"kind": OWN_ARRAYS[next(iter(own))]} if text is None else operator_of(text)
    for name in own:
        if name in operator:
            raise InvalidRequest(
                f"{name} is both in the operator and beside it", hint="leave one of them out"
            )
    return checked_operator({**operator, **own})


def checked_operator(operator: Any) -> Operator:
    """A description whose kind, names, numbers and arrays are such that there can be an operator, arrays as
    lists; parameters' ranges are left to `make_operator`.

    Raises:
        InvalidOperator
    """
    kind = operator.get("kind") if isinstance(operator, Mapping) else None
    if not isinstance(kind, str) or kind not in OPERATORS:
        raise InvalidOperator(
            f"there is no forward operator {quote(str(kind))}", hint=f"one of {', '.join(sorted(OPERATORS))}"
        )
    names = OPERATORS[kind].names
    for name in operator:
        if name != "kind" and name not in names:
            raise InvalidOperator(
                f"{kind} has no parameter {quote(str(name))}", hint=f"it has {', '.join(names)}"
            )
    own = own_arrays(kind, operator)
    for name, value in operator.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name not in ("kind", *own) and not (is_number and -_FARTHEST <= value <= _FARTHEST):
            raise InvalidOperator(f"{name} must be a number", hint="of the range that GET /v1/operators says")
    return {**operator, **own}


def shape_of(text: str | None) -> tuple[int, int] | None:
    """(H, W) of text such as 128x96.

    Raises:
        InvalidRequest
    """
    if text is None:
        return None
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdigit() and len(side) < 7 for side in sides):
        raise InvalidRequest("image_shape: rows and columns, such as 128x96")
    return int(sides[0]), int(sides[1])


def _number(name: str, text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise InvalidOperator(f"{quote(name)}: {quote(text)} is not a number", hint=_HINT) from error
