"""The table of errors: complete, and discreet."""

from __future__ import annotations

import logging

import pytest

from graphs import errors as instance_errors
from service import errors
from service.errors import STATUS, Problem, problem_of, problem_of_status
from service.http.schemas import ProblemShape


def tree(base: type[Exception]) -> set[type[Exception]]:
    return {base}.union(*(tree(child) for child in base.__subclasses__()))


def test_every_error_of_ours_has_a_status() -> None:
    ours = set[type[Exception]]().union(*map(tree, errors.OWN))
    layers = ("graphs", "runtime", "solvers", "service")
    assert {kind for kind in ours if kind.__module__.split(".")[0] in layers} == set(STATUS)


def test_types_are_distinct() -> None:
    types = [slug for _, slug, _ in errors.documented()]
    assert len(types) == len(set(types))


def test_a_subclass_without_a_row_has_its_bases_status() -> None:
    class Stranger(instance_errors.MalformedFile):
        type = "stranger"

    problem = problem_of(Stranger("odd"))
    assert (problem.status, problem.type) == (400, "stranger")


def test_an_instance_error_says_where() -> None:
    error = instance_errors.MalformedFile("bad number", file="a.mps", line=3, column=7, hint="use a point")
    document = problem_of(error).to_json("r1")
    ProblemShape.model_validate(document)
    assert document == {
        "type": "urn:farkas:problem:malformed-file",
        "title": "The file does not follow its format",
        "status": 400,
        "detail": "bad number",
        "instance": "urn:farkas:request:r1",
        "line": 3,
        "column": 7,
        "hint": "use a point",
    }


def test_members_that_say_nothing_are_left_out_of_the_document_but_not_of_the_line() -> None:
    problem = problem_of(errors.NotReady("no model"))
    assert set(problem.to_json()) == {"type", "title", "status", "detail"}
    assert problem.to_line() == {
        "type": "urn:farkas:problem:not-ready",
        "title": "The server is not ready",
        "detail": "no model",
        "line": None,
        "column": None,
        "hint": None,
    }


def test_foreign_errors_are_logged_and_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="farkas"):
        problem = problem_of(KeyError("secret"))
    assert (problem.status, problem.type) == (500, "internal-error")
    assert "secret" not in str(problem.to_json())
    assert "secret" in caplog.text


def test_want_of_memory_is_not_our_fault() -> None:
    assert problem_of(MemoryError()).status == 503


def test_statuses_without_a_row_are_problems_too() -> None:
    assert problem_of_status(418, "short") == Problem("http-418", "The request cannot be met", 418, "short")
