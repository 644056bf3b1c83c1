"""A saved answer, as `farkas predict -o answer.json` writes it, read with distrust.

Every number is read as the decimal it is written as, never as float64; the vectors of an exact certificate
are texts "p/q" or "p". Nothing may be there twice or missing, the certificate holds nothing unknown, and the
digits of a number are bounded. Members of the answer itself that are not checked are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvers.linear.rational.program import RationalVector
from solvers.linear.verify.strict_json import MalformedAnswer, Members, decode

Numbers = Mapping[str, Fraction | None]

_KINDS = ("optimal", "feasible", "infeasible", "unbounded")
_VERDICTS = ("optimal", "infeasible", "unbounded")
_TOLERANCES = ("feasibility", "integrality", "ray", "gap", "cancellation", "reach")
_VECTORS = ("point", "dual", "ray")
_MEMBERS = {
    *("kind", "rigour", "scope", "verdict", "statement", "objective", "dual_bound", "gap", "residuals"),
    *("tolerances", "instance", "vectors_sense", *_VECTORS),
}
_NO_VECTORS = "write it by farkas predict -o answer.json"
_FRACTION = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?")
_LONGEST = 20_000  # digits of a numerator or denominator
_SHORT_DIGITS = 300


@dataclass(frozen=True, eq=False)
class SavedCertificate:
    """A certificate's claims; names as in `solvers.linear.certificate.Certificate.to_json`.

    Attributes:
        point, dual, ray: as written, in the minimising sense.
        exact: the numbers stated as fractions; None for numeric rigour.
    """

    kind: str
    rigour: str
    scope: str
    verdict: str | None
    objective: Fraction | None
    dual_bound: Fraction | None
    gap: Fraction | None
    residuals: Numbers
    tolerances: Mapping[str, Fraction]
    sense: str
    sha256: str
    point: RationalVector | None
    dual: RationalVector | None
    ray: RationalVector | None
    exact: Numbers | None


@dataclass(frozen=True, eq=False)
class SavedAnswer:
    """What an answer says that its certificate has to carry.

    Attributes:
        sha256: of the instance it answers.
        certificate: None where the answer has none.
    """

    sha256: str
    verdict: str
    provenance: str
    objective: Fraction | None
    objective_provenance: str | None
    dual_bound: Fraction | None
    solution: Mapping[str, Fraction] | None
    solution_provenance: str | None
    certificate: SavedCertificate | None


def read_answers(text: bytes) -> list[SavedAnswer]:
    """The answers in a file: one, or a list of them in which errors are passed over.

    Raises:
        MalformedAnswer: it holds something else.
    """
    document = decode(text)
    if isinstance(document, dict):
        return [_answer(Members(document, "$"))]
    if not isinstance(document, list):
        raise MalformedAnswer("at $: an answer is an object, several are a list of objects")
    parts = [Members(part, f"$[{at}]") for at, part in enumerate(document)]
    return [_answer(part) for part in parts if "error" not in part.members]


def _answer(answer: Members) -> SavedAnswer:
    solution = answer.object("solution") if answer.has("solution") else None
    numbers = {} if solution is None else {name: solution.number(name) for name in solution.members}
    values = {name: value for name, value in numbers.items() if value is not None}
    if len(values) != len(numbers):
        raise MalformedAnswer(f"at {answer.path}.solution: a number is missing")
    return SavedAnswer(
        sha256=answer.object("instance").text("sha256"),
        verdict=answer.choice("verdict", (*_VERDICTS, "abstain")),
        provenance=answer.choice("provenance", ("predicted", "certified", "solved")),
        objective=answer.number("objective"),
        objective_provenance=answer.of("objective_provenance", _text_or_null, "a text or null"),
        dual_bound=answer.number("dual_bound") if answer.has("dual_bound") else None,
        solution=None if solution is None else values,
        solution_provenance=answer.of("solution_provenance", _text_or_null, "a text or null"),
        certificate=_certificate(answer.object("certificate"))
        if answer.of("certificate", lambda value: value is not None, "an object or null")
        else None,
    )


def _certificate(saved: Members) -> SavedCertificate:
    rigour = saved.choice("rigour", ("numeric", "exact"))
    known = _MEMBERS | {"exact"} if rigour == "exact" else _MEMBERS
    if not {"vectors_sense", *_VECTORS} & set(saved.members):
        raise MalformedAnswer("the answer was saved without its certificate's vectors", hint=_NO_VECTORS)
    unknown = sorted(set(saved.members) - known)
    if unknown:
        raise MalformedAnswer(f"at {saved.path}: {len(unknown)} members are unknown")
    saved.choice("vectors_sense", ("minimise",))
    saved.text("statement")
    read = _exact_vector if rigour == "exact" else _numeric_vector
    what = 'a list of texts "p/q", or null' if rigour == "exact" else "a list of numbers, or null"
    tolerances, instance = saved.object("tolerances"), saved.object("instance")
    if set(tolerances.members) != set(_TOLERANCES):
        raise MalformedAnswer(f"at {tolerances.path}: the tolerances are {', '.join(_TOLERANCES)}")
    residuals = saved.object("residuals")
    return SavedCertificate(
        kind=saved.choice("kind", _KINDS),
        rigour=rigour,
        scope=saved.choice("scope", ("instance", "relaxation")),
        verdict=saved.of("verdict", _verdict, "a verdict or null"),
        objective=saved.number("objective"),
        dual_bound=saved.number("dual_bound"),
        gap=saved.number("gap"),
        residuals={name: residuals.number(name) for name in residuals.members},
        tolerances={name: tolerances.of(name, _positive, "a positive number") for name in _TOLERANCES},
        sense=instance.choice("sense", ("minimise", "maximise")),
        sha256=instance.text("sha256"),
        point=saved.of("point", read, what),
        dual=saved.of("dual", read, what),
        ray=saved.of("ray", read, what),
        exact=_exact_numbers(saved.object("exact")) if rigour == "exact" else None,
    )


def _exact_numbers(saved: Members) -> Numbers:
    names = ("objective", "dual_bound", "gap")
    if set(saved.members) != set(names):
        raise MalformedAnswer(f"at {saved.path}: the members are {', '.join(names)}")
    return {
        name: saved.of(
            name, lambda value: None if value is None else _fraction(value), 'a text "p/q" or null'
        )
        for name in names
    }


def _text_or_null(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    return value


def _positive(value: Any) -> Fraction:
    if not isinstance(value, Fraction) or value <= 0:
        raise ValueError
    return value


def _verdict(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in _VERDICTS):
        raise ValueError
    return value


def _numeric_vector(value: Any) -> RationalVector | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(entry, Fraction) for entry in value):
        raise ValueError
    return RationalVector.of(value)


def _exact_vector(value: Any) -> RationalVector | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError
    return RationalVector.of([_fraction(entry) for entry in value])


def _fraction(value: Any) -> Fraction:
    """ "p/q" or "p" with q > 0, of a bounded number of digits."""
    if not isinstance(value, str) or len(value) > 2 * _LONGEST + 2:
        raise ValueError
    match = _FRACTION.fullmatch(value)
    if match is None or any(len(part or "") > _LONGEST + 1 for part in match.groups()):
        raise ValueError
    denominator = 1 if match.group(2) is None else _integer(match.group(2))
    if denominator == 0:
        raise ValueError
    return Fraction(_integer(match.group(1)), denominator)


def _integer(digits: str) -> int:
    """`decimal` knows no limit to the digits of an integer, unlike `int`."""
    return int(digits) if len(digits) <= _SHORT_DIGITS else int(Decimal(digits))
