"""What can be wrong with an instance.

    InstanceError
    ├── MalformedFile        the text breaks the format's grammar
    ├── UnsupportedSection   well-formed, but something farkas does not represent (SOS, quadratic, ...)
    ├── InvalidBounds        NaN, a lower bound above its upper bound, +inf as a lower bound
    └── InstanceTooLarge     beyond the ReadLimits in force

Every error says where (file, line, column, as far as they are known) and what to do (hint). None of them
repeats more of the input than one token, cut to a safe length.
"""

from __future__ import annotations

from typing import ClassVar

_LONGEST_TOKEN = 40


def quote(token: str) -> str:
    """One token of foreign input, printable and short enough for an error message."""
    text = token if len(token) <= _LONGEST_TOKEN else token[: _LONGEST_TOKEN - 1] + "…"
    return "'" + "".join(ch if ch.isprintable() else "·" for ch in text) + "'"


class InstanceError(Exception):
    """An instance that cannot be accepted; the base of the tree above.

    Args:
        detail: what is wrong, in one sentence.
        file: name of the file or request body, if known.
        line: 1-based line of the first offending token, if known.
        column: 1-based column of that token, if known.
        hint: what the person can do about it.
    """

    type: ClassVar[str] = "invalid-instance"
    title: ClassVar[str] = "The instance is not valid"

    def __init__(
        self,
        detail: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.file = file
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{where}: {self.detail}" if where else self.detail
        return f"{text} ({self.hint})" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.detail, self.file, self.line, self.column, self.hint)


class MalformedFile(InstanceError):
    type = "malformed-file"
    title = "The file does not follow its format"


class UnsupportedSection(InstanceError):
    type = "unsupported-section"
    title = "The file uses a feature that farkas does not represent"


class InvalidBounds(InstanceError):
    type = "invalid-bounds"
    title = "A bound is not valid"


class InstanceTooLarge(InstanceError):
    type = "instance-too-large"
    title = "The instance is larger than the limit in force"


def _rebuild(
    kind: type[InstanceError],
    detail: str,
    file: str | None,
    line: int | None,
    column: int | None,
    hint: str,
) -> InstanceError:
    return kind(detail, file=file, line=line, column=column, hint=hint)
