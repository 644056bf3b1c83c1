"""HiGHS's reading as plain arrays."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from graphs.highs_lp import read_by_highs

TEXT = """max
 obj: x - 2 y + 3
st
 c1: x + 4 y <= 5
 c2: - x + 1e-11 y >= -6
bounds
 x <= 7
general
 y
end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "t.lp").write_text(TEXT)
    return tmp_path / "t.lp"


def test_everything_of_a_model_is_told(path: Path) -> None:
    reading = read_by_highs(str(path))
    assert reading is not None
    assert (reading.maximize, reading.is_plain, reading.offset) == (True, True, 3.0)
    assert (reading.column_names, reading.row_names) == (["x", "y"], ["c1", "c2"])
    assert (reading.costs.tolist(), reading.integrality.tolist()) == ([1, -2], [False, True])
    assert (reading.lower.tolist(), reading.upper.tolist()) == ([0, 0], [7, float("inf")])
    assert reading.row_lower.tolist() == [-float("inf"), -6]
    assert reading.row_upper.tolist() == [5, float("inf")]
    assert reading.starts.tolist() == [0, 2, 4]
    assert (reading.rows.tolist(), reading.values.tolist()) == ([0, 1, 0, 1], [1, -1, 4, 1e-11])
    assert pickle.loads(pickle.dumps(reading)).column_names == ["x", "y"]


@pytest.mark.parametrize(
    ("old", "new"), [("3\n", "3 + [ x^2 ] / 2\n"), ("general\n y", "semi-continuous\n x")]
)
def test_what_is_more_than_linear_is_marked(old: str, new: str, path: Path) -> None:
    path.write_text(TEXT.replace(old, new, 1))
    reading = read_by_highs(str(path))
    assert reading is not None
    assert not reading.is_plain


def test_a_file_that_highs_refuses(path: Path) -> None:
    path.write_text(TEXT.replace("end", ""))
    assert read_by_highs(str(path)) is None
