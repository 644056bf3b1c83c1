"""Every error as a problem document, and every response with its request's id."""

from __future__ import annotations

import re
from uuid import uuid4

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import OWN, InvalidRequest, Problem, problem_of, problem_of_status
from service.output import dumps

PROBLEM_TYPE = "application/problem+json"
ID_HEADER = "X-Request-ID"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_RETRY_SECONDS = "1"


def add_handlers(app: FastAPI) -> None:
    """Turn our errors, the framework's and any other into problem documents."""
    for kind in (*OWN, Exception):
        app.add_exception_handler(kind, _error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _parameter_error)
    app.add_middleware(RequestIds)


def problem_response(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as an HTTP response."""
    headers = dict(headers or {})
    request_id = getattr(request.state, "request_id", None)
    if request_id:
        headers[ID_HEADER] = request_id
    if problem.status == 503:
        headers["Retry-After"] = _RETRY_SECONDS
    return Response(dumps(problem.to_json(request_id)), problem.status, headers, PROBLEM_TYPE)


class RequestIds:
    """Gives each request an id (the client's own X-Request-ID where it is harmless) and each response both
    that id and the headers that keep browsers from guessing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Request(scope))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[ID_HEADER] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, send_with_id)


def _request_id(request: Request) -> str:
    given = request.headers.get(ID_HEADER, "")
    return given if _GOOD_ID.match(given) else uuid4().hex


async def _error(request: Request, error: Exception) -> Response:
    return problem_response(request, problem_of(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = problem_of_status(error.status_code, "see /docs for what is served")
    return problem_response(request, problem, dict(error.headers or {}))


async def _parameter_error(request: Request, error: Exception) -> Response:
    """Say which parameters are wrong and what they should be, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)
    wrong = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()[:5]]
    return problem_response(request, problem_of(InvalidRequest("; ".join(wrong))))
