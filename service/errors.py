"""What goes wrong, as HTTP (RFC 9457 problem documents) and the command line say it: one table.

    ServiceError
    ├── UnreadableFile         the command line's file cannot be opened
    ├── UnsupportedMedia       a Content-Type or Content-Encoding we do not read
    ├── InvalidRequest         a parameter of the request is not valid
    ├── BodyTooLarge           the request's body exceeds the limit in force
    ├── QuestionTooLarge       what the body asks is beyond a limit in force
    ├── BodyTooSlow            the body did not arrive in time
    ├── RequestTooSlow         the request's head did not arrive in time
    ├── AnswerTooSlow          answering took longer than the limit in force
    ├── AnsweringCrashed       the worker died of the instance
    ├── WrongModelKind         a name of the registry that stands for another kind of thing
    ├── ServerBusy             as many requests as allowed are being answered
    └── NotReady               the server has no model yet, or its self-test failed

Beside these, the errors of `graphs.errors`, `runtime.names`, `solvers.sparse.errors` and
`solvers.implicit.errors`.

A problem never holds a stack trace nor the input: of an instance, at most one short token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, ClassVar

from graphs.errors import (
    InstanceError,
    InstanceTooLarge,
    InvalidBounds,
    MalformedFile,
    UnsupportedSection,
)
from runtime.names import (
    InvalidModelName,
    ModelNotFound,
    NothingToRollBack,
    ReadOnlyModel,
    RegistryError,
    UnusableModel,
    VersionExists,
)
from solvers.implicit.errors import (
    ImplicitInputError,
    InvalidContext,
    InvalidMeasurement,
    InvalidOperator,
    InvalidProgram,
    UnsuitableNetwork,
)
from solvers.sparse.errors import (
    InvalidDictionary,
    InvalidMeasurements,
    InvalidRegularization,
    MissingSolver,
    ShapeMismatch,
    SparseInputError,
    TooManyLayers,
    UnknownVariant,
    UntrainedVariant,
)

_LOG = logging.getLogger("farkas")
_NO_MEMORY = "can't allocate memory"  # torch says it in a RuntimeError


class ServiceError(Exception):
    """A request that cannot be met; the base of the tree above."""

    type: ClassVar[str] = "service"
    title: ClassVar[str] = "The request cannot be met"

    def __init__(self, detail: str, *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class UnreadableFile(ServiceError):
    type = "unreadable-file"
    title = "The file cannot be read"


class UnsupportedMedia(ServiceError):
    type = "unsupported-media-type"
    title = "The body has a type or an encoding that farkas does not read"


class InvalidRequest(ServiceError):
    type = "invalid-request"
    title = "A parameter of the request is not valid"


class BodyTooLarge(ServiceError):
    type = "body-too-large"
    title = "The body is larger than the limit in force"


class QuestionTooLarge(ServiceError):
    type = "question-too-large"
    title = "What is asked is larger than the limit in force"


class BodyTooSlow(ServiceError):
    type = "body-too-slow"
    title = "The body did not arrive in time"


class RequestTooSlow(ServiceError):
    type = "request-too-slow"
    title = "The request did not arrive in time"


class AnswerTooSlow(ServiceError):
    type = "answer-too-slow"
    title = "Answering took longer than the limit in force"


class AnsweringCrashed(ServiceError):
    type = "answering-crashed"
    title = "The worker died while it answered"


class WrongModelKind(ServiceError):
    type = "wrong-model-kind"
    title = "The model of this name is of another kind"


class ServerBusy(ServiceError):
    type = "busy"
    title = "The server is answering as many requests as it may"


class NotReady(ServiceError):
    type = "not-ready"
    title = "The server is not ready"


STATUS: dict[type[Exception], int] = {
    MalformedFile: 400,
    UnsupportedSection: 422,
    InvalidBounds: 422,
    InstanceTooLarge: 413,
    InstanceError: 422,
    InvalidModelName: 422,
    ModelNotFound: 404,
    VersionExists: 409,
    ReadOnlyModel: 409,
    NothingToRollBack: 409,
    RegistryError: 500,
    InvalidDictionary: 422,
    InvalidMeasurements: 422,
    ShapeMismatch: 422,
    InvalidRegularization: 422,
    MissingSolver: 501,
    UnknownVariant: 422,
    UntrainedVariant: 422,
    TooManyLayers: 422,
    SparseInputError: 422,
    InvalidOperator: 422,
    InvalidMeasurement: 422,
    InvalidContext: 422,
    InvalidProgram: 422,
    UnsuitableNetwork: 422,
    ImplicitInputError: 422,
    UnreadableFile: 400,
    UnsupportedMedia: 415,
    InvalidRequest: 422,
    BodyTooLarge: 413,
    QuestionTooLarge: 413,
    BodyTooSlow: 408,
    RequestTooSlow: 408,
    AnswerTooSlow: 422,
    AnsweringCrashed: 500,
    WrongModelKind: 422,
    ServerBusy: 503,
    NotReady: 503,
    UnusableModel: 503,
    ServiceError: 500,
}
"""HTTP status of each of our errors; a subclass without a row has its nearest base's."""

OWN = (InstanceError, RegistryError, SparseInputError, ImplicitInputError, ServiceError)
"""The bases of our errors."""

OUT_OF_MEMORY = "out-of-memory"
_BY_STATUS = {
    400: ("bad-request", "The request is not valid HTTP for this address"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not take that method"),
    500: ("internal-error", "Something went wrong on our side"),
    503: (OUT_OF_MEMORY, "There is not enough memory for this instance now"),
}
"""Type and title of what is not an error class of ours."""


@dataclass(frozen=True)
class Problem:
    """One error, ready to be shown. `type` is the short name; the document has it as a URN."""

    type: str
    title: str
    status: int
    detail: str
    line: int | None = None
    column: int | None = None
    hint: str = ""

    @property
    def urn(self) -> str:
        return f"urn:farkas:problem:{self.type}"

    def to_json(self, request_id: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document; `instance` names the request. Members that say nothing are left out."""
        document = {
            "type": self.urn,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:farkas:request:{request_id}" if request_id else None,
            "line": self.line,
            "column": self.column,
            "hint": self.hint or None,
        }
        return {key: value for key, value in document.items() if value is not None}

    def to_line(self) -> dict[str, Any]:
        """The command line's form: type, title, detail, line, column and hint, all always there."""
        return {
            "type": self.urn,
            "title": self.title,
            "detail": self.detail,
            "line": self.line,
            "column": self.column,
            "hint": self.hint or None,
        }


def problem_of(error: BaseException) -> Problem:
    """The problem an error is shown as; one that is not ours is logged and says nothing of its inside."""
    if isinstance(error, OWN):
        return _own(error)
    if isinstance(error, MemoryError) or _NO_MEMORY in str(error):
        return problem_of_status(503, "reading or answering it needs more memory than there is")
    _LOG.error("internal error", exc_info=error)
    return problem_of_status(500, "the error is in the log of the program")


def problem_of_status(status: int, detail: str) -> Problem:
    """A problem known only by its HTTP status."""
    slug, title = _BY_STATUS.get(status, (f"http-{status}", "The request cannot be met"))
    return Problem(slug, title, status, detail)


def documented() -> list[tuple[int, str, str]]:
    """(status, type, title) of every problem, for the documentation; bases that are never raised left out."""
    bases = (ServiceError, SparseInputError, ImplicitInputError)
    own = [(status, kind.type, kind.title) for kind, status in STATUS.items() if kind not in bases]  # type: ignore[attr-defined]
    return sorted([*own, *((status, *names) for status, names in _BY_STATUS.items())])


def _own(
    error: InstanceError | RegistryError | SparseInputError | ImplicitInputError | ServiceError,
) -> Problem:
    kind = next(base for base in type(error).__mro__ if base in STATUS)
    line, column = (error.line, error.column) if isinstance(error, InstanceError) else (None, None)
    return Problem(error.type, error.title, STATUS[kind], error.detail, line, column, error.hint or "")
