"""From a question to a response: a place for it, an answer or a problem; its client may go meanwhile."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from service.http.body import receive, unless_gone
from service.http.calculations import Calculation
from service.http.engine import Engine
from service.http.handlers import problem_response
from service.http.questions import Question

_CLIENT_GONE = 499  # nobody receives it; it is counted


def engine_of(request: Request) -> Engine:
    """The server's inside."""
    engine: Engine = request.app.state.engine
    return engine


async def answer_one(request: Request, question: Question | Calculation) -> Response:
    """The response to one question.

    Raises:
        ServerBusy: there is no place for it.
    """
    engine = engine_of(request)
    async with engine.places.one():
        reply = await engine.answer(question)
    if reply.problem is not None:
        return problem_response(request, reply.problem)
    return Response(reply.document, headers=dict(reply.headers), media_type=reply.media)


async def calculated(request: Request, kind: str, media: str, accepted: str, asked: Any) -> Response:
    """The response to a calculation whose body is still to come; the arguments are those of `Calculation`.

    Raises:
        ServiceError, InstanceError: the body cannot be received.
    """
    engine = engine_of(request)
    with engine.held.of_one_request() as hold:
        body = await receive(request, engine.reception(hold), "other")
        engine.metrics.body_bytes.observe(body.size)
        question = Calculation(kind, body.data, media, accepted, asked, body.size)
        return present(await unless_gone(request, answer_one(request, question)))


def present(response: Response | None) -> Response:
    """The response, or what stands for one where the client went away."""
    return Response(status_code=_CLIENT_GONE) if response is None else response
