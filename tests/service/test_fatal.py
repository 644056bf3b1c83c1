"""What is fatal is one line and status 1."""

from __future__ import annotations

import pytest
import typer

from runtime.names import ModelNotFound
from service.choices import FATAL
from service.errors import UnreadableFile
from service.fatal import command_settings, fatal_in_one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UnreadableFile("no such file", hint="look elsewhere"), "farkas: no such file (look elsewhere)\n"),
        (ModelNotFound("no such model"), "farkas: no such model\n"),
        (
            OSError(28, "No space left on device", "out"),
            "farkas: [Errno 28] No space left on device: 'out'\n",
        ),
    ],
)
def test_errors_a_person_can_act_on(error: Exception, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, fatal_in_one_line():
        raise error
    assert caught.value.exit_code == FATAL
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt(), ZeroDivisionError()])
def test_other_errors_pass(error: BaseException) -> None:
    with pytest.raises(type(error)), fatal_in_one_line():
        raise error


def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_THREADS", "-3")
    with pytest.raises(typer.Exit) as caught:
        command_settings(port=99999)
    assert caught.value.exit_code == FATAL
    err = capsys.readouterr().err
    assert "FARKAS_THREADS" in err
    assert "FARKAS_PORT (or its flag)" in err
    assert len(err.splitlines()) == 1
