r"""Tokens of a CPLEX-LP text: names, numbers, operators and line ends, found a slice of the text at a time.

A token's first byte tells its kind. Comments run from `\` to the end of their line and are cut out, which
leaves every token at its line and column. One sweep of a regular expression that never turns back finds the
tokens of a slice: the time is linear in the text whatever it holds, and the memory that of one slice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from operator import length_hint

from graphs.errors import InstanceError, MalformedFile, quote

END, NAME, NUMBER, SIGN, SENSE, COLON, NEWLINE, OTHER = range(8)

_MARKS = rb"_!\"#$%&(),;?@'`{}~|/\x80-\xff"
_FIRST = rb"(?!/)[A-Za-z" + _MARKS + rb"]"
NAME_BYTES = rb"[A-Za-z0-9." + _MARKS + rb"]"
"""What names are made of; they begin with neither a digit nor a point."""

_TOKEN = re.compile(
    _FIRST + NAME_BYTES + rb"*+"
    rb"|0[xX](?=[0-9])|[0-9]++\.(?![eE][+-]?[0-9])[A-Za-z]"  # no numbers, nor 0 times x10 or 1 times .x
    rb"|(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+[eEdD." + _MARKS + rb"]?+"
    rb"|<=|>=|=<|=>|==|[^ \t\r]"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_COMMENT = re.compile(rb"\\[^\n]*+")
_WORD = re.compile(rb"[^ \t\r\n]*+")
_SLICE = 1 << 19


def _kinds() -> list[int]:
    kinds = [NAME if re.fullmatch(_FIRST, bytes([byte])) else OTHER for byte in range(256)]
    letters = {END: b"\0", NUMBER: b"0123456789.", SIGN: b"+-", SENSE: b"<>=", COLON: b":", NEWLINE: b"\n"}
    for kind, group in letters.items():
        for byte in group:
            kinds[byte] = kind
    return kinds


KINDS = _kinds()
"""Kind of a token by its first byte."""

FINISH = b"\0"
"""Stands behind the last token."""


class Text:
    """A text without its comments, every token of which is where it was.

    Raises:
        MalformedFile: a control character, or a carriage return alone.
    """

    def __init__(self, raw: bytes, file: str) -> None:
        self.file = file
        self.content = raw
        control = _CONTROL.search(raw)
        if control:
            alone = control.group() == b"\r"
            detail = "a carriage return alone" if alone else "a control character"
            hint = "end lines with \\n or \\r\\n" if alone else "send plain text in UTF-8"
            raise self.error(control.start(), detail, hint)
        if b"\\" in raw:
            self.content = _COMMENT.sub(b"", raw)

    def error(
        self, at: int, detail: str, hint: str, kind: type[InstanceError] = MalformedFile
    ) -> InstanceError:
        """An error at the byte `at`; `{}` in its detail stands for the word there."""
        line_start = self.content.rfind(b"\n", 0, at) + 1
        line = self.content.count(b"\n", 0, at) + 1
        word = _WORD.match(self.content, at, at + 200)
        quoted = quote(word.group().decode("utf-8", "replace")) if word and word.group() else "the line's end"
        return kind(
            detail.replace("{}", quoted), file=self.file, line=line, column=at - line_start + 1, hint=hint
        )


class Tokens:
    """The tokens of a part of a text, once; FINISH comes when there are no more."""

    def __init__(self, text: Text, start: int, end: int) -> None:
        self.text = text
        self._end = end
        self._slice = (start, start)
        self._found: list[bytes] = []
        self._left: Iterator[bytes] = iter(())
        self._stream = chain(chain.from_iterable(self._slices(start)), iter(lambda: FINISH, None))

    def __iter__(self) -> Iterator[bytes]:
        return self._stream

    def _slices(self, start: int) -> Iterator[Iterator[bytes]]:
        while start < self._end:
            stop = self._line_end(start)
            self._slice = (start, stop)
            self._found = _TOKEN.findall(self.text.content, start, stop)
            self._left = iter(self._found)
            yield self._left
            start = stop
        self._slice, self._found, self._left = (start, start), [], iter(())

    def _line_end(self, start: int) -> int:
        """Where the last line ends that begins within a slice from `start` on."""
        if self._end - start <= _SLICE:
            return self._end
        line_end = self.text.content.find(b"\n", start + _SLICE, self._end) + 1
        return line_end or self._end

    def position(self, back: int = 0) -> int:
        """Offset of the token given out last, or of one `back` before it in the same slice."""
        start, stop = self._slice
        place = len(self._found) - length_hint(self._left) - 1 - back
        if place < 0:
            return start
        return next(islice(_TOKEN.finditer(self.text.content, start, stop), place, None)).start()

    def error(
        self, detail: str, hint: str, kind: type[InstanceError] = MalformedFile, *, back: int = 0
    ) -> InstanceError:
        """An error at the token given out last, or `back` before it; `{}` in its detail stands for it."""
        return self.text.error(self.position(back), detail, hint, kind)

    def name_error(self, name: bytes, detail: str, hint: str) -> InstanceError:
        """An error at a name, the last token of this text that was given out."""
        last = len(self._found) - length_hint(self._left) - 1
        back = next((back for back in range(last + 1) if self._found[last - back] == name), 0)
        return self.error(detail, hint, back=back)
