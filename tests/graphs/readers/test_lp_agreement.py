"""HiGHS as second reader: in a child within limits, and every difference is seen."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.errors import InstanceTooLarge, MalformedFile
from graphs.highs_lp import HighsReading, read_by_highs
from graphs.readers import ReadLimits, read_instance
from graphs.readers.lp_agreement import SecondReader, first_difference, require_agreement

ROOT = Path(__file__).resolve().parents[3]
TEXT = (
    b"max\n obj: x - 2 y + 3\nst\n c1: x + 4 y <= 5\n c2: - x + y >= -6\nbounds\n x <= 7\ngeneral\n y\nend\n"
)


@pytest.fixture
def reader() -> Iterator[SecondReader]:
    made = SecondReader()
    yield made
    made.close()


@pytest.fixture
def reading(tmp_path: Path) -> HighsReading:
    (tmp_path / "t.lp").write_bytes(TEXT)
    found = read_by_highs(str(tmp_path / "t.lp"))
    assert found is not None
    return found


def test_the_calling_process_never_loads_highs() -> None:
    code = f"""
import sys
from graphs.readers import read_instance
assert read_instance({TEXT!r}, name="t").rows == 2
sys.exit("highspy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_both_readings_are_the_same_model(reading: HighsReading) -> None:
    assert first_difference(read_instance(TEXT, name="t.lp"), reading) is None


def test_the_order_of_columns_does_not_matter(reading: HighsReading) -> None:
    turned = dataclasses.replace(
        reading,
        column_names=reading.column_names[::-1],
        costs=reading.costs[::-1],
        lower=reading.lower[::-1],
        upper=reading.upper[::-1],
        integrality=reading.integrality[::-1],
        starts=np.array([0, *np.cumsum(np.diff(reading.starts)[::-1])]),
        rows=np.concatenate([reading.rows[2:], reading.rows[:2]]),
        values=np.concatenate([reading.values[2:], reading.values[:2]]),
    )
    assert first_difference(read_instance(TEXT, name="t.lp"), turned) is None


def _changed(values: Any, change: float) -> Any:
    return np.concatenate([[values[0] + change], values[1:]])


CHANGES: dict[str, Callable[[HighsReading], dict[str, Any]]] = {
    "rows": lambda given: {"row_names": given.row_names[:1]},
    "variables": lambda given: {"column_names": ["x", "z"]},
    "sense": lambda given: {"maximize": False},
    "objective": lambda given: {"costs": _changed(given.costs, 1e-9)},
    "constant": lambda given: {"offset": 0.0},
    "lower": lambda given: {"lower": _changed(given.lower, -np.inf)},
    "upper": lambda given: {"upper": _changed(given.upper, 1e-9)},
    "integer": lambda given: {"integrality": ~given.integrality},
    "right-hand": lambda given: {"row_upper": _changed(given.row_upper, 1.0)},
    "linear": lambda given: {"is_plain": False},
    "matrix": lambda given: {"values": _changed(given.values, 1e-9)},
    "constraint": lambda given: {"rows": given.rows[::-1].copy()},
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_difference_is_named(what: str, reading: HighsReading) -> None:
    other = dataclasses.replace(reading, **CHANGES[what](reading))
    difference = first_difference(read_instance(TEXT, name="t.lp"), other)
    assert difference is not None
    assert what in difference


def test_an_instance_that_highs_reads_otherwise_is_refused() -> None:
    other = read_instance(TEXT.replace(b"4 y", b"9 y"), name="t.lp")
    with pytest.raises(MalformedFile, match="another constraint matrix") as caught:
        require_agreement(TEXT, other, file="t.lp", limits=ReadLimits())
    assert "MPS" in caught.value.hint


def test_a_text_that_highs_refuses_is_refused(reader: SecondReader) -> None:
    with pytest.raises(MalformedFile, match="refuses"):
        reader.read(b"min x\nst\n c: 1 <= x <= 2\nend", file="t.lp", limits=ReadLimits())


def test_a_limit_of_memory_ends_the_child_and_the_next_text_is_read(reader: SecondReader) -> None:
    enough = next(size for size in range(96, 1024, 32) if _is_enough(reader, size << 20)) << 20
    many = b"min x\nst\n" + b"x>=1\n" * 600_000 + b"end"
    with pytest.raises(InstanceTooLarge, match="bytes of memory"):
        reader.read(many, file="t.lp", limits=ReadLimits(lp_memory_bytes=enough))
    assert _is_enough(reader, enough)


def _is_enough(reader: SecondReader, memory: int) -> bool:
    try:
        return len(reader.read(TEXT, file="t.lp", limits=ReadLimits(lp_memory_bytes=memory)).row_names) == 2
    except (RuntimeError, MalformedFile, InstanceTooLarge):
        return False


def test_a_limit_of_time_ends_the_child_and_the_next_text_is_read(
    reader: SecondReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    many = b"min x\nst\n" + b"x>=1\n" * 300_000 + b"end"
    with pytest.raises(InstanceTooLarge, match="seconds"):
        reader.read(many, file="t.lp", limits=ReadLimits(lp_seconds=1e-3))
    assert len(reader.read(TEXT, file="t.lp", limits=ReadLimits()).row_names) == 2
    assert list(tmp_path.iterdir()) == []


def test_threads_take_turns(reader: SecondReader) -> None:
    texts = [b"min x\nst\n" + b"x>=1\n" * rows + b"end" for rows in range(1, 9)]
    with ThreadPoolExecutor(4) as threads:
        readings = list(threads.map(lambda text: reader.read(text, file="t", limits=ReadLimits()), texts))
    assert [len(reading.row_names) for reading in readings] == list(range(1, 9))
