"""The sections of a CPLEX-LP text: which keywords begin them, and in which order they come.

A keyword stands at the start of a line and is not followed by a colon, so that a row may be called `bounds`.
A variable may not be called like a keyword: where lines are broken otherwise, readers would take it for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphs.errors import UnsupportedSection
from graphs.readers.lp_tokens import NAME_BYTES, Text

_FORMS = {
    "minimize": rb"min|minimi[sz]e|minimum",
    "maximize": rb"max|maximi[sz]e|maximum",
    "constraints": rb"subject[ \t]++to|such[ \t]++that|s\.t\.|st\.?",
    "bounds": rb"bounds?",
    "general": rb"gen|generals?|integers?",
    "binary": rb"bin|binary|binaries",
    "end": rb"end",
    "unsupported": rb"semi(?:s|-continuous)?|sec|sos[12]?|pwlobj|lazy[ \t]++constraints?|user[ \t]++cuts?"
    rb"|general[ \t]++constraints?|multi-objectives?",
}
_NOT_A_NAME = rb"(?!" + NAME_BYTES + rb")(?![ \t]*+:)"
_KEYWORD = re.compile(
    rb"^[ \t]*+(?:"
    + b"|".join(
        rb"(?P<" + name.encode() + rb">(?:" + _FORMS[name] + rb")" + _NOT_A_NAME + rb")"
        for name in ("unsupported", *(name for name in _FORMS if name != "unsupported"))
    )
    + rb")",
    re.IGNORECASE | re.MULTILINE,
)
_RESERVED = re.compile(b"|".join([*_FORMS.values(), rb"inf(?:inity)?|nan"]), re.IGNORECASE)
_OWN_FORM_OF_LP_SOLVE = re.compile(rb"\s*+(?:min|max)[a-z]*+[ \t]*+:", re.IGNORECASE)
_BLANK = re.compile(rb"\s*+")
_ORDER = "objective, constraints, then bounds, general and binary, then End, each once"


@dataclass(frozen=True)
class Section:
    """One section: its name in `_FORMS`, where its keyword stands, and where its content begins and ends."""

    name: str
    keyword: int
    start: int
    end: int


def is_reserved(word: bytes) -> bool:
    """Whether a word is a keyword or stands for a number, and so cannot be a variable."""
    return _RESERVED.fullmatch(word) is not None


def split_sections(text: Text) -> list[Section]:
    """The sections in the file's order, without End.

    Raises:
        MalformedFile: something before the objective's sense or after End, no End, sections out of order.
        UnsupportedSection: semi-continuous variables, special ordered sets, lazy constraints and the like.
    """
    found = list(_KEYWORD.finditer(text.content))
    _check_start(text, found[0].start() if found else len(text.content))
    ends = [match.start() for match in found[1:]] + [len(text.content)]
    sections = [
        Section(match.lastgroup or "", match.start(match.lastgroup or 0), match.end(), end)
        for match, end in zip(found, ends, strict=True)
    ]
    _check_order(text, sections)
    _check_end(text, sections[-1])
    return sections[:-1]


def _check_start(text: Text, first_keyword: int) -> None:
    start = _skip_blanks(text, 0)
    if start < first_keyword:
        detail, hint = "{} stands where the objective's sense belongs", "begin with Minimize or Maximize"
        if _OWN_FORM_OF_LP_SOLVE.match(text.content):
            detail, hint = "this is lp_solve's own form, not CPLEX-LP", "convert it to MPS"
        raise text.error(start, detail, hint)
    if first_keyword == len(text.content):
        raise text.error(first_keyword, "there is no objective", "begin with Minimize or Maximize")


def _check_order(text: Text, sections: list[Section]) -> None:
    """Refuse what is not supported, then sections out of order, the first of them in the file."""
    seen: set[str] = set()
    for section in sections:
        part = "objective" if section.name in ("minimize", "maximize") else section.name
        if part == "unsupported":
            detail, hint = (
                "the section {} is not read",
                "only linear objectives, rows, bounds and integers are",
            )
            raise text.error(section.keyword, detail, hint, UnsupportedSection)
        if part in seen:
            twice = "the section {} comes a second time"
            raise text.error(section.keyword, twice, _ORDER)
        first = part == "objective"
        late = part == "constraints" and seen != {"objective"}
        if first == bool(seen) or late or "end" in seen:
            raise text.error(section.keyword, "the section {} comes out of order", _ORDER)
        seen.add(part)
    if "end" not in seen:
        at = len(text.content.rstrip())
        raise text.error(at, "the file has no End", "send all of it, with End on a line of its own")


def _check_end(text: Text, last: Section) -> None:
    after = _skip_blanks(text, last.start)
    if after < len(text.content):
        raise text.error(after, "{} stands behind End", "End is the last word of a file")


def _skip_blanks(text: Text, start: int) -> int:
    blanks = _BLANK.match(text.content, start)
    return blanks.end() if blanks else start
