"""The grammar of CPLEX-LP, file by small file; HiGHS confirms every one that is read."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.errors import InstanceError, InstanceTooLarge, InvalidBounds, MalformedFile, UnsupportedSection
from graphs.instance import Instance
from graphs.readers import ReadLimits, read_instance

HEAD = "min\n obj: x + 2 y\nst\n c1: x + y >= 1\n"


def read(text: str | bytes, limits: ReadLimits | None = None) -> Instance:
    data = text.encode() if isinstance(text, str) else text
    return read_instance(data, name="model.lp", limits=limits or ReadLimits())


def refusal(text: str | bytes, limits: ReadLimits | None = None) -> InstanceError:
    with pytest.raises(InstanceError) as caught:
        read(text, limits)
    assert caught.value.file == "model.lp"
    assert caught.value.hint
    return caught.value


FULL = r"""\* what a writer says of itself *\
Maximize
 profit: 3 x + 2.5 y - z + 7
Subject To
 capacity: x - z <= 10
 demand: 4 y
   + 2x = 1
 z - 1e1 y >= -.5    \ without a name
Bounds
 -5 <= z <= 5
 y free
 u <= 8
General
 x
Binaries
 b
End
"""


def test_every_part_of_a_file() -> None:
    instance = read(FULL.replace("10\n", "10\n uses: b >= 0\n"))
    assert instance.name == "model"
    assert instance.maximize
    assert list(instance.variable_names) == ["x", "y", "z", "b", "u"]
    assert list(instance.constraint_names) == ["capacity", "uses", "demand", "r3"]
    assert instance.objective_vector.tolist() == [-3, -2.5, 1, 0, 0]
    assert instance.objective_offset == -7
    assert instance.constraint_matrix.toarray().tolist() == [
        [1, 0, -1, 0, 0],
        [0, 0, 0, 1, 0],
        [2, 4, 0, 0, 0],
        [0, -10, 1, 0, 0],
    ]
    assert instance.constraint_lower_bound.tolist() == [-np.inf, 0, 1, -0.5]
    assert instance.constraint_upper_bound.tolist() == [10, np.inf, 1, np.inf]
    assert instance.variable_lower_bound.tolist() == [0, -np.inf, -5, 0, 0]
    assert instance.variable_upper_bound.tolist() == [np.inf, np.inf, 5, 1, 8]
    assert instance.integrality.tolist() == [True, False, False, True, False]


@pytest.mark.parametrize("end", ["end", "END\n", "End \\ that is all\n\n \\ really\n"])
@pytest.mark.parametrize("change", [lambda text: text, lambda text: text.replace("\n", "\r\n")])
def test_line_ends_comments_marks_and_gzip_make_no_difference(end: str, change) -> None:  # type: ignore[no-untyped-def]
    text = change(HEAD + end).encode()
    for data in (text, b"\xef\xbb\xbf" + text, gzip.compress(text)):
        assert read(data).sha256 == read(HEAD + "end").sha256


@pytest.mark.parametrize("sense", ["min", "Minimize", "MINIMISE", "minimum", "max", "maximize", "Maximise"])
@pytest.mark.parametrize("rows", ["st", "st.", "S.T.", "subject to", "Subject \t To", "such that"])
def test_keywords_have_several_forms(sense: str, rows: str) -> None:
    instance = read(f" {sense} obj: x\n{rows} c: x <= 1\nend")
    assert instance.maximize == sense.lower().startswith("max")
    assert list(instance.constraint_names) == ["c"]


@pytest.mark.parametrize("keyword", ["gen", "General", "generals", "integer", "INTEGERS"])
def test_integers_are_unbounded_above(keyword: str) -> None:
    instance = read(f"{HEAD}{keyword} y\nend")
    assert instance.integrality.tolist() == [False, True]
    assert instance.variable_upper_bound.tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("keyword", ["bin", "binary", "Binaries"])
@pytest.mark.parametrize(
    ("bound", "box"), [("", (0, 1)), ("bounds\n y = 1\n", (1, 1)), ("bound y>=0\n", (0, 1))]
)
def test_binaries_are_in_the_unit_box(keyword: str, bound: str, box: tuple[float, float]) -> None:
    instance = read(f"{HEAD}{bound}{keyword}\n y\nend")
    assert (instance.variable_lower_bound[1], instance.variable_upper_bound[1]) == box
    assert instance.integrality.tolist() == [False, True]


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("x <= 4", (0, 4)),
        ("x < 4", (0, 4)),
        ("4 >= x", (0, 4)),
        ("x =< 4", (0, 4)),
        ("x >= -4", (-4, np.inf)),
        ("-4 <= x", (-4, np.inf)),
        ("-4 <= x <= 4", (-4, 4)),
        ("4 >= x >= -4", (-4, 4)),
        ("x = 4", (4, 4)),
        ("4 = x", (4, 4)),
        ("x FREE", (-np.inf, np.inf)),
        ("-inf <= x <= +Infinity", (-np.inf, np.inf)),
        ("-1e30 <= x <= 1e20", (-np.inf, np.inf)),
        ("x >= -infinity\n x <= -2", (-np.inf, -2)),
        ("x <= 4\n x <= 4\n x >= 0", (0, 4)),
    ],
)
def test_bounds(line: str, box: tuple[float, float]) -> None:
    instance = read(f"{HEAD}bounds\n {line}\nend")
    assert (instance.variable_lower_bound[0], instance.variable_upper_bound[0]) == box


@pytest.mark.parametrize(
    ("terms", "coefficients"),
    [
        ("x + y", [1, 1]),
        ("- x + -3 y", [-1, -3]),
        ("2x+3.5y", [2, 3.5]),
        (".5 x + 5. y", [0.5, 5]),
        ("1e1x - 2E-1\n y", [10, -0.2]),
        ("x + y + 2 x - y", [3, 0]),
        ("0 x", [0, 0]),
        ("1e-13 x + y", [1e-13, 1]),
        ("1e17 x - 1e-11 y", [1e17, -1e-11]),
    ],
)
def test_terms_of_rows_and_objectives(terms: str, coefficients: list[float]) -> None:
    instance = read(f"min obj: {terms}\nst\n c: {terms} >= 1\n z: x + y >= 0\nend")
    assert instance.objective_vector.tolist() == coefficients
    assert instance.constraint_matrix.toarray()[0].tolist() == coefficients


@pytest.mark.parametrize(("terms", "offset"), [("5", 5), ("x - 5", -5), ("5 + x - 2.5", 2.5), ("obj: 0", 0)])
def test_constants_of_the_objective(terms: str, offset: float) -> None:
    assert read(f"min {terms}\nst\n c: x >= 1\nend").objective_offset == offset
    assert read(f"max {terms}\nst\n c: x >= 1\nend").objective_offset == -offset


def test_rows_may_be_called_like_keywords_or_anything() -> None:
    names = ["bounds", "general", "st", "c(1,2)", "m;1;", "ñ", "a/b|c", "_", "e5", "inf"]
    instance = read("min x\nst\n" + "".join(f" {name}: x >= 1\n" for name in names) + "end")
    assert list(instance.constraint_names) == names
    assert list(read("min e5 + 2 e + _1 + x#3#4 + é\nend").variable_names) == ["e5", "e", "_1", "x#3#4", "é"]


def test_rows_without_a_name_are_numbered_unlike_the_others() -> None:
    instance = read("min x\nst\n x >= 1\n r0: x >= 2\n -x >= -9\nend")
    assert list(instance.constraint_names) == ["r0_", "r0", "r2"]


def test_rows_and_objectives_may_be_empty() -> None:
    instance = read("min obj:\nst\n c: <= 0\n d: 0 x >= -1\nend")
    assert instance.constraint_matrix.nnz == 0
    assert instance.rows == 2
    assert read("min x\nbounds\n x <= 1\nend").rows == 0


MALFORMED = {
    "hello world": (1, 1),
    "\\ nothing": (1, 1),
    "max: 3x + 2y\nst\n c: x + y <= 4\nend": (1, 1),
    "min x": (1, 6),
    "min x\nst\n c: x >= 1\n": (3, 11),
    "min x\nst\n c: x >= 1\nend\nend": (5, 1),
    "min x\nst\n c: x >= 1\nend\n c2: x >= 2": (5, 2),
    "min x\nst\n c: x >= 1\nend of it": (4, 5),
    "min x\nmax y\nst\n c: x >= 1\nend": (2, 1),
    "min x\nst\n c: x >= 1\nst\n d: x >= 2\nend": (4, 1),
    "min x\nbounds\n x <= 1\nst\n c: x >= 1\nend": (4, 1),
    "min x\nst\n c: x >= 1\nranges\n c: 5\nend": (5, 2),
    "min nan x\nend": (1, 5),
    "min inf x\nend": (1, 5),
    "min x\nst\n c: x >= nan\nend": (3, 10),
    "min 1e400 x\nend": (1, 5),
    "min 1e20 x\nend": (1, 5),
    "min x\nst\n c: x >= 1e400\nend": (3, 10),
    "min 0x10 + y\nend": (1, 5),
    "min x\nst\n c: x >= 0x10\nend": (3, 10),
    "min 1,5 x\nend": (1, 5),
    "min x\nst\n c: x >= 1,5\nend": (3, 10),
    "min 1_0 + y\nend": (1, 5),
    "min 2e + y\nend": (1, 5),
    "min 1d2 x\nend": (1, 5),
    "min 1.2.3 x\nend": (1, 5),
    "min .x\nend": (1, 5),
    "min 19.x\nend": (1, 5),
    "min /x\nend": (1, 5),
    "min 2 3 x\nend": (1, 7),
    "min x 3\nend": (1, 7),
    "min x y\nend": (1, 7),
    "min x +\nst\n c: x >= 1\nend": (2, 1),
    "min st + x\nend": (1, 5),
    "min ,x\nend": (1, 5),
    "min x, + y\nend": (1, 5),
    "min a: b: x\nend": (1, 9),
    "min x >= 1\nend": (1, 7),
    "min x\nst\n c: x + 1 >= 2\nend": (3, 11),
    "min x\nst\n c: -3 <= x <= 5\nend": (3, 8),
    "min x\nst\n c: x >= y\nend": (3, 10),
    "min x\nst\n c: x >= 1 d: x <= 2\nend": (3, 12),
    "min x\nst\n c: x >= 3 - 2\nend": (3, 12),
    "min x\nst\n c: x < = 3\nend": (3, 9),
    "min x\nst\n >= 3\nend": (3, 2),
    "min x\nst\n c: x\nend": (4, 1),
    "min x\nst\n c: x + d: y >= 1\nend": (3, 10),
    "min x\nst\n c: x >= 1\n c: x <= 2\nend": (4, 2),
    "min x\nst\n c\n : x >= 1\nend": (4, 2),
    "min x\nbounds\n x <= 1\n x <= 2\nend": (4, 7),
    "min x\nbounds\n x >= 1\n x free\nend": (4, 4),
    "min x\nbounds\n x <= 1 y <= 2\nend": (3, 9),
    "min x\nbounds\n b: x <= 1\nend": (3, 3),
    "min x\nbounds\n 2 x <= 1\nend": (3, 4),
    "min x\nbounds\n -x <= 1\nend": (3, 3),
    "min x\nbounds\n 1 <= x >= 0\nend": (3, 12),
    "min x\nbounds\n 1 = x = 1\nend": (3, 8),
    "min x\nbounds\n x\nend": (3, 3),
    "min x\nbounds\n 1 <=\nend": (4, 1),
    "min x\nst\n c: x >= 1\ngeneral\n z\nend": (5, 2),
    "min x\nst\n c: x >= 1\ngeneral\n x, y\nend": (5, 2),
    "min x\nst\n c: x >= 1\nbinary\n x <= 1\nend": (5, 4),
    "min x\rst\r c: x >= 1\rend": (1, 6),
    "min x\0\nend": (1, 6),
    "min x\x0c\nend": (1, 6),
    "min x\u00a0+ y\nend": (1, 5),
}  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_files_are_refused_at_the_word(text: str) -> None:
    error = refusal(text)
    assert type(error) is MalformedFile
    assert (error.line, error.column) == MALFORMED[text]


def test_names_are_utf_8() -> None:
    assert refusal(b"min \xe9\nend").detail.endswith("is not UTF-8")


UNSUPPORTED = {
    "min x + [ x^2 ] / 2\nend": (1, 9),
    "min x[0]\nend": (1, 6),
    "min x^2\nend": (1, 6),
    "min 2 * x\nend": (1, 7),
    "min x\nst\n c: b = 1 -> x >= 3\nend": (3, 11),
    "min x\nsos\n s: S1:: x:1\nend": (2, 1),
    "min x\nsos2\n s: x:1\nend": (2, 1),
    "min x\nsemi-continuous\n x\nend": (2, 1),
    "min x\n semis\n x\nend": (2, 2),
    "min x\nsec x\nend": (2, 1),
    "min x\nst\n c: x >= 1\nlazy constraints\n l: x >= 2\nend": (4, 1),
    "min x\nuser cuts\n l: x >= 2\nend": (2, 1),
    "min x\ngeneral constraints\n g: x = max(x)\nend": (2, 1),
    "min x\npwlobj\n x: (1,1)\nend": (2, 1),
}


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_what_is_not_linear_is_named(text: str) -> None:
    error = refusal(text)
    assert type(error) is UnsupportedSection
    assert (error.line, error.column) == UNSUPPORTED[text]


INVALID = {
    "min x\nbounds\n 4 <= x <= 2\nend": 3,
    "min x\nbounds\n x >= 4\n x <= 2\nend": 4,
    "min x\nbounds\n x >= inf\nend": 3,
    "min x\nbounds\n x <= -inf\nend": 3,
    "min x\nbounds\n x = 1e30\nend": 3,
    "min x + y\nbounds\n y <= 1\n x <= -1\nend": 4,
    "min x\nbounds\n x <= 5\nbinary\n x\nend": 5,
    "min x\nbinary\n x\nbounds\n x free\nend": 3,
    "min x\nst\n c: x >= inf\nend": 3,
    "min x\nst\n c: x = -inf\nend": 3,
}


@pytest.mark.parametrize("text", INVALID)
def test_bounds_that_cross_or_mean_different_things_are_refused(text: str) -> None:
    error = refusal(text)
    assert type(error) is InvalidBounds
    assert error.line == INVALID[text]


@pytest.mark.parametrize("limit", ["rows", "columns", "nonzeros"])
def test_sizes_are_limited(limit: str) -> None:
    text, size = "min x\nst\n c: x + y >= 1\n d: y <= 3\nend", {"rows": 2, "columns": 2, "nonzeros": 4}[limit]
    assert read(text, ReadLimits(**{limit: size})).rows == 2
    assert type(refusal(text, ReadLimits(**{limit: size - 1}))) is InstanceTooLarge


HOSTILE = {
    "one long name": b"min " + b"x" * 400_000 + b"\nend",
    "one long number": b"min " + b"1" * 400_000 + b" x\nend",
    "exponents": b"min " + b"1e+" * 200_000 + b"\nend",
    "signs": b"min " + b"+" * 400_000 + b"x\nend",
    "comparisons": b"min x\nst\n x " + b"<" * 400_000 + b" 1\nend",
    "colons": b"min x\nst\n" + b"a:" * 200_000 + b"\nend",
    "blanks": b"min x" + b" " * 400_000 + b"\nend",
    "empty comments": b"min x\n" + b"\\\n" * 200_000 + b"end",
    "many rows": b"min x\nst\n" + b"x>=1\n" * 50_000 + b"end",
    "many terms": b"min x" + b" + x" * 100_000 + b"\nend",
    "no end": b"min x\nst\n" + b"x>=1\n" * 50_000,
    "negative bounds": b"min x\nbounds\n" + b"".join(b"y%d<=-1\n" % at for at in range(20_000)) + b"end",
}


def outcome(text: str | bytes) -> Instance | InstanceError:
    try:
        return read(text)
    except InstanceError as error:
        return error


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_read_or_refused(kind: str) -> None:
    found = outcome(HOSTILE[kind])
    if isinstance(found, Instance):
        assert found.columns == 1
    else:
        assert found.line
        assert len(str(found)) < 400


WORDS = (
    "min max st bounds general binary end free x y c1: obj: : + - <= >= = 3 -1 2x 1e400 0x inf [ ^2 -> \\ ,"
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(words=st.lists(st.sampled_from([*WORDS.split(), "\n", "\n", "\n"]), max_size=25))
def test_any_words_give_an_instance_or_a_typed_error(words: list[str]) -> None:
    found = outcome("min " + " ".join(words) + "\nend")
    assert isinstance(found, Instance) or found.hint


NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))
SENSES = ["<=", ">=", "="]


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """A text, and what it says: coefficients by row, sides, bounds and kinds by column."""
    size, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    table = draw(st.lists(NUMBERS, min_size=size * (rows + 1), max_size=size * (rows + 1)))
    coefficients = np.array(table).reshape(rows + 1, size)
    sums = [" ".join(f"{value:+} x{j}" for j, value in enumerate(row)) for row in coefficients]
    senses = draw(st.lists(st.sampled_from(SENSES), min_size=rows, max_size=rows))
    sides = draw(st.lists(NUMBERS, min_size=rows, max_size=rows))
    lower = draw(st.lists(NUMBERS.filter(lambda value: value < 1e5), min_size=size, max_size=size))
    integers = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    text = f"max {sums[0]}\nst\n"
    text += "".join(
        f" c{i}: {total} {sense} {side}\n"
        for i, (total, sense, side) in enumerate(zip(sums[1:], senses, sides, strict=True))
    )
    text += "bounds\n" + "".join(f" {bound} <= x{j} <= 1e5\n" for j, bound in enumerate(lower))
    text += "general\n" + " ".join(f"x{j}" for j, integer in enumerate(integers) if integer) + "\nend"
    box = [
        (-np.inf if "<" in sense else side, np.inf if ">" in sense else side)
        for sense, side in zip(senses, sides, strict=True)
    ]
    return text, {"table": coefficients, "sides": box, "lower": lower, "integers": integers}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(pair=statements())
def test_what_a_text_says_is_what_is_read(pair: tuple[str, dict[str, object]]) -> None:
    text, said = pair
    instance = read(text)
    table = np.asarray(said["table"])
    assert (-instance.objective_vector == table[0]).all()
    assert (instance.constraint_matrix.toarray() == table[1:]).all()
    sides = zip(instance.constraint_lower_bound, instance.constraint_upper_bound, strict=True)
    assert list(sides) == said["sides"]
    assert instance.variable_lower_bound.tolist() == said["lower"]
    assert (instance.variable_upper_bound == 1e5).all()
    assert instance.integrality.tolist() == said["integers"]
