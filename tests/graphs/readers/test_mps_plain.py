"""The fast lane reads what the strict reader reads, the same, or leaves it to the strict reader."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from graphs.readers.mps import read_mps, read_strict
from graphs.readers.mps_plain import LARGEST, read_plain
from graphs.writers import write_mps

VECTORS = (
    "objective_vector",
    "constraint_lower_bound",
    "constraint_upper_bound",
    "variable_lower_bound",
    "variable_upper_bound",
    "integrality",
)
FREE = b"""NAME free form
OBJSENSE
  MAX
ROWS
 N obj
 L c1
 G c2
 E c3
COLUMNS
 x obj 1.5 c1 1
 x c3 -2
 M1 'MARKER' 'INTORG'
 y c2 .5
 y c3 1e3
 z obj -1
 M2 'MARKER' 'INTEND'
 w c1 +4. c2 7
RHS
 R obj 5 c1 4
 R c3 -3
RANGES
 G c1 2.5 c3 -1
BOUNDS
 UP B x 4
 LO B y -2
 FR B z
 MI B w
 UP B w 9
ENDATA
"""
FIXED = b"""* a comment
NAME          FIXED
ROWS
 N  COST
 L  LIM1
 G  LIM2
COLUMNS
    XONE      COST              1.0   LIM1               1.0
    XONE      LIM2              1.0
* another
    YTWO      COST             -2.5   LIM1              .125
RHS
    RHS       LIM1              4.0   LIM2               1.0
BOUNDS
 UP BND       XONE              4.0
 BV BND       YTWO
ENDATA
"""
ONE_PAIR = b"""ROWS
 N o
 L a
 E b
COLUMNS
 x o 1
 x a 0
 y b -0.25
 z a 12345678901234567890
RHS
BOUNDS
 UP b1 x -3
 FX b1 y 1e19
ENDATA
"""
TEXTS = [FREE, FIXED, ONE_PAIR]


def compare(text: bytes, limits: ReadLimits = DEFAULT_LIMITS) -> bool:
    """Hold the lane to the strict reader; whether it took the text."""
    plain = read_plain(text, name="t.mps", limits=limits)
    try:
        strict = read_strict(text, name="t.mps", limits=limits)
    except InstanceError:
        assert plain is None
        return False
    if plain is not None:
        assert_same(plain, strict)
    return plain is not None


def assert_same(plain: Instance, strict: Instance) -> None:
    assert plain.sha256 == strict.sha256
    assert (plain.name, plain.maximize, plain.objective_offset) == (
        strict.name,
        strict.maximize,
        strict.objective_offset,
    )
    assert list(plain.constraint_names) == list(strict.constraint_names)
    assert list(plain.variable_names) == list(strict.variable_names)
    for vector in VECTORS:
        assert np.array_equal(getattr(plain, vector), getattr(strict, vector))
    ours, theirs = plain.constraint_matrix, strict.constraint_matrix
    assert ours.indices.dtype == theirs.indices.dtype
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(ours, part), getattr(theirs, part))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b""),
        (b"\n", b"\r\n"),
        (b" ", b"\t"),
        (b"ENDATA\n", b"ENDATA"),
        (b"ENDATA\n", b"* end\nENDATA\n\n"),
    ],
    ids=["as it is", "other line ends", "tabs", "no last line end", "comments"],
)
def test_plain_texts_take_the_lane(text: bytes, old: bytes, new: bytes) -> None:
    assert compare(text.replace(old, new) if old else text)


NOT_PLAIN = {
    "an empty line": (b"COLUMNS\n", b"COLUMNS\n\n"),
    "a second N row": (b" L c1", b" N free\n L c1"),
    "an infinite bound": (b" UP B x 4", b" UP B x 1e30"),
    "no set": (b" UP B x 4", b" UP x 4"),
    "a set called like a column": (b" UP B x 4\n LO B y -2\n FR B z\n MI B w\n UP B w 9", b" UP x x 4"),
    "an integer bound": (b" UP B x 4", b" UI B x 4"),
    "Fortran's exponent": (b"1e3", b"1d3"),
    "sections in another order": (b"NAME free form\nOBJSENSE\n  MAX\n", b"OBJSENSE\n  MAX\nNAME free form\n"),
    "a repeated line": (b" x c3 -2\n", b" x c3 -2 c2 1\n x c3 -2 c2 1\n"),
    "a range of about infinity": (b" G c1 2.5", b" G c1 9e19"),
}


@pytest.mark.parametrize(("old", "new"), NOT_PLAIN.values(), ids=NOT_PLAIN.keys())
def test_what_is_not_plain_is_left_to_the_strict_reader(old: bytes, new: bytes) -> None:
    text = FREE.replace(old, new)
    assert text != FREE
    assert not compare(text)
    read_strict(text, name="t.mps")


REFUSED = {
    "a word too many": (b" x c3 -2\n", b" x c3 -2 9\n"),
    "a number with an underscore": (b"1e3", b"1_0"),
    "not a number": (b"1e3", b"nan"),
    "two numbers": (b"1e3", b"1,3"),
    "an infinite coefficient": (b"1e3", b"1e400"),
    "a large coefficient": (b"1e3", b"1e20"),
    "a decimal comma": (b"1.5 c1", b"1,5 c1"),
    "an entry twice": (b" x c3 -2\n", b" x c3 -2\n x c3 -2\n"),
    "a cost twice": (b" x c3 -2\n", b" x obj -2\n"),
    "a column in two places": (b" w c1 +4. c2 7\n", b" w c1 1\n x c2 7\n"),
    "a row twice": (b" G c2", b" G c1"),
    "an unknown row": (b" y c2 .5", b" y c9 .5"),
    "an unknown column": (b" UP B x 4", b" UP B v 4"),
    "a marker out of turn": (b"'INTEND'", b"'INTORG'"),
    "a marker with more": (b"'INTEND'", b"'INTEND' c1 5"),
    "an open marker": (b" M2 'MARKER' 'INTEND'\n", b""),
    "no ENDATA": (b"ENDATA\n", b""),
    "text behind ENDATA": (b"ENDATA\n", b"ENDATA\n x\n"),
    "no COLUMNS": (b"COLUMNS\n", b""),
    "a section twice": (b"RHS\n", b"RHS\nRHS\n"),
    "a control character": (b" x c3", b" x\x01 c3"),
    "a vertical tab": (b" x c3", b" x\vc3"),
    "a carriage return": (b" x c3", b" x\rc3"),
    "NUL": (b" x c3", b" x\x00 c3"),
    "NUL for a word": (b" x c3 -2", b" x c3 \x00"),
    "a name that is not UTF-8": (b" w c1", b" \xff c1"),
    "a second set": (b" R c3 -3", b" S c3 -3"),
    "a second side": (b" R c3 -3", b" R c1 9"),
    "a range of the objective": (b" G c1 2.5", b" G obj 2.5"),
    "crossed bounds": (b" LO B y -2", b" LO B x 5"),
    "a bound twice": (b" LO B y -2", b" UP B x 5"),
    "an unknown bound": (b" UP B x 4", b" XX B x 4"),
    "a bound without a number": (b" UP B x 4", b" UP B x"),
    "data before the sections": (b"NAME free form\n", b" x\nNAME free form\n"),
}


@pytest.mark.parametrize(("old", "new"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_left_to_the_strict_reader(old: bytes, new: bytes) -> None:
    text = FREE.replace(old, new, 1)
    assert text != FREE
    assert not compare(text)
    with pytest.raises(InstanceError):
        read_mps(text, name="t.mps")


@pytest.mark.parametrize("cut", [b" x a\n 0 y b -0.25\n", b" x a 0 y\n b -0.25\n", b" x a 0 y b -0.25\n\n"])
def test_words_on_the_wrong_line_are_left_to_the_strict_reader(cut: bytes) -> None:
    text = ONE_PAIR.replace(b" x a 0\n y b -0.25\n", cut)
    assert text != ONE_PAIR
    assert not compare(text)


def test_lines_that_two_forms_could_read_are_left_to_the_strict_reader() -> None:
    line = b"    a r 1     s         5\n"
    text = b"ROWS\n N o\n L r\n L s\nCOLUMNS\n" + line + b"ENDATA\n"
    assert not compare(text)
    assert compare(text.replace(line, line.replace(b" 1     s", b" 1      s")))


@pytest.mark.parametrize("limits", [ReadLimits(rows=2), ReadLimits(columns=3), ReadLimits(nonzeros=7)])
def test_limits_hold(limits: ReadLimits) -> None:
    assert not compare(FREE, limits)


def test_large_texts_are_left_to_the_vectorised_reader() -> None:
    padding = b"*" * LARGEST + b"\n"
    assert read_plain(padding + FREE, name="t.mps", limits=DEFAULT_LIMITS) is None


WORDS = [b"x", b"c1", b"obj", b"1", b"-0", b"1e20", b"1e-400", b".", b"-.5", b"1.e5", b"+-1", b"inf", b"0x1"]
WORDS += [
    b"'MARKER'",
    b"'INTORG'",
    b"'INTEND'",
    b"MI",
    b"FR",
    b"BV",
    b"FX",
    b"LI",
    b"SC",
    b"RHS",
    b"ENDATA",
    b"[1]",
]
PIECES = [
    b" ",
    b"\n",
    b"\t",
    b"\r",
    b"*",
    b"",
    b"  ",
    b"\n\n",
    b"\x00",
    b"\xff",
    b",",
    b"_",
    b"e",
    b"1",
    b"x",
]


@st.composite
def mutated(draw: st.DrawFn, texts: list[bytes]) -> bytes:
    """A text with a few bytes, words or lines changed, moved, doubled or left out."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        lines = text.splitlines(keepends=True) or [b"\n"]
        at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.integers(0, 4)):
            case 0:
                lines[at] = lines[other]
            case 1:
                lines.insert(at, lines.pop(other))
            case 2:
                lines.insert(at, lines[other])
            case 3:
                words = lines[at].split(b" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(WORDS))
                lines[at] = b" ".join(words)
            case _:
                begin = draw(st.integers(0, len(lines[at])))
                end = draw(st.integers(begin, min(begin + 2, len(lines[at]))))
                lines[at] = lines[at][:begin] + draw(st.sampled_from(PIECES)) + lines[at][end:]
        text = b"".join(lines)
    return text


@given(mutated(TEXTS))
@settings(max_examples=1500, deadline=None)
def test_mutated_texts_are_read_alike(text: bytes) -> None:
    compare(text)


def _shared() -> list[bytes]:
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("FARKAS_INSTANCES", root.parent / "shared" / "instances"))
    return [path.read_bytes() for path in sorted(folder.rglob("*.mps")) if path.stat().st_size < LARGEST]


def test_real_files_are_read_alike(shared_instances: Path) -> None:
    taken = [compare(text.removeprefix(b"\xef\xbb\xbf")) for text in _shared()]
    assert sum(taken) > len(taken) // 2


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mutated_real_files_are_read_alike(shared_instances: Path, data: st.DataObject) -> None:
    compare(data.draw(mutated([text for text in _shared() if len(text) < 1 << 13])))


@given(st.text("0123456789+-.eE,", min_size=1, max_size=7))
@settings(max_examples=300, deadline=None)
def test_numbers_are_read_alike(number: str) -> None:
    compare(ONE_PAIR.replace(b"-0.25", number.encode()))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_what_the_writer_writes_takes_the_lane(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, columns = random.integers(1, 6, 2).tolist()
    lower, upper = np.sort(random.integers(-3, 4, (2, columns)).astype(float), axis=0)
    sides = np.sort(random.normal(size=(2, rows)), axis=0)
    instance = Instance(
        name="written",
        objective_vector=random.normal(size=columns),
        objective_offset=random.normal(),
        maximize=bool(random.integers(2)),
        constraint_matrix=csr_array(
            random.normal(size=(rows, columns)) * random.integers(0, 2, (rows, columns))
        ),
        constraint_lower_bound=np.where(random.integers(0, 2, rows), sides[0], -np.inf),
        constraint_upper_bound=sides[1],
        variable_lower_bound=np.where(random.integers(0, 2, columns), lower, -np.inf),
        variable_upper_bound=np.where(random.integers(0, 2, columns), upper, np.inf),
        integrality=random.integers(0, 2, columns).astype(bool),
    )
    text = write_mps(instance)
    assert compare(text)
    assert read_mps(text, name="t.mps").sha256 == read_strict(text, name="t.mps").sha256
