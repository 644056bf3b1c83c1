"""Progress lines: written by one process, read by another, whole lines only."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from solvers.linear.lane.incumbents import IncumbentLog, IncumbentReader, follow


def test_values_are_ours_and_an_offset_hides_no_gap(tmp_path: Path) -> None:
    """The solver minimises 8 c·x."""
    log = IncumbentLog(tmp_path / "log", "HiGHS", costs=8.0, offset=1e6, unit=0.25)
    log.note(16.0, 8.0, 1)
    log.note(0.5, 0.25, 2)
    first, second = IncumbentReader(tmp_path / "log").poll()
    assert (first.objective, first.bound, first.gap) == (1e6 + 2.0, 1e6 + 1.0, 0.5)
    assert second.gap == 0.125  # 1/32 over 1/4
    assert log.first_objective == 1e6 + 2.0


def test_better_points_are_written_and_worse_ones_are_not(tmp_path: Path) -> None:
    log = IncumbentLog(tmp_path / "log", "HiGHS")
    for objective, bound, nodes in ((np.inf, -np.inf, 0), (10.0, 4.0, 1), (12.0, 5.0, 2), (8.0, 6.0, 3)):
        log.note(objective, bound, nodes)
    lines = IncumbentReader(tmp_path / "log").poll()
    assert [line.objective for line in lines] == [None, 10.0, 8.0]
    assert [line.bound for line in lines] == [None, 4.0, 6.0]
    assert [line.gap for line in lines] == [None, pytest.approx(0.6), pytest.approx(0.25)]
    assert [line.improved for line in lines] == [False, True, True]
    assert [line.nodes for line in lines] == [0, 1, 3]
    assert log.first_objective == 10.0


def test_nothing_is_written_without_a_path_or_into_nowhere(tmp_path: Path) -> None:
    for path in (None, tmp_path / "missing" / "log"):
        log = IncumbentLog(path, "SCIP")
        log.note(3.0, 1.0, 0)
        assert log.first_objective == 3.0
    assert not list(tmp_path.iterdir())


def test_a_reader_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    reader = IncumbentReader(path)
    assert reader.poll() == []
    IncumbentLog(path, "SCIP").note(3.0, 1.0, 7)
    text = path.read_text()
    path.write_text(text[:20])
    assert reader.poll() == []
    path.write_text(text + "{broken\n[1]\n")
    assert [line.nodes for line in reader.poll()] == [7]
    assert reader.poll() == []


def test_following_ends_with_the_solve_and_loses_nothing(tmp_path: Path) -> None:
    path, over = tmp_path / "log", threading.Event()

    def write() -> None:
        log = IncumbentLog(path, "HiGHS")
        for objective in (3.0, 2.0, 1.0):
            log.note(objective, 0.0, 0)
            time.sleep(0.02)
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    found = [line.objective for line in follow(path, over.is_set, period=0.01)]
    thread.join()
    assert found == [3.0, 2.0, 1.0]
