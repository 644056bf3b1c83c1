"""True certificates are verified, tampered ones refused: every number and every entry counts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, Tolerances
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.verification import LOOSEST, MalformedAnswer, Verification, read_answers, verify

Case = tuple[Instance, Certificate]
Document = dict[str, Any]
ROOT = Path(__file__).resolve().parents[4]


def checked(instance: Instance, document: object, **extra: bool) -> Verification:
    return verify(instance, read_answers(json.dumps(document).encode()), **extra)


def copied(document: Document) -> Document:
    copy: Document = json.loads(json.dumps(document))
    return copy


@pytest.fixture(params=["numeric", "exact"])
def saved(
    request: pytest.FixtureRequest,
    case: Case,
    answer_document: Callable[[Instance, Certificate], Document],
) -> tuple[Instance, Document]:
    """An instance of each kind with its answer, in both rigours."""
    instance, certificate = case
    if request.param == "exact":
        found = exact_certificate(instance, certificate)
        assert found is not None
        certificate = found
    return instance, answer_document(instance, certificate)


def test_true_certificates_are_verified(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    result = checked(instance, document)
    assert result.verified, result.statement
    assert all(check.holds for check in result.checks)


def tampered_entries(document: Document) -> Iterator[tuple[str, Document]]:
    """Every single entry with its sign flipped, and shifted by a part in 10⁵."""
    for name in ("point", "dual", "ray"):
        vector = document["certificate"][name]
        for at, entry in enumerate(vector or []):
            value = Fraction(entry)
            for what, other in (("flipped", -value), ("shifted", value * Fraction(100_001, 100_000))):
                if other != value:
                    copy = copied(document)
                    copy["certificate"][name][at] = str(other) if isinstance(entry, str) else float(other)
                    yield f"{name}[{at}] {what}", copy


def test_every_entry_counts(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    for what, copy in tampered_entries(document):
        assert not checked(instance, copy).verified, what


@pytest.mark.parametrize("name", ["point", "dual", "ray"])
@pytest.mark.parametrize("factor", [Fraction(1, 2), Fraction(2), Fraction(-1), Fraction(0)])
def test_scaled_vectors_are_refused(saved: tuple[Instance, Document], name: str, factor: Fraction) -> None:
    instance, document = saved
    vector = document["certificate"][name]
    if vector is None or not any(Fraction(entry) for entry in vector):
        return
    document["certificate"][name] = [
        str(Fraction(e) * factor) if isinstance(e, str) else e * float(factor) for e in vector
    ]
    assert not checked(instance, document).verified


def numbers_in(document: Document) -> Iterator[tuple[Document, str]]:
    """Every number that an answer or its certificate states, as (where it stands, its name)."""
    proof = document["certificate"]
    for place in (document, proof, proof["residuals"], proof.get("exact") or {}, document["solution"] or {}):
        for name, value in place.items():
            if isinstance(value, (int, float)) or (place is proof.get("exact") and value is not None):
                yield place, name


def test_every_number_stated_counts(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    count = 0
    for place, name in numbers_in(document):
        value = place[name]
        for shift in (-1e-3, 1e-3):
            changed = Fraction(value) + Fraction(shift)
            place[name] = str(changed) if isinstance(value, str) else float(changed)
            assert not checked(instance, document).verified, (name, shift)
        place[name] = None
        try:
            assert not checked(instance, document).verified, name
        except MalformedAnswer:
            assert place is document["solution"]
        place[name] = value
        count += 1
    assert count or not document["certificate"]["residuals"]
    assert checked(instance, document).verified


@pytest.mark.parametrize("kind", ["optimal", "feasible", "infeasible", "unbounded"])
def test_another_kind_is_refused(saved: tuple[Instance, Document], kind: str) -> None:
    instance, document = saved
    if document["certificate"]["kind"] != kind:
        document["certificate"]["kind"] = kind
        assert not checked(instance, document).verified


@pytest.mark.parametrize("verdict", ["optimal", "infeasible", "unbounded", None])
def test_another_verdict_is_refused(saved: tuple[Instance, Document], verdict: str | None) -> None:
    instance, document = saved
    proof = document["certificate"]
    if proof["verdict"] == verdict:
        return
    for place in (proof, document):
        copy = copied(document)
        if place is proof:
            copy["certificate"]["verdict"] = verdict
        else:
            copy["verdict"] = verdict or "abstain"
        if place is proof or proof["verdict"] is not None:
            assert not checked(instance, copy).verified
    document["verdict"] = proof["verdict"] = verdict or "abstain"
    if verdict is not None:
        assert not checked(instance, document).verified


def test_more_provenance_than_is_proved_is_refused(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    proof = document["certificate"]
    if proof["verdict"] is None:
        document["provenance"] = "certified"
        assert not checked(instance, document).verified
    elif proof["kind"] != "optimal":
        document |= {"objective": proof["objective"] or 1.0, "objective_provenance": "certified"}
        assert not checked(instance, document).verified


def test_another_scope_is_refused(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    scopes = ["instance", "relaxation"]
    scopes.remove(document["certificate"]["scope"])
    document["certificate"]["scope"] = scopes[0]
    assert not checked(instance, document).verified


@pytest.mark.parametrize("name", ["point", "dual", "ray"])
def test_vectors_of_another_length_or_place_are_refused(saved: tuple[Instance, Document], name: str) -> None:
    instance, document = saved
    vector = document["certificate"][name]
    extra = "0" if document["certificate"]["rigour"] == "exact" else 0.0
    for other in (None, [], [*(vector or []), extra], (vector or [extra])[:-1]):
        if other != vector:
            copy = copied(document)
            copy["certificate"][name] = other
            assert not checked(instance, copy).verified


def test_another_instance_is_refused(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    other = replace(instance, objective_offset=instance.objective_offset + 1.0)
    assert not checked(other, document).verified
    assert checked(other, document).statement.startswith("instance")
    for place in (document, document["certificate"]):
        right = place["instance"]["sha256"]
        place["instance"]["sha256"] = other.sha256
        assert not checked(instance, document).verified
        assert not checked(other, document).verified
        place["instance"]["sha256"] = right


def test_a_change_of_the_data_is_refused(saved: tuple[Instance, Document]) -> None:
    """The numbers are checked, not only the hash: the same vectors fail for another right-hand side."""
    instance, document = saved
    lower = np.where(
        np.isfinite(instance.constraint_lower_bound), instance.constraint_lower_bound - 9.0, -np.inf
    )
    upper = np.where(
        np.isfinite(instance.constraint_upper_bound), instance.constraint_upper_bound + 9.0, np.inf
    )
    other = replace(instance, constraint_lower_bound=lower, constraint_upper_bound=upper)
    for place in (document, document["certificate"]):
        place["instance"]["sha256"] = other.sha256
    proof = document["certificate"]
    if proof["kind"] != "unbounded" and any(map(Fraction, proof["dual"] or proof["ray"])):
        assert not checked(other, document).verified


def test_the_sense_counts(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    sense = document["certificate"]["instance"]["sense"]
    document["certificate"]["instance"]["sense"] = "minimise" if sense == "maximise" else "maximise"
    assert not checked(instance, document).verified


LOOSER = {name: 10 * value for name, value in asdict(DEFAULT_TOLERANCES).items()} | {"reach": 1e3}


@pytest.mark.parametrize("name", LOOSEST)
def test_looser_tolerances_need_permission(
    make_case: Callable[[str], Case],
    answer_document: Callable[[Instance, Certificate], Document],
    name: str,
) -> None:
    instance, certificate = make_case("infeasible LP")
    document = answer_document(instance, certificate)
    tolerances = document["certificate"]["tolerances"]
    tolerances[name] = LOOSER[name]
    refused = checked(instance, document)
    assert not refused.verified
    assert name in refused.statement
    assert checked(instance, document, allow_tolerances=True).verified
    tolerances[name] = 1e6 if name == "reach" else LOOSER[name] / 20
    assert checked(instance, document).verified


def test_the_strictest_tolerances_are_the_defaults() -> None:
    assert {name: float(value) for name, value in LOOSEST.items()} == asdict(Tolerances())


def test_an_answer_without_a_certificate_has_nothing_to_verify(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    result = checked(instance, document | {"certificate": None})
    assert not result.verified
    assert "nothing to verify" in result.statement


def test_of_several_answers_that_of_the_instance_is_checked(
    make_case: Callable[[str], Case], answer_document: Callable[[Instance, Certificate], Document]
) -> None:
    documents = {
        name: (case[0], answer_document(*case))
        for name, case in (
            (name, make_case(name)) for name in ("optimal LP", "infeasible LP", "unbounded LP")
        )
    }
    everything = [document for _, document in documents.values()]
    for instance, _ in documents.values():
        assert checked(instance, everything).verified
    other, _ = make_case("optimal maximum")
    assert not checked(other, everything).verified
    assert not checked(other, []).verified
    false = copied(everything[0])
    false["certificate"]["gap"] = 0.5
    assert not checked(documents["optimal LP"][0], [*everything, false]).verified


def test_a_solvers_verdict_is_told_from_a_proved_one(
    make_case: Callable[[str], Case], answer_document: Callable[[Instance, Certificate], Document]
) -> None:
    instance, certificate = make_case("relaxed MILP")
    document = answer_document(instance, certificate) | {"verdict": "infeasible", "provenance": "solved"}
    result = checked(instance, document)
    assert result.verified
    assert "'infeasible' is not proved" in result.statement


JUNK = (None, True, -1, 0, 1e300, 10**300, "1/3", "-7", "optimal", "", [], [0.0], {}, {"a": 1}, "1" * 9_000)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from leaves(part, (*path, name))


def test_junk_anywhere_raises_nothing_but_malformed_answer(saved: tuple[Instance, Document]) -> None:
    instance, document = saved
    rng = np.random.default_rng(7)
    paths = [path for path in leaves(document) if path]
    for _ in range(150):
        copy = copied(document)
        for path in (paths[int(rng.integers(len(paths)))] for _ in range(int(rng.integers(1, 3)))):
            place: Any = copy
            for name in path[:-1]:
                place = place[name] if isinstance(place, (dict, list)) and _has(place, name) else {}
            if isinstance(place, dict) or (isinstance(place, list) and _has(place, path[-1])):
                place[path[-1]] = JUNK[int(rng.integers(len(JUNK)))]
        with contextlib.suppress(MalformedAnswer):
            checked(instance, copy)


def _has(place: Any, name: Any) -> bool:
    return name in place if isinstance(place, dict) else isinstance(name, int) and name < len(place)


def test_nothing_that_certifies_or_solves_is_loaded() -> None:
    code = (
        "import sys, solvers.linear.verify.verification\n"
        "print(*(name for name in sys.modules if name.startswith('solvers.linear.')))\n"
        "print(*(name for name in ('torch', 'highspy', 'pyscipopt', 'service') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    ours, foreign = done.stdout.splitlines()
    own = "answer_checks answer_document check claim_checks residuals stated_numbers stated_ranges"
    own += " strict_json verification"
    expected = {f"verify.{name}" for name in own.split()} | {"rational.checks", "rational.program"}
    assert {name.removeprefix("solvers.linear.") for name in ours.split()} == expected | {
        "verify",
        "rational",
    }
    assert not foreign
