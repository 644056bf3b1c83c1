"""The command line as a person or a script meets it."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from service.cli import app
from service.http.schemas import AnswerShape
from service.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def farkas(
    settings: Settings, fake: Any, make_checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs the command with the fake network behind the registry name `mine`."""
    make_checkpoint("mine", "1", settings.models / "mine" / "1")
    monkeypatch.setenv("FARKAS_MODELS", str(settings.models))
    monkeypatch.setenv("FARKAS_MODEL", "mine")
    monkeypatch.setattr("service.loading.load_predictor", lambda folder, settings: fake)
    runner = CliRunner()

    def run(*arguments: object, **extra: Any) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments], **extra)

    return run


@pytest.fixture
def files(tmp_path: Path, lp: bytes) -> list[Path]:
    """A good file, a malformed one, a missing one, a good one."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.mps").write_bytes(lp)
    (folder / "bad.mps").write_bytes(lp.replace(b"2.0", b"2,0"))
    (folder / "b.mps").write_bytes(lp.replace(b"TINY", b"OTHER"))
    return [folder / name for name in ("a.mps", "bad.mps", "none.mps", "b.mps")]


def test_help_and_version_load_nothing_heavy() -> None:
    for argument in ("--help", "--version"):
        code = f"""
import sys
sys.argv = ["farkas", "{argument}"]
from service.cli import app
try:
    app()
finally:
    heavy = {{"torch", "numpy", "pydantic", "fastapi", "highspy", "pyarrow"}} & set(sys.modules)
    sys.exit(" ".join(heavy) or 0)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        assert "farkas" in done.stdout or "Usage" in done.stdout


def test_json_lines_are_in_the_files_order(farkas: Callable[..., Result], files: list[Path]) -> None:
    result = farkas("predict", *files, "--json")
    assert result.exit_code == 2
    first, bad, missing, last = (json.loads(line) for line in result.stdout.splitlines())
    assert first["instance"].pop("file") == str(files[0])
    AnswerShape.model_validate(first)
    assert first["solution"] is None
    assert (first["instance"]["name"], last["instance"]["name"]) == ("TINY", "OTHER")
    assert bad["instance"] == {"name": str(files[1])}
    assert bad["error"]["type"] == "urn:farkas:problem:malformed-file"
    assert bad["error"]["line"] == 7
    assert set(bad["error"]) >= {"type", "title", "detail", "line"}
    assert missing["error"]["type"] == "urn:farkas:problem:unreadable-file"


def test_all_good_is_status_0(farkas: Callable[..., Result], files: list[Path]) -> None:
    result = farkas("predict", files[0], files[3])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[1:4] == ["optimal", "certified", "70.0%"]
    assert result.stderr == ""


def test_errors_are_explained_on_stderr(farkas: Callable[..., Result], files: list[Path]) -> None:
    result = farkas("predict", *files)
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 5
    assert f"{files[1]}:7:" in result.stderr
    assert "no such file" in result.stderr


def test_many_files_go_in_batches_and_stay_in_order(
    farkas: Callable[..., Result], files: list[Path], fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_BATCH_SIZE", "2")
    result = farkas("predict", "--json", *[files[index] for index in (0, 3, 1, 0, 0)])
    names = [json.loads(line)["instance"]["name"] for line in result.stdout.splitlines()]
    assert names == ["TINY", "OTHER", str(files[1]), "TINY", "TINY"]
    assert fake.batches == [2, 1, 1]


def test_standard_input(farkas: Callable[..., Result], lp: bytes) -> None:
    result = farkas("predict", "-", "--json", input=lp)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["instance"]["file"] == "stdin"


def test_the_whole_answer_is_written(
    farkas: Callable[..., Result], files: list[Path], tmp_path: Path
) -> None:
    one = tmp_path / "one.json"
    assert farkas("predict", files[0], "-o", one).exit_code == 0
    document = json.loads(one.read_text())
    assert document["certificate"]["point"] == [1.0, 1.0]
    assert document["solution"] == {"X": 1.0, "Y": 1.0}
    many = tmp_path / "many.json"
    assert farkas("predict", *files, "-o", many, "--json").exit_code == 2
    assert ["error" in item for item in json.loads(many.read_text())] == [False, True, True, False]


def test_a_solution_and_a_basis_are_written(
    farkas: Callable[..., Result], files: list[Path], fake: Any, tmp_path: Path
) -> None:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    assert farkas("predict", files[0], "-o", tmp_path / "one.sol").exit_code == 0
    assert (tmp_path / "one.sol").read_text().endswith("# Columns 2\nX 1.0\nY 0.0\n")
    assert farkas("predict", files[0], "-o", tmp_path / "one.bas").exit_code == 0
    assert (tmp_path / "one.bas").read_text().endswith("# Columns 2\nX 1\nY 0\n# Rows 1\nNEED 0\n")
    assert farkas("predict", files[1], "-o", tmp_path / "bad.sol").exit_code == 2
    assert not (tmp_path / "bad.sol").exists()


def test_the_solution_is_shown_on_request(
    farkas: Callable[..., Result], files: list[Path], fake: Any
) -> None:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    assert json.loads(farkas("predict", files[0], "--json", "--solution").stdout)["solution"] == {"X": 1.0}
    assert farkas("predict", files[0], "--solution").stdout.splitlines()[-1].split() == ["X", "1"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict"],
        ["predict", "a.mps", "--policy", "guess"],
        ["predict", "a.mps", "--device", "tpu"],
        ["predict", "a.mps", "--no-such-option"],
        ["predict", "a.mps", "-o", "out.txt"],
        ["predict", "a.mps", "b.mps", "-o", "out.sol"],
        ["convert", "a.mps"],
        ["convert", "a.mps", "out.lp"],
        ["score", "."],
        ["score", ".", "-o", "out.xlsx"],
        ["nothing"],
        ["serve", "--port", "abc"],
        ["serve", "--port", "70000"],
        ["models", "show"],
    ],
)
def test_wrong_usage_is_fatal(farkas: Callable[..., Result], arguments: list[str]) -> None:
    result = farkas(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr


@pytest.mark.parametrize(
    ("policy", "provenance", "lane"),
    [("certify", "certified", "predict"), ("solve", "solved", "solve"), ("auto", "solved", "solve")],
)
def test_every_policy_answers(
    farkas: Callable[..., Result], files: list[Path], policy: str, provenance: str, lane: str
) -> None:
    result = farkas("predict", files[0], "--policy", policy, "--json")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert (answer["verdict"], answer["provenance"], answer["lane"]) == ("optimal", provenance, lane)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--deadline", "1"], "deadline"),
        (["--policy", "solve", "--time-limit", "0"], "time limit"),
        (["--policy", "solve", "--gap", "1"], "gap"),
        (["--explain"], "explain"),
        (["--start", "nowhere.sol"], "--start"),
        (["--policy", "solve", "--start", "nowhere.sol"], "nowhere.sol"),
    ],
)
def test_efforts_that_make_no_sense_are_said(
    farkas: Callable[..., Result], files: list[Path], options: list[str], says: str
) -> None:
    result = farkas("predict", files[0], *options)
    assert result.exit_code in (1, 2)
    assert says in result.stderr


def test_a_model_that_is_not_there_is_fatal(farkas: Callable[..., Result], files: list[Path]) -> None:
    result = farkas("predict", files[0], "--model", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert "mine" in result.stderr


def test_a_setting_that_is_not_possible_is_fatal(
    farkas: Callable[..., Result], files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_BATCH_SIZE", "many")
    result = farkas("predict", files[0])
    assert result.exit_code == 1
    assert "FARKAS_BATCH_SIZE" in result.stderr


def test_an_output_that_cannot_be_written_is_fatal(farkas: Callable[..., Result], files: list[Path]) -> None:
    assert farkas("predict", files[0], "-o", files[0].parent / "no" / "out.json").exit_code == 1
    result = farkas("score", files[0], "-o", files[0].parent / "no" / "out.csv")
    assert result.exit_code == 1
    assert "no folder" in result.stderr


def test_score_and_its_status(farkas: Callable[..., Result], files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    result = farkas("score", files[0].parent, "-o", out)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "3 files" in result.stderr
    assert "1 could not be answered" in result.stderr
    table = parquet.read_table(out)
    assert [Path(str(name)).name for name in table["file"].to_pylist()] == ["a.mps", "b.mps", "bad.mps"]
    assert farkas("score", files[0], files[3], "-o", tmp_path / "good.csv").exit_code == 0


def test_score_resumes_unless_it_shall_start_afresh(
    farkas: Callable[..., Result], files: list[Path], tmp_path: Path, fake: Any
) -> None:
    out = tmp_path / "out.jsonl"
    farkas("score", files[0].parent, "-o", out)
    assert "3 of them from an earlier run" in farkas("score", files[0].parent, "-o", out).stderr
    assert len(fake.batches) == 1
    assert "earlier" not in farkas("score", files[0].parent, "-o", out, "--fresh").stderr
    assert len(fake.batches) == 2


def test_score_of_nothing_is_fatal(farkas: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in ("empty", "missing"):
        result = farkas("score", tmp_path / path, "-o", tmp_path / "out.csv")
        assert result.exit_code == 1
        assert result.stderr.startswith("farkas: there is no")


def test_serve_hands_its_settings_to_the_server(
    farkas: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr("service.http.server.serve", lambda settings: seen.update(settings.model_dump()))
    monkeypatch.setenv("FARKAS_CONNECTIONS", "77")
    result = farkas("serve", "--host", "::1", "--port", "8123")
    assert result.exit_code == 0, result.stderr
    assert (seen["host"], seen["port"], seen["connections"]) == ("::1", 8123, 77)


def test_models_from_training_to_rollback(
    farkas: Callable[..., Result], make_checkpoint: Callable[..., Path], settings: Settings
) -> None:
    trained = make_checkpoint("mine", "2")
    assert "mine is now version 2 (before: 1)" not in farkas("models", "promote", "mine@1").stdout
    assert farkas("models", "promote", trained).exit_code == 0
    listed = [json.loads(line) for line in farkas("models", "list", "--json").stdout.splitlines()]
    mine = {entry["version"]: entry["current"] for entry in listed if entry["name"] == "mine"}
    assert mine == {"1": False, "2": True}
    assert json.loads(farkas("models", "show", "mine").stdout)["card"]["version"] == "2"
    result = farkas("models", "rollback", "mine")
    assert (result.exit_code, result.stdout) == (0, "mine is now version 1 (before: 2)\n")
    result = farkas("models", "rollback", "mine")
    assert result.exit_code == 1
    assert "no earlier version" in result.stderr


def test_models_list_for_people(farkas: Callable[..., Result]) -> None:
    lines = farkas("models", "list").stdout.splitlines()
    headings = ["name", "version", "kind", "variant", "shape", "for", "weights", "where"]
    assert lines[0].split() == headings
    assert any(line.split()[:4] == ["mine", "1", "predictor", "current"] for line in lines)


def test_models_takes_no_harmful_names(farkas: Callable[..., Result]) -> None:
    for command in ("show", "promote", "rollback"):
        result = farkas("models", command, "../../etc")
        assert result.exit_code == 1
        assert result.stderr.startswith("farkas: ")


def test_a_closed_pipe_is_no_traceback(tmp_path: Path, lp: bytes) -> None:
    code = "import sys; from service.cli import app; app(['models', 'list'])"
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=reader.stdin, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert "Traceback" not in done.stderr
    assert isinstance(reader.stdin, io.IOBase)
    reader.stdin.close()


def test_a_taken_port_is_said_at_once() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert result.exit_code == 1
    assert f"port {port}" in result.output
    assert "Traceback" not in result.output
