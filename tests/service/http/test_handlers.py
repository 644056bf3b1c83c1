"""Request ids and problem documents, apart from any route."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from service.errors import problem_of_status
from service.http.handlers import PROBLEM_TYPE, problem_response


def request(request_id: str | None = None) -> Request:
    state = {} if request_id is None else {"request_id": request_id}
    return Request({"type": "http", "headers": [], "state": state})


def test_a_response_carries_its_requests_id() -> None:
    reply = problem_response(request("abc"), problem_of_status(404, "nothing"), {"Allow": "GET"})
    assert reply.status_code == 404
    assert reply.headers["x-request-id"] == "abc"
    assert reply.headers["allow"] == "GET"
    assert reply.headers["content-type"] == PROBLEM_TYPE
    assert b"urn:farkas:request:abc" in bytes(reply.body)


def test_without_an_id_nothing_is_made_up() -> None:
    reply = problem_response(request(), problem_of_status(404, "nothing"))
    assert "x-request-id" not in reply.headers
    assert b"instance" not in bytes(reply.body)


@pytest.mark.parametrize(("status", "wait"), [(503, "1"), (400, None), (500, None)])
def test_only_a_503_says_when_to_come_back(status: int, wait: str | None) -> None:
    assert problem_response(request(), problem_of_status(status, "x")).headers.get("retry-after") == wait
