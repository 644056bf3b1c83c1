"""The sections of an MPS file: which there are, in which order, and what stands between their headings.

A heading starts in the first column; a data line starts with a blank. A column, row or set may therefore be
called like a section. What farkas does not represent is refused by name before anything else is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from graphs.errors import MalformedFile, UnsupportedSection
from graphs.readers.mps_tokens import BLANK_LIMIT, STAR, Index, Tokens, where

SENSES = {
    "MIN": False,
    "MINIMIZE": False,
    "MINIMISE": False,
    "MAX": True,
    "MAXIMIZE": True,
    "MAXIMISE": True,
}

_UNSUPPORTED = {
    **dict.fromkeys(("SOS", "SOS1", "SOS2", "SETS"), "special ordered sets"),
    **dict.fromkeys(("QUADOBJ", "QMATRIX", "QSECTION", "QUADS"), "a quadratic objective"),
    "QCMATRIX": "quadratic constraints",
    **dict.fromkeys(("CSECTION", "CONES"), "conic constraints"),
    "INDICATORS": "indicator constraints",
    **dict.fromkeys(("LAZYCONS", "DELAYEDROWS"), "lazy constraints"),
    **dict.fromkeys(("USERCUTS", "MODELCUTS"), "user cuts"),
    "GENCONS": "general constraints",
    **dict.fromkeys(("PWLOBJ", "PWLNAM", "PWLCON"), "piecewise-linear functions"),
    **dict.fromkeys(("MULTIOBJ", "MULOBJ"), "several objectives"),
}

_AFTER = {  # what must stand before a section, where both are there
    "COLUMNS": ("ROWS",),
    "RHS": ("COLUMNS",),
    "RANGES": ("COLUMNS", "RHS"),
    "BOUNDS": ("COLUMNS",),
}
_DATA = ("ROWS", *_AFTER)
_WORD = ("OBJSENSE", "OBJNAME")  # sections that hold one word, on the heading's line or on the next
_NONE = np.zeros(0, dtype=np.int32)
_START_HINT = "section names start in the first column, data lines with a blank"


@dataclass(frozen=True, eq=False)
class Section:
    """The data lines of one section: comments and empty lines are left out.

    Attributes:
        heading: 0-based line of the heading.
        lines: 0-based lines that hold data, shape (k,).
        first: each line's first token, shape (k,).
        counts: each line's number of tokens, shape (k,).
    """

    name: str
    heading: int
    lines: Index
    first: Index
    counts: Index

    def select(self, chosen: Index) -> Section:
        """The same section with some of its lines only."""
        return Section(self.name, self.heading, self.lines[chosen], self.first[chosen], self.counts[chosen])


@dataclass(eq=False)
class Layout:
    """Every section of a file, and what its headings say.

    Attributes:
        name: the model's name, the rest of the NAME line; may be empty.
        maximize: the sense OBJSENSE states; minimisation where it is absent.
        objective: the token by which OBJNAME names the objective row, or None.
        sections: by name, in the file's order.
    """

    tokens: Tokens
    name: str = ""
    maximize: bool = False
    objective: int | None = None
    sections: dict[str, Section] = field(default_factory=dict)
    words: dict[str, list[int]] = field(default_factory=dict)  # tokens given to OBJSENSE and OBJNAME

    def section(self, name: str) -> Section:
        """A section; empty where the file has none of that name."""
        return self.sections.get(name) or Section(name, -1, _NONE, _NONE, _NONE)


def split_sections(tokens: Tokens) -> Layout:
    """Find the sections of a file.

    Raises:
        UnsupportedSection: a section of a kind farkas does not represent.
        MalformedFile: a section is unknown, repeated, out of order or missing; ENDATA is missing or not last.
    """
    layout = Layout(tokens)
    leading = tokens.leading
    headings = where((leading > BLANK_LIMIT) & (leading != STAR))
    _refuse_data_before(tokens, int(headings[0]) if len(headings) else len(leading))
    for at, heading in enumerate(headings.tolist()):
        end = int(headings[at + 1]) if at + 1 < len(headings) else len(leading)
        word = tokens.word(int(tokens.first[heading])).upper()
        if word == "ENDATA":
            return _finish(layout, heading)
        _add(layout, word, heading, end)
    line = int(where(tokens.counts)[-1]) + 1 if tokens.counts.any() else 1
    raise MalformedFile(
        "ENDATA is missing", file=tokens.file, line=line, hint="the file may be cut short: send all of it"
    )


def _add(layout: Layout, word: str, heading: int, end: int) -> None:
    """Add the section under a heading, up to the line `end`."""
    tokens, first = layout.tokens, int(layout.tokens.first[heading])
    _check_heading(layout, word, first)
    section = _section(tokens, word, heading, end)
    if word in SENSES:  # OBJSENSE's word, written in the first column
        layout.words["OBJSENSE"] += [first, *_words(tokens, section)]
        return _check_words(layout, "OBJSENSE")
    layout.sections[word] = section
    _check_order(layout, word, first)
    if word == "NAME":
        _read_name(layout, section)
    elif word in _WORD:
        layout.words[word] = _words(tokens, section)
        _check_words(layout, word)
    elif tokens.counts[heading] > 1:
        raise tokens.error(first + 1, f"{{}} stands on the heading line of {word}", _START_HINT)
    return None


def _check_heading(layout: Layout, word: str, first: int) -> None:
    tokens = layout.tokens
    if word in _UNSUPPORTED:
        raise tokens.error(
            first,
            f"the section {{}} holds {_UNSUPPORTED[word]}",
            "farkas reads linear and mixed-integer linear models only",
            UnsupportedSection,
        )
    if word in SENSES and next(reversed(layout.sections), "") == "OBJSENSE":
        return
    if word not in _DATA and word not in _WORD and word != "NAME":
        raise tokens.error(first, "{} is no section of an MPS file", _START_HINT)
    if word in layout.sections:
        raise tokens.error(first, "the section {} comes twice", "merge the two sections")


def _section(tokens: Tokens, name: str, heading: int, end: int) -> Section:
    inside = slice(heading + 1, end)
    lines = np.arange(heading + 1, end, dtype=np.int32)
    section = Section(name, heading, lines, tokens.first[inside], tokens.counts[inside])
    return section if section.counts.all() else section.select(where(section.counts))


def _check_order(layout: Layout, word: str, first: int) -> None:
    """Sections that refer to others come after them: RANGES are relative to RHS."""
    later = [name for name, before in _AFTER.items() if word in before and name in layout.sections]
    if later:
        raise layout.tokens.error(
            first, f"the section {{}} comes after {later[0]}", f"move it before {later[0]}"
        )


def _read_name(layout: Layout, section: Section) -> None:
    tokens, first = layout.tokens, int(layout.tokens.first[section.heading])
    if len(section.lines):
        raise tokens.error(int(section.first[0]), "{} belongs to no section", _START_HINT)
    end = tokens.text.index(b"\n", tokens.ends[first])
    layout.name = " ".join(tokens.text[tokens.ends[first] : end].decode("utf-8", "replace").split())


def model_name(stated: str, file: str) -> str:
    """The name NAME states, else the file's own name without suffixes."""
    own = PurePath(file).name if "/" in file else file
    return stated or own.partition(".")[0] or file


def _words(tokens: Tokens, section: Section) -> list[int]:
    """The words after a heading, on its own line or below: two are enough to see that there are too many."""
    first, count = int(tokens.first[section.heading]), int(tokens.counts[section.heading])
    lines = zip(section.first[:2].tolist(), section.counts[:2].tolist(), strict=True)
    return [*range(first + 1, first + count)][:2] + [
        start + at for start, n in lines for at in range(min(n, 2))
    ]


def _check_words(layout: Layout, name: str) -> None:
    """OBJSENSE and OBJNAME hold one word, which may still be to come."""
    for token in layout.words[name][1:]:
        raise layout.tokens.error(token, f"{{}} is one word too many for {name}", f"give {name} one word")


def _read_words(layout: Layout) -> None:
    """What OBJSENSE and OBJNAME say."""
    for name, words in layout.words.items():
        if not words:
            token = int(layout.tokens.first[layout.sections[name].heading])
            raise layout.tokens.error(token, "{} is empty", f"give {name} one word")
    for token in layout.words.get("OBJNAME", []):
        layout.objective = token
    for token in layout.words.get("OBJSENSE", []):
        sense = layout.tokens.word(token).upper()
        if sense not in SENSES:
            raise layout.tokens.error(token, "{} is no sense of an objective", "write MIN or MAX")
        layout.maximize = SENSES[sense]


def _refuse_data_before(tokens: Tokens, line: int) -> None:
    early = where(tokens.counts[:line])
    if len(early):
        raise tokens.error(int(tokens.first[early[0]]), "{} belongs to no section", _START_HINT)


def _finish(layout: Layout, heading: int) -> Layout:
    """Nothing but comments and empty lines may follow ENDATA."""
    tokens = layout.tokens
    tail = where(tokens.counts[heading + 1 :]) + heading + 1
    if tokens.counts[heading] > 1 or len(tail):
        token = tokens.first[heading] + 1 if tokens.counts[heading] > 1 else tokens.first[tail[0]]
        raise tokens.error(int(token), "{} comes after ENDATA", "end the file at ENDATA")
    for name in ("ROWS", "COLUMNS"):
        if name not in layout.sections:
            hint = "an MPS file needs ROWS, COLUMNS and ENDATA"
            raise MalformedFile(f"the {name} section is missing", file=tokens.file, hint=hint)
    _read_words(layout)
    return layout
