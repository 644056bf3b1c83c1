"""Progress is for those who watch."""

from __future__ import annotations

import pytest
from rich.progress import Task

from service.progress import RateColumn, progress_bar


def test_nothing_is_written_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(10) as advance:
        advance(4)
        advance(6)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_the_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar(10) as advance:
        advance(10)
    out, err = capsys.readouterr()
    assert out == ""
    assert "10/10" in err


def test_the_rate_is_blank_until_it_is_known() -> None:
    clock = iter(range(100))
    task = Task(id=1, description="", total=10, completed=0, _get_time=lambda: float(next(clock)))  # type: ignore[arg-type]
    assert RateColumn().render(task).plain == ""
    task.finished_speed = 12.34
    assert RateColumn().render(task).plain == "12.3 files/s"
