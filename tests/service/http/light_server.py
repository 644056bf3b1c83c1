"""A real server with real workers and no network: what a body says is what its worker does.

python light_server.py    with FARKAS_… in the environment
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from runtime.batch_worker import IsolatedWorker
from service.errors import problem_of_status
from service.http.engine import Engine
from service.http.questions import Question, Reply
from service.http.served_model import ServedModel
from service.http.server import serve
from service.settings import Settings


def prepare() -> None:
    """Nothing to load."""


def answer(questions: Sequence[Question]) -> list[Reply]:
    return [_reply(question) for question in questions]


def _reply(question: Question) -> Reply:
    text = orjson.loads(question.body)["text"] if question.form == "item" else question.body.decode()
    word, _, rest = text.partition(" ")
    match word:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(600)
        case "nap":
            time.sleep(float(rest.split()[0]))
        case "memory":
            bytearray(1 << 50)
        case "raise":
            raise RuntimeError("secret of the inside")
        case "large":
            text = "large" * 4_000_000
        case "bad":
            return Reply(problem=problem_of_status(400, rest))
    document = orjson.dumps({"said": text, "worker": os.getpid()})
    return Reply(document, None, "optimal", "predicted")


def crew(settings: Settings, folder: Path) -> list[IsolatedWorker[Question, Reply]]:
    limit = settings.worker_memory or None
    return [IsolatedWorker(prepare, answer, memory_limit=limit) for _ in range(settings.worker_count)]


def main() -> None:
    settings = Settings()
    model = ServedModel("light", "1", "0" * 64, Path("no-such-folder"), {})
    serve(settings, Engine(settings, crew, model))


if __name__ == "__main__":
    import light_server  # by its name, under which the children find it

    sys.exit(light_server.main())
