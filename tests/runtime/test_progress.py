"""Progress is for those who watch."""

from __future__ import annotations

import pytest
from rich.progress import Task

from runtime.progress import RateColumn, progress_bar


def test_nothing_is_written_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("scoring", 10, unit="files") as bar:
        bar.advance(4)
        bar.show(6, 10, "still scoring")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_the_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("scoring", 10) as bar:
        bar.advance(9)
        bar.advance()
    out, err = capsys.readouterr()
    assert out == ""
    assert "scoring" in err
    assert "10/10" in err


def test_a_total_may_become_known_later(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("read data", None) as bar:
        bar.show(3, 7, "loss 0.5")
    err = capsys.readouterr().err
    assert "loss 0.5" in err
    assert "3/7" in err


def test_a_bar_can_be_hidden_from_a_terminal_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("labelling", 10, shown=False) as bar:
        bar.advance(10)
    assert capsys.readouterr().err == ""


def test_steps_that_are_not_alike_have_no_rate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("training", 10, unit="steps", alike=False) as bar:
        assert bar.watched
        bar.advance(10)
    err = capsys.readouterr().err
    assert "0:00:00" in err
    assert "steps/s" not in err


def test_whether_anybody_watches_can_be_asked() -> None:
    with progress_bar("scoring", 10) as bar:
        assert not bar.watched


@pytest.mark.parametrize(("unit", "text"), [("files", "12.3 files/s"), ("", "12.3/s")])
def test_the_rate_is_blank_until_it_is_known(unit: str, text: str) -> None:
    clock = iter(range(100))
    task = Task(id=1, description="", total=10, completed=0, _get_time=lambda: float(next(clock)))  # type: ignore[arg-type]
    assert RateColumn(unit).render(task).plain == ""
    task.finished_speed = 12.34
    assert RateColumn(unit).render(task).plain == text
