"""The MPS reader against HiGHS on dialects, and against the format's rules on what must be refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.errors import InstanceError, InstanceTooLarge, InvalidBounds, MalformedFile, UnsupportedSection
from graphs.instance import Instance
from graphs.readers.limits import ReadLimits
from graphs.readers.mps import read_mps

ReadByHighs = Callable[[bytes], Instance]

ROWS = " N obj\n L c1\n G c2\n E c3\n"
COLUMNS = " x obj 1 c1 1\n y c2 2\n y c3 1\n"
INTEGER = " M 'MARKER' 'INTORG'\n x obj 1 c1 1\n M 'MARKER' 'INTEND'\n y c2 2\n y c3 1\n"


def model(
    rows: str = ROWS,
    columns: str = COLUMNS,
    rhs: str = "",
    ranges: str = "",
    bounds: str = "",
    head: str = "NAME t\n",
    end: str = "ENDATA\n",
) -> bytes:
    optional = {"RHS": rhs, "RANGES": ranges, "BOUNDS": bounds}
    tail = "".join(f"{name}\n{lines}" for name, lines in optional.items() if lines)
    return f"{head}ROWS\n{rows}COLUMNS\n{columns}{tail}{end}".encode()


def assert_same(ours: Instance, theirs: Instance) -> None:
    assert ours.sha256 == theirs.sha256
    assert list(ours.constraint_names) == list(theirs.constraint_names)
    assert list(ours.variable_names) == list(theirs.variable_names)


BOUNDS = (
    ["MI B {}", "PL B {}", "FR B {}", "BV B {}", "BV {}", "FR {}", "FR B {} 0", "BV B {} 1"]
    + [f"{kind} B {{}} {value}" for kind in ("LO", "LI") for value in ("2", "0", "-3")]
    + [f"{kind} B {{}} {value}" for kind in ("UP", "UI") for value in ("5", "0")]
    + ["FX B {} 3", "FX B {} -3", "UP B {} 1e30", "UP B {} inf", "UP B {} 1e20", "UP B {} 9.99e19"]
    + ["LO B {} -1e20", "LO B {} -Infinity", "LO B {} 0.5", "UP {} 4", "UP B {} +4", "UP B {} 1D+1"]
    + ["MI B {}\n UP B {} -5", "UP B {} -5\n MI B {}", "LO B {} -9\n UP B {} -5", "LO B {} 0\n PL B {}"]
)


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("column", ["x", "y"])
def test_bounds_are_read_as_highs_reads_them(bound: str, column: str, read_by_highs: ReadByHighs) -> None:
    text = model(columns=INTEGER, bounds=f" {bound.replace('{}', column)}\n")
    assert_same(read_mps(text, name="t.mps"), read_by_highs(text))


@pytest.mark.parametrize("bound", ["UP B x -3", "UI B x -3", "UP x -3"])
@pytest.mark.parametrize("columns", [COLUMNS, INTEGER])
def test_negative_upper_bound_without_a_lower_one_opens_the_box_below(bound: str, columns: str) -> None:
    instance = read_mps(model(columns=columns, bounds=f" {bound}\n"), name="t.mps")
    assert instance.variable_lower_bound.tolist() == [-np.inf, 0.0]
    assert instance.variable_upper_bound.tolist() == [-3.0, np.inf]


DIALECTS = {
    "no bounds on an integer column": {"columns": INTEGER},
    "objective constant": {"rhs": " R obj 5 c1 4\n"},
    "infinite sides": {"rhs": " R c1 1e30 c2 -1e30\n"},
    "no set name": {"rhs": " c1 3 c2 4\n c3 7\n"},
    "set called like a section": {"rhs": " RHS c1 3\n", "bounds": " UP BOUNDS x 4\n"},
    "maximise below": {"head": "NAME t\nOBJSENSE\n  MAXIMIZE\n", "rhs": " R obj 5\n"},
    "maximise beside": {"head": "NAME t\nOBJSENSE MAX\n", "rhs": " R obj 5\n"},
    "maximise in the first column": {"head": "OBJSENSE\nMAX\nNAME t\n"},
    "minimise": {"head": "NAME t\nOBJSENSE\n MIN\n"},
    "no name": {"head": "NAME\n"},
    "no NAME section": {"head": ""},
    "lower-case sections": {"head": "name t\nobjsense\n max\n", "end": "endata\n"},
    "further N rows": {"rows": ROWS + " N o2\n", "columns": " x obj 1 c1 1\n x o2 7\n y c2 2\n"},
    "objective not first": {"rows": " L c1\n N obj\n G c2\n E c3\n"},
    "number forms": {"columns": " x obj +1 c1 1.\n y c2 .5e1\n y c3 1d-2\n"},
    "comments and empty lines": {"columns": "* C\n\n x obj 1 c1 1\n   \n*\n y c2 2\n"},
    "tabs": {"columns": "\tx\tobj\t1\tc1\t1\n"},
    "zero coefficients": {"columns": " x obj 0 c1 0\n y c2 2\n"},
    "no rows": {"rows": " N obj\n", "columns": " x obj 1\n"},
    "no columns": {"columns": ""},
    "two column blocks of integers": {"columns": INTEGER + INTEGER.replace("x", "u").replace("y", "v")},
    "non-ASCII names": {"columns": " ñandú obj 1 c1 1\n"},
} | {
    f"range {value}": {
        "rhs": " R c1 3 c2 4\n R c3 7\n",
        "ranges": f" G c1 {value} c2 {value}\n G c3 {value}\n",
    }
    for value in ("5", "-5", "0", "1e30", "-1e30", "inf")
}


@pytest.mark.parametrize("sections", DIALECTS.values(), ids=DIALECTS.keys())
def test_dialects_are_read_as_highs_reads_them(sections: dict[str, str], read_by_highs: ReadByHighs) -> None:
    text = model(**sections)
    assert_same(read_mps(text, name="t.mps"), read_by_highs(text))


def test_line_ends_and_a_missing_last_one_change_nothing() -> None:
    text = model(rhs=" R c1 3\n", bounds=" UP B x 4\n")
    plain = read_mps(text, name="t.mps")
    for other in (text.replace(b"\n", b"\r\n"), text.rstrip(b"\n"), b"\xef\xbb\xbf" + text):
        assert read_mps(other, name="t.mps").sha256 == plain.sha256


def test_what_a_model_says_is_what_is_read() -> None:
    text = model(
        head="NAME  two words \nOBJSENSE MAX\n",
        rhs=" R c1 3 c2 4\n R c3 7 obj 11\n",
        ranges=" G c1 2 c2 3\n G c3 -4\n",
        bounds=" LO B x -1\n UP B x 6\n MI B y\n",
        columns=INTEGER,
    )
    instance = read_mps(text, name="t.mps")
    assert (instance.name, instance.maximize, instance.objective_offset) == ("two words", True, 11.0)
    assert instance.objective_vector.tolist() == [-1.0, 0.0]
    assert instance.constraint_matrix.toarray().tolist() == [[1.0, 0.0], [0.0, 2.0], [0.0, 1.0]]
    assert instance.constraint_lower_bound.tolist() == [1.0, 4.0, 3.0]
    assert instance.constraint_upper_bound.tolist() == [3.0, 7.0, 7.0]
    assert instance.variable_lower_bound.tolist() == [-1.0, -np.inf]
    assert instance.variable_upper_bound.tolist() == [6.0, np.inf]
    assert instance.integrality.tolist() == [True, False]


DELIBERATE = {
    "MAXIMIZE on the heading's line": (
        {"head": "NAME t\nOBJSENSE MAXIMIZE\n"},
        lambda i: i.maximize and i.objective_vector[0] == -1.0,
    ),
    "OBJNAME chooses the objective": (
        {"rows": ROWS + " N o2\n", "columns": " x obj 1 o2 5\n y c2 2\n", "head": "OBJNAME\n o2\n"},
        lambda i: i.objective_vector.tolist() == [5.0, 0.0],
    ),
    "a column called like a section": (
        {"columns": " NAME obj 1\n OBJSENSE c1 2\n RHS c2 3\n"},
        lambda i: list(i.variable_names) == ["NAME", "OBJSENSE", "RHS"],
    ),
    "the right-hand side of a dropped row": (
        {"rows": ROWS + " N o2\n", "rhs": " R o2 9\n"},
        lambda i: i.objective_offset == 0.0,
    ),
    "ranges without a set": ({"ranges": " c1 5\n"}, lambda i: i.constraint_lower_bound[0] == -5.0),
    "small coefficients": ({"columns": " x c1 1e-12\n"}, lambda i: i.constraint_matrix.data[0] == 1e-12),
    "underflow": ({"columns": " x c1 1e-400\n"}, lambda i: i.nonzeros == 0),
    "the same bound again": (
        {"bounds": " UP B x 4\n UP B x 4\n"},
        lambda i: i.variable_upper_bound[0] == 4.0,
    ),
    "the same side again": ({"rhs": " R c1 4\n R c1 4.0\n"}, lambda i: i.constraint_upper_bound[0] == 4.0),
    "a repeated line of two pairs": (
        {"columns": " x obj 1 c1 2\n x obj 1 c1 2\n x  obj 1  c1 2\n"},
        lambda i: i.constraint_matrix.data.tolist() == [2.0] and i.objective_vector[0] == 1.0,
    ),
}


@pytest.mark.parametrize(("sections", "holds"), DELIBERATE.values(), ids=DELIBERATE.keys())
def test_deliberate_decisions(sections: dict[str, str], holds: Callable[[Instance], bool]) -> None:
    assert holds(read_mps(model(**sections), name="t.mps"))


FIXED = b"""NAME          TWO WORDS
ROWS
 N  MIN COST
 L  ROW 1
 G  R
 E  A B C
COLUMNS
    C 1       MIN COST            1.   ROW 1               2.
    C 1       R                  1.5
    C 2 R 1   ROW 1              -3.   A B C               4.
    R         A B C              0.5
RHS
    RHS 1     ROW 1              10.   A B C               7.
RANGES
    RNG       ROW 1               4.
BOUNDS
 UP BND A     C 1                 9.
 FR BND A     C 2 R 1
ENDATA
"""


def test_names_with_blanks_are_read_in_fixed_form(read_by_highs: ReadByHighs) -> None:
    instance = read_mps(FIXED, name="t.mps")
    assert list(instance.variable_names) == ["C 1", "C 2 R 1", "R"]
    assert list(instance.constraint_names) == ["ROW 1", "R", "A B C"]
    assert instance.constraint_matrix.toarray().tolist() == [
        [2.0, -3.0, 0.0],
        [1.5, 0.0, 0.0],
        [0.0, 4.0, 0.5],
    ]
    assert_same(instance, read_by_highs(FIXED))


def test_a_file_off_the_columns_is_not_read_in_fixed_form() -> None:
    for broken in (
        FIXED.replace(b" N  MIN", b" N MIN "),
        FIXED.replace(b"R                  1.5", b"R\t1.5"),
    ):
        with pytest.raises(MalformedFile) as caught:
            read_mps(broken, name="t.mps")
        assert caught.value.line == 3


def test_errors_of_the_fixed_form_show_the_name_with_its_blanks() -> None:
    with pytest.raises(MalformedFile, match="'ROW 9'") as caught:
        read_mps(FIXED.replace(b"RNG       ROW 1", b"RNG       ROW 9"), name="t.mps")
    assert (caught.value.line, caught.value.column) == (15, 15)


@pytest.mark.parametrize(
    "line",
    ["    x  c1 1   c2        5.0", "    x c1 1    obj                 1"],
)
def test_two_pairs_that_may_be_a_name_with_blanks_are_refused(line: str) -> None:
    with pytest.raises(MalformedFile, match="name with blanks"):
        read_mps(model(columns=f"{line}\n"), name="t.mps")


# what is wrong, the sections, the error, its line (None: not checked) and a part of its text
REFUSED: list[tuple[str, dict[str, str], type[InstanceError], int | None, str]] = [
    ("NaN cost", {"columns": " x obj nan\n"}, MalformedFile, 8, "'nan' is not a number"),
    ("NaN bound", {"bounds": " UP B x NaN\n"}, MalformedFile, 12, "NaN"),
    ("NaN ignored", {"bounds": " FR B x nan\n"}, MalformedFile, 12, "nan"),
    ("infinite cost", {"columns": " x obj inf\n"}, MalformedFile, 8, "infinite"),
    ("1e30 coefficient", {"columns": " x c1 1e30\n"}, MalformedFile, 8, "infinite"),
    ("1e400 coefficient", {"columns": " x c1 -1e400\n"}, MalformedFile, 8, "infinite"),
    ("infinite constant", {"rhs": " R obj inf\n"}, MalformedFile, 12, "infinite"),
    ("hexadecimal", {"columns": " x c1 0x10\n"}, MalformedFile, 8, "0x10"),
    ("decimal comma", {"columns": " x c1 1,5\n"}, MalformedFile, 8, "1,5"),
    ("underscore", {"columns": " x c1 1_0\n"}, MalformedFile, 8, "1_0"),
    ("trailing letters", {"columns": " x c1 1.5a\n"}, MalformedFile, 8, "1.5a"),
    ("two signs", {"columns": " x c1 +-1\n"}, MalformedFile, 8, "+-1"),
    ("point alone", {"rhs": " R c1 .\n"}, MalformedFile, 12, "'.'"),
    ("duplicate row", {"rows": " N obj\n L c1\n L c1\n"}, MalformedFile, 5, "comes twice"),
    ("split column", {"columns": " x c1 1\n y c1 1\n x c2 1\n"}, MalformedFile, 10, "comes twice"),
    ("duplicate entry", {"columns": " x c1 1\n x c1 1\n"}, MalformedFile, 9, "comes twice"),
    ("duplicate in a line", {"columns": " x c1 1 c1 1\n"}, MalformedFile, 8, "comes twice"),
    ("other value again", {"columns": " x c1 1 c2 1\n x c1 1 c2 2\n"}, MalformedFile, 9, "comes twice"),
    ("duplicate cost", {"columns": " x obj 1\n x obj 1\n"}, MalformedFile, 9, "comes twice"),
    ("duplicate zero", {"columns": " x c1 0\n x c1 0\n"}, MalformedFile, 9, "comes twice"),
    (
        "duplicate in a dropped row",
        {"rows": ROWS + " N o2\n", "columns": " x o2 1\n x o2 1\n"},
        MalformedFile,
        10,
        "comes twice",
    ),
    ("second side", {"rhs": " R c1 1\n R c1 2\n"}, MalformedFile, 13, "second right-hand side"),
    ("second range", {"ranges": " R c1 1\n R c1 2\n"}, MalformedFile, 13, "second range"),
    ("second bound", {"bounds": " UP B x 1\n UP B x 2\n"}, MalformedFile, 13, "second upper bound"),
    ("bound of another type", {"bounds": " LO B x 0\n BV B x\n"}, MalformedFile, 13, "second lower bound"),
    ("free, then bounded", {"bounds": " FR B x\n UP B x 2\n"}, MalformedFile, 13, "second upper bound"),
    ("second set", {"rhs": " R c1 1\n S c2 2\n"}, MalformedFile, 13, "second set"),
    ("second bound set", {"bounds": " UP B x 1\n UP D y 2\n"}, MalformedFile, 13, "second set"),
    ("set or column", {"bounds": " FR x y\n"}, MalformedFile, 12, "a set or a column"),
    ("unknown row", {"columns": " x c9 1\n"}, MalformedFile, 8, "row 'c9' is not defined"),
    ("unknown row in RHS", {"rhs": " R c9 1\n"}, MalformedFile, 12, "row 'c9' is not defined"),
    ("unknown row in RANGES", {"ranges": " R c9 1\n"}, MalformedFile, 12, "row 'c9' is not defined"),
    ("unknown column", {"bounds": " UP B z 1\n"}, MalformedFile, 12, "column 'z' is not defined"),
    ("unknown free column", {"bounds": " FR B z\n"}, MalformedFile, 12, "'z' is not"),
    ("range on the objective", {"ranges": " R obj 1\n"}, MalformedFile, 12, "N row 'obj'"),
    ("no number", {"columns": " x c1\n"}, MalformedFile, 8, "2 words"),
    ("no second number", {"columns": " x c1 1 c2\n"}, MalformedFile, 8, "4 words"),
    ("three pairs", {"columns": " x c1 1 c2 1 c3 1\n"}, MalformedFile, 8, "7 words"),
    ("no bound", {"bounds": " UP x\n"}, MalformedFile, 12, "2 words"),
    ("side without number", {"rhs": " R\n"}, MalformedFile, 12, "1 words"),
    ("trailing comment", {"rows": " N obj $ cost\n"}, MalformedFile, 3, "4 words"),
    ("unknown bound", {"bounds": " UU B x 1\n"}, MalformedFile, 12, "'UU' is no type of bound"),
    ("lower-case bound", {"bounds": " up B x 1\n"}, MalformedFile, 12, "'up' is no type of bound"),
    ("unknown kind of row", {"rows": " N obj\n X c1\n"}, MalformedFile, 4, "'X' is no kind of row"),
    ("lower-case kind of row", {"rows": " n obj\n"}, MalformedFile, 3, "'n' is no kind of row"),
    ("no objective", {"rows": " L c1\n", "columns": " x c1 1\n"}, MalformedFile, 2, "no objective"),
    ("OBJNAME of no row", {"head": "OBJNAME\n z\n"}, MalformedFile, 2, "'z' is not defined"),
    ("OBJNAME of a constraint", {"head": "OBJNAME\n c1\n"}, MalformedFile, 2, "no N row"),
    ("fractional LI", {"bounds": " LI B x 0.5\n"}, MalformedFile, 12, "no integer"),
    ("crossed bounds", {"bounds": " LO B x 3\n UP B x 2\n"}, InvalidBounds, 13, "lower bound 3"),
    ("infinite lower bound", {"bounds": " LO B x 1e30\n"}, InvalidBounds, 12, "lower bound inf"),
    ("fixed at infinity", {"bounds": " FX B x -inf\n"}, InvalidBounds, 12, "upper bound -inf"),
    ("infinite G side", {"rhs": " R c2 1e30\n"}, InvalidBounds, 12, "no finite value"),
    ("infinite E side", {"rhs": " R c3 inf\n"}, InvalidBounds, 12, "no finite value"),
    ("inf − inf", {"rhs": " R c1 inf\n", "ranges": " R c1 inf\n"}, InvalidBounds, 12, "no finite value"),
    ("no ENDATA", {"end": ""}, MalformedFile, 10, "ENDATA is missing"),
    ("data after ENDATA", {"end": "ENDATA\n x c1 1\n"}, MalformedFile, 12, "comes after ENDATA"),
    ("section after ENDATA", {"end": "ENDATA\nROWS\n"}, MalformedFile, 12, "comes after ENDATA"),
    ("word beside ENDATA", {"end": "ENDATA x\n"}, MalformedFile, 11, "comes after ENDATA"),
    ("unknown section", {"end": "FOO\nENDATA\n"}, MalformedFile, 11, "'FOO' is no section"),
    ("data in the first column", {"columns": "x c1 1\n"}, MalformedFile, 8, "'x' is no section"),
    ("section twice", {"end": "ROWS\nENDATA\n"}, MalformedFile, 11, "comes twice"),
    ("RANGES before RHS", {"ranges": " R c1 1\n", "end": "RHS\nENDATA\n"}, MalformedFile, 13, "comes after"),
    ("BOUNDS first", {"head": "BOUNDS\n"}, MalformedFile, None, "comes after BOUNDS"),
    ("data before sections", {"head": " x\n"}, MalformedFile, 1, "no section"),
    ("data under NAME", {"head": "NAME\n x\n"}, MalformedFile, 2, "no section"),
    ("data beside ROWS", {"head": "ROWS x\n"}, MalformedFile, 1, "heading line"),
    ("unknown sense", {"head": "OBJSENSE\n UP\n"}, MalformedFile, 2, "'UP' is no sense"),
    ("two senses", {"head": "OBJSENSE MAX\n MIN\n"}, MalformedFile, 2, "one word too many"),
    ("many senses", {"head": "OBJSENSE\n" + "MAX\n" * 100_000}, MalformedFile, 3, "one word too many"),
    ("no sense", {"head": "OBJSENSE\n"}, MalformedFile, 1, "empty"),
    ("MAX alone", {"head": "MAX\n"}, MalformedFile, 1, "no section"),
    ("open marker", {"columns": " M 'MARKER' 'INTORG'\n x c1 1\n"}, MalformedFile, 8, "out of turn"),
    ("closing marker", {"columns": " M 'MARKER' 'INTEND'\n x c1 1\n"}, MalformedFile, 8, "out of turn"),
    ("NUL", {"head": "NAME\0\n"}, MalformedFile, 1, "control character"),
    ("escape", {"columns": " x\x1b c1 1\n"}, MalformedFile, 8, "control character"),
    ("lone carriage return", {"columns": " x c1 1\r y c1 1\r\n"}, MalformedFile, 8, "carriage return"),
    ("special ordered sets", {"end": "SOS\nENDATA\n"}, UnsupportedSection, 11, "special ordered sets"),
    ("quadratic objective", {"end": "QUADOBJ\nENDATA\n"}, UnsupportedSection, 11, "quadratic objective"),
    ("quadratic rows", {"end": "QCMATRIX c1\nENDATA\n"}, UnsupportedSection, 11, "quadratic constraints"),
    ("indicators", {"end": "INDICATORS\nENDATA\n"}, UnsupportedSection, 11, "indicator"),
    ("general constraints", {"end": "GENCONS\nENDATA\n"}, UnsupportedSection, 11, "general constraints"),
    ("cones", {"end": "CSECTION K 0 QUAD\nENDATA\n"}, UnsupportedSection, 11, "conic"),
    ("lazy constraints", {"end": "LAZYCONS\nENDATA\n"}, UnsupportedSection, 11, "lazy"),
    ("semi-continuous", {"bounds": " SC B x 1\n"}, UnsupportedSection, 12, "semi-continuous"),
    ("semi-integer", {"bounds": " SI B x 1\n"}, UnsupportedSection, 12, "semi-continuous"),
    ("SOS marker", {"columns": " M 'MARKER' 'SOSORG'\n x c1 1\n"}, UnsupportedSection, 8, "SOSORG"),
]


@pytest.mark.parametrize(
    ("sections", "kind", "line", "part"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals_say_what_where_and_what_to_do(
    sections: dict[str, str], kind: type[InstanceError], line: int | None, part: str
) -> None:
    with pytest.raises(InstanceError) as caught:
        read_mps(model(**sections), name="t.mps")
    error = caught.value
    assert type(error) is kind
    assert part in error.detail
    assert error.file == "t.mps"
    assert line is None or error.line == line
    assert error.hint


@pytest.mark.parametrize("section", ["ROWS", "COLUMNS"])
def test_a_missing_section_is_named(section: str) -> None:
    text = b"ROWS\n N c\nENDATA\n" if section == "COLUMNS" else b"NAME\nENDATA\n"
    with pytest.raises(MalformedFile, match=f"the {section} section is missing"):
        read_mps(text, name="t.mps")


def test_columns_are_counted_in_characters() -> None:
    with pytest.raises(MalformedFile) as caught:
        read_mps(model(columns=" ñandú c1 1,5\n"), name="t.mps")
    assert (caught.value.line, caught.value.column) == (8, 11)


def test_names_that_are_not_utf8_are_refused_but_comments_may_be_anything() -> None:
    latin = model(columns=" nandu obj 1\n").replace(b"nandu", "ñandú".encode("latin-1"))
    with pytest.raises(MalformedFile, match="not UTF-8") as caught:
        read_mps(latin, name="t.mps")
    assert caught.value.line == 8
    with pytest.raises(MalformedFile, match="not UTF-8"):
        read_mps(model(columns=" nandu obj 1\n").replace(b"nandu", b"\xffnandu"), name="t.mps")
    assert read_mps(b"* caf\xe9\n" + model(), name="t.mps").columns == 2


def test_no_more_than_one_short_token_is_repeated() -> None:
    with pytest.raises(MalformedFile) as caught:
        read_mps(model(columns=f" x c1 {'9' * 5000}x\n"), name="t.mps")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("limits", "what"),
    [(ReadLimits(rows=2), "rows"), (ReadLimits(columns=1), "columns"), (ReadLimits(nonzeros=3), "nonzeros")],
)
def test_limits(limits: ReadLimits, what: str) -> None:
    read_mps(model(), name="t.mps", limits=ReadLimits(rows=3, columns=2, nonzeros=4))
    with pytest.raises(InstanceTooLarge, match=what):
        read_mps(model(), name="t.mps", limits=limits)


SEEDS = [
    model(columns=INTEGER, rhs=" R c1 3 c2 4\n", ranges=" G c1 1\n", bounds=" UP B x 4\n FR B y\n"),
    model(head="NAME t\nOBJSENSE\n  MAX\n", bounds=" BV B x\n MI y\n"),
    FIXED,
]
PIECES = st.sampled_from(
    [b"\n", b" ", b"\t", b"\r\n", b"*", b"ENDATA", b"RHS\n", b"BOUNDS\n", b"nan", b"1e400"]
)
EDIT = st.tuples(st.integers(0, 500), st.integers(0, 30), st.binary(max_size=4) | PIECES)


def _accepts_or_refuses(text: bytes) -> None:
    refusal: InstanceError | None = None
    try:
        read_mps(text, name="t.mps")
    except InstanceError as error:
        refusal = error
    assert refusal is None or (refusal.hint and len(str(refusal)) < 600)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    text=st.binary(max_size=300)
    | st.text(alphabet=" \nENDATAROWSCOLUMNSx1.'*\t", max_size=200).map(str.encode)
)
def test_any_bytes_give_an_instance_or_an_instance_error(text: bytes) -> None:
    _accepts_or_refuses(text)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(seed=st.sampled_from(SEEDS), edits=st.lists(EDIT, min_size=1, max_size=4))
def test_mutants_give_an_instance_or_an_instance_error(
    seed: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    for at, width, piece in edits:
        at %= len(seed) + 1
        seed = seed[:at] + piece + seed[at + width :]
    _accepts_or_refuses(seed)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=st.sampled_from(SEEDS), lines=st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_rearranged_lines_give_an_instance_or_an_instance_error(seed: bytes, lines: list[int]) -> None:
    parts = seed.split(b"\n")
    for at, other in zip(lines[::2], lines[1::2], strict=False):
        parts.insert(at % len(parts), parts.pop(other % len(parts)))
    _accepts_or_refuses(b"\n".join(parts))


@pytest.mark.parametrize("cut", range(0, len(SEEDS[0]) - 8, 7))
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(MalformedFile):
        read_mps(SEEDS[0][:cut], name="t.mps")
