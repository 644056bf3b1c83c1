"""What the server's process and its workers say to each other; torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from graphs.readers import Format
from service.answer_json import answer_json
from service.answers import Answer
from service.effort import Effort
from service.errors import Problem
from service.failures import Failure
from service.output import dumps

Form = Format | Literal["item"]
"""The format of a question's bytes; "item": an item of a list, in any form of `service.http.items`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the parameters of a request ask for; `model` is a registry name, None for the default one."""

    effort: Effort = field(default_factory=Effort)
    model: str | None = None
    solution: bool = False
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One instance to be answered by the checkpoint in `folder`.

    Attributes:
        body: the instance's bytes.
        name: what messages call it.
        form: its format; None finds it out by looking.
        size: of the body, inflated.
    """

    body: bytes
    name: str
    form: Form | None
    folder: Path
    asked: Asked
    size: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one question, written, or why there is none.

    Attributes:
        document: the answer; empty where there is none.
        problem: why there is none, else None.
        verdict, provenance: as in the answer; empty of what is no instance.
        seconds: by step, as in the answer.
        media: what the document is, a content type.
        headers: of the response, besides the usual ones.
        provenances: how many items of what is no instance have each provenance.
        log: what was logged while its batch was answered, carried by one reply of the batch.
    """

    document: bytes = b""
    problem: Problem | None = None
    verdict: str = ""
    provenance: str = ""
    seconds: tuple[tuple[str, float], ...] = ()
    media: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    provenances: tuple[tuple[str, int], ...] = ()
    log: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Answer | Failure, asked: Asked) -> Reply:
        """Write an answer as it was asked for.

        Raises:
            ValueError: the answer holds a number that JSON cannot say.
        """
        if isinstance(answer, Failure):
            return cls(problem=answer.problem)
        document = dumps(answer_json(answer, solution=asked.solution, vectors=asked.vectors))
        seconds = tuple(vars(answer.seconds).items())
        return cls(document, None, answer.verdict.value, answer.provenance, seconds)

    def with_log(self, lines: tuple[str, ...]) -> Reply:
        return replace(self, log=lines)
