"""Many instances in one request: each is asked by itself, spread over workers and batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from service.errors import Problem
from service.http.engine import Engine
from service.http.items import split
from service.http.questions import Question, Reply
from service.output import dumps


async def answer_list(
    engine: Engine, body: bytes, question: Callable[[bytes, int], Question], request_id: str
) -> bytes:
    """A JSON list in the items' order: an answer, or {"error": problem document}.

    Args:
        engine: what answers.
        body: a JSON list; its items are not looked into here.
        question: makes an item and its place in the list a question.
        request_id: goes into the problem documents.

    Raises:
        MalformedFile: it is not JSON.
        BodyTooLarge: it has too many items.
        NotReady: the server cannot answer yet.
    """
    place = engine.places.for_list()

    async def answered(item: memoryview, number: int) -> bytes:
        async with place():
            return _written(await engine.answer(question(bytes(item), number)), request_id)

    items = split(body, engine.settings.max_items)
    answers = await asyncio.gather(*(answered(memoryview(item), k) for k, item in enumerate(items)))
    return b"[" + b",".join(answers) + b"]"


def _written(reply: Reply, request_id: str) -> bytes:
    return reply.document if reply.problem is None else _error(reply.problem, request_id)


def _error(problem: Problem, request_id: str) -> bytes:
    return dumps({"error": problem.to_json(request_id)})
