"""Saved answers are read strictly: what is wrong with one is said in a line, and raises nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from graphs.decimals import to_text
from graphs.instance import Instance
from solvers.linear.certificate import Certificate
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.answer_document import read_answers
from solvers.linear.verify.strict_json import MalformedAnswer

Case = tuple[Instance, Certificate]
Document = dict[str, Any]


@pytest.fixture
def numeric(
    make_case: Callable[[str], Case], answer_document: Callable[[Instance, Certificate], Document]
) -> Document:
    return answer_document(*make_case("optimal LP"))


@pytest.fixture
def exact(
    make_case: Callable[[str], Case], answer_document: Callable[[Instance, Certificate], Document]
) -> Document:
    instance, certificate = make_case("optimal LP")
    proof = exact_certificate(instance, certificate)
    assert proof is not None
    return answer_document(instance, proof)


def read(document: object) -> Any:
    return read_answers(json.dumps(document).encode())


def test_numbers_are_the_decimals_that_are_written(numeric: Document) -> None:
    text = json.dumps(numeric).replace("0.225", "0.22500000000000000000000001")
    [answer] = read_answers(text.encode())
    assert answer.certificate is not None
    assert answer.certificate.dual is not None
    assert answer.certificate.dual.fractions()[0] == Fraction("0.22500000000000000000000001")


def test_fractions_are_read(exact: Document) -> None:
    [answer] = read(exact)
    assert answer.certificate.dual.fractions() == (Fraction(9, 40), Fraction(1, 40), Fraction(-1, 3))
    assert answer.certificate.exact["objective"] == Fraction(3, 20)


def test_lists_pass_over_errors(numeric: Document) -> None:
    assert len(read([numeric, {"instance": {"name": "x"}, "error": {"type": "t"}}, numeric])) == 2


def test_answers_without_a_certificate_are_read(numeric: Document) -> None:
    [answer] = read(numeric | {"certificate": None})
    assert answer.certificate is None


def test_members_of_the_answer_that_are_not_checked_are_ignored(numeric: Document) -> None:
    assert len(read(numeric | {"seconds": {"total": 1.0}, "whatever": [1, {"a": None}]})) == 1


def altered(document: Document, path: str, value: object) -> Document:
    copy: Document = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    place = copy
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


WRONG: list[tuple[str, object, str]] = [
    ("verdict", "maybe", "$.verdict"),
    ("verdict", ["optimal"], "$.verdict"),
    ("provenance", None, "$.provenance"),
    ("objective", "0.15", "$.objective"),
    ("objective", True, "$.objective"),
    ("instance", None, "$.instance"),
    ("instance.sha256", 5, "$.instance.sha256"),
    ("solution", [1.0], "$.solution"),
    ("solution.x0", None, "$.solution"),
    ("certificate", "none", "$.certificate"),
    ("certificate", ..., "$.certificate"),
    ("certificate.kind", "proved", "$.certificate.kind"),
    ("certificate.rigour", "some", "$.certificate.rigour"),
    ("certificate.scope", "world", "$.certificate.scope"),
    ("certificate.verdict", "abstain", "$.certificate.verdict"),
    ("certificate.statement", 3, "$.certificate.statement"),
    ("certificate.extra", 3, "$.certificate"),
    ("certificate.exact", {}, "$.certificate"),
    ("certificate.gap", "0", "$.certificate.gap"),
    ("certificate.gap", ..., "$.certificate.gap"),
    ("certificate.residuals", [], "$.certificate.residuals"),
    ("certificate.residuals.primal_residual", "0", "primal_residual"),
    ("certificate.tolerances.gap", ..., "$.certificate.tolerances"),
    ("certificate.tolerances.gap", 0, "$.certificate.tolerances.gap"),
    ("certificate.tolerances.gap", -1e-6, "$.certificate.tolerances.gap"),
    ("certificate.tolerances.extra", 1e-6, "$.certificate.tolerances"),
    ("certificate.instance.sense", "up", "$.certificate.instance.sense"),
    ("certificate.vectors_sense", "maximise", "$.certificate.vectors_sense"),
    ("certificate.point", 1.0, "$.certificate.point"),
    ("certificate.point", [0.25, 0.25, "1/10"], "$.certificate.point"),
    ("certificate.point", [0.25, 0.25, None], "$.certificate.point"),
    ("certificate.point", [0.25, 0.25, True], "$.certificate.point"),
    ("certificate.point", [[0.25, 0.25, 0.1]], "$.certificate.point"),
    ("certificate.point", ..., "$.certificate.point"),
]


@pytest.mark.parametrize(("path", "value", "where"), WRONG)
def test_what_is_wrong_is_said(numeric: Document, path: str, value: object, where: str) -> None:
    with pytest.raises(MalformedAnswer) as caught:
        read(altered(numeric, path, value))
    assert where in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    "value",
    ["1/0", "1/-2", "0.5", "1e3", " 1", "1/2/3", "", "½", "٣", "+1", "1/", "-", "1" * 20_002, 1, None, "0x1"],
)
def test_texts_that_are_no_fractions_are_refused(exact: Document, value: object) -> None:
    with pytest.raises(MalformedAnswer, match=r"certificate\.point"):
        read(altered(exact, "certificate.point", [value, "1/4", "1/10"]))


def test_long_fractions_are_read_whole(exact: Document) -> None:
    long = "1" * 15_000
    [answer] = read(altered(exact, "certificate.point", [f"-{long}/7", "1/4", "1/10"]))
    assert answer.certificate.point.fractions()[0] == Fraction(-(10**15_000 - 1) // 9, 7)


def test_a_common_denominator_is_bounded(exact: Document) -> None:
    odd = [to_text(Fraction(1, 10**19_000 + k)) for k in range(1, 40, 2)]
    with pytest.raises(MalformedAnswer, match="common denominator"):
        read(altered(exact, "certificate.point", odd))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b"3",
        b'"answer"',
        b"\xff\xfe{}",
        b"[" * 200_000,
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": 1e99999}',
        b"\x00" * 100,
    ],
    ids=lambda text: str(text[:12]),
)
def test_texts_that_are_no_answers_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedAnswer) as caught:
        read_answers(text)
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("name", ["vectors_sense", "point", "dual", "ray"])
def test_a_certificate_without_vectors_is_explained(numeric: Document, name: str) -> None:
    with pytest.raises(MalformedAnswer):
        read(altered(numeric, f"certificate.{name}", ...))
    for member in ("vectors_sense", "point", "dual", "ray"):
        numeric = altered(numeric, f"certificate.{member}", ...)
    with pytest.raises(MalformedAnswer) as caught:
        read(numeric)
    assert "-o answer.json" in caught.value.hint
