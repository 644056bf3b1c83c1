"""The server's workers: child processes that read, predict, prove and calculate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from runtime.batch_worker import BatchWorker, IsolatedWorker
from service.http.calculations import Calculation
from service.http.questions import Question, Reply
from service.settings import Settings

Crew = Sequence[BatchWorker[Question | Calculation, Reply]]


def prepare(settings: Settings, folder: Path) -> Exception | None:
    """In the worker: load the default model and answer a tiny instance with it; what is wrong, or None."""
    from service.http.answering import answerer

    return answerer(settings, folder).prepare()


def answer(settings: Settings, folder: Path, questions: Sequence[Question | Calculation]) -> list[Reply]:
    """In the worker: a reply a question, in order."""
    from service.http.answering import answerer

    return answerer(settings, folder).answer(questions)


def isolated_crew(settings: Settings, folder: Path) -> Crew:
    """As many children as the settings say, not started yet; `folder` is the default model's."""
    limit = settings.worker_memory or None
    return [
        IsolatedWorker(
            partial(prepare, settings, folder), partial(answer, settings, folder), memory_limit=limit
        )
        for _ in range(settings.worker_count)
    ]
