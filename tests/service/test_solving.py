"""`farkas solve`: a log while it runs, the rechecked result, a solution file."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app

KNAPSACK = """NAME SACK
OBJSENSE
 MAX
ROWS
 N WORTH
 L ROOM
COLUMNS
 M1 'MARKER' 'INTORG'
 A WORTH 10 ROOM 6
 B WORTH 7 ROOM 5
 C WORTH 7 ROOM 5
 M2 'MARKER' 'INTEND'
RHS
 RHS ROOM 10
BOUNDS
 UP B A 1
 UP B B 1
 UP B C 1
ENDATA
"""
"""maximise 10 A + 7 B + 7 C within 10 of room: B and C, worth 14; the relaxation's bound is 15.6."""


@pytest.fixture
def sack(tmp_path: Path) -> Path:
    path = tmp_path / "sack.mps"
    path.write_text(KNAPSACK)
    return path


def test_a_maximisation_is_solved_and_told_in_its_own_sense(sack: Path, tmp_path: Path) -> None:
    target = tmp_path / "sack.sol"
    result = CliRunner().invoke(app, ["solve", str(sack), "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert "SACK: maximise, MILP with 3 integer columns" in result.stderr
    assert "network: " in result.stderr
    assert "incumbent" in result.stderr
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["verdict"] == "optimal (solved)"
    assert lines["objective"].startswith("14 (solved)")
    assert lines["solver"].startswith(("HiGHS", "SCIP"))
    text = target.read_text()
    assert text.startswith("solution status: optimal\nobjective value: 14.0\n")
    assert {"A 0.0", "B 1.0", "C 1.0"} <= set(text.splitlines())


def test_its_solution_is_a_start_for_the_next_time(sack: Path, tmp_path: Path) -> None:
    target = tmp_path / "sack.sol"
    runner = CliRunner()
    assert runner.invoke(app, ["solve", str(sack), "-o", str(target)]).exit_code == 0
    again = runner.invoke(app, ["solve", str(sack), "--start", str(target), "--solver", "highs"])
    assert again.exit_code == 0, again.output
    assert "start " in again.stdout


def test_what_cannot_be_read_is_fatal_and_says_where(sack: Path) -> None:
    sack.write_text(KNAPSACK.replace("ROOM 6", "ROOM 6,5"))
    result = CliRunner().invoke(app, ["solve", str(sack)])
    assert result.exit_code == 1
    assert "sack.mps:9" in result.stderr
    assert result.stdout == ""


def test_a_start_of_another_instance_is_refused(sack: Path, tmp_path: Path) -> None:
    (tmp_path / "other.sol").write_text("W 1\n")
    result = CliRunner().invoke(app, ["solve", str(sack), "--start", str(tmp_path / "other.sol")])
    assert result.exit_code == 1
    assert "'W'" in result.stderr


def test_an_infeasible_instance_is_explained(sack: Path) -> None:
    sack.write_text(KNAPSACK.replace(" L ROOM", " G ROOM").replace("RHS ROOM 10", "RHS ROOM 100"))
    result = CliRunner().invoke(app, ["solve", str(sack), "--explain"])
    assert result.exit_code == 0, result.output
    assert "infeasible (solved)" in result.stdout
    assert "ROOM (≥ 100)" in result.stdout


def test_the_target_is_looked_at_before_anything_is_solved(sack: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["solve", str(sack), "-o", str(tmp_path / "no" / "x.sol")])
    assert result.exit_code == 1
    assert "network" not in result.stderr
    result = CliRunner().invoke(app, ["solve", str(sack), "-o", str(tmp_path / "x.txt")])
    assert result.exit_code == 1
