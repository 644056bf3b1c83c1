"""The bundled model through the command and the server; skipped where no model is bundled."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyarrow import parquet

from service.client import Client
from service.http.schemas import AnswerShape
from service.http.site import EXAMPLES
from service.loading import load_predictor
from service.settings import Settings, registry_of

ROOT = Path(__file__).parents[2]
COMMAND = "from service.cli import app; app(prog_name='farkas')"


def farkas(*arguments: object, models: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FARKAS_")}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment | {"FARKAS_MODELS": str(models)},
    )


@pytest.fixture
def real_api(make_api: Callable[..., Any], settings: Settings, bundled_model: Path) -> Any:
    return make_api(settings, load_predictor(registry_of(settings).resolve("bundled"), settings))


def test_the_command_answers_the_examples(bundled_model: Path, tmp_path: Path) -> None:
    files = sorted(EXAMPLES.iterdir())
    done = farkas("predict", *files, "--json", models=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["instance"].pop("file") for answer in answers] == [str(file) for file in files]
    for answer in answers:
        AnswerShape.model_validate(answer)
        assert answer["model"]["name"] == "bundled"
    verdicts = {file.name: answer for file, answer in zip(files, answers, strict=True)}
    assert (verdicts["infeasible.mps"]["verdict"], verdicts["infeasible.mps"]["provenance"]) == (
        "infeasible",
        "certified",
    )
    assert verdicts["optimal.mps"]["verdict"] == "optimal"
    assert verdicts["optimal.mps"]["provenance"] == "certified"


def test_the_server_agrees_with_the_command(real_api: Any) -> None:
    for file in sorted(EXAMPLES.iterdir()):
        reply = real_api.post("/v1/predict?solution=true&vectors=true", file.read_bytes(), None)
        assert reply.status_code == 200
        AnswerShape.model_validate(reply.json())
    card = real_api.get("/v1/models/bundled").json()
    assert card["default"]
    assert card["card"]["weights_sha256"] == card["sha256"]


def test_the_server_as_people_start_it(bundled_model: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FARKAS_")}
    settings = {"FARKAS_MODELS": str(tmp_path), "FARKAS_WORKERS": "1", "FARKAS_PORT": "0"}
    running = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "serve"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment | settings,
    )
    try:
        assert running.stderr is not None
        said = running.stderr.readline()
        address = re.search(r"bundled@2 on (http://127\.0\.0\.1:\d+),", said)
        assert address, said
        with Client(address[1]) as client:
            while not client.ready():
                assert running.poll() is None
            files = sorted(EXAMPLES.iterdir())
            answers = [client.predict(file) for file in files]
            together = client.predict_many(files)
        for answer, same in zip(answers, together, strict=True):
            AnswerShape.model_validate(answer)
            assert answer["model"]["name"] == "bundled"
            assert (answer["verdict"], answer["instance"]) == (same["verdict"], same["instance"])
        loaded = {Path(part.path).name for part in psutil.Process(running.pid).memory_maps()}
        heavy = ("libtorch", "_highs", "libscip-", "libscip.")
        assert not [name for name in loaded if name.startswith(heavy)]
        running.terminate()
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.wait()
        if running.stderr is not None:
            running.stderr.close()


def test_the_shared_folder_gives_sane_rows(
    bundled_model: Path, shared_instances: Path, tmp_path: Path
) -> None:
    done = farkas("score", shared_instances, "-o", tmp_path / "out.parquet", models=tmp_path)
    assert done.returncode == 2, done.stderr
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(rows) > 50
    assert not {row["error_type"] for row in rows} & {"internal-error", "out-of-memory"}
    for row in rows:
        assert (row["verdict"] is None) == (row["error_type"] is not None)
        name = str(row["file"])
        if "/infeasible/" in name:
            assert (row["verdict"], row["provenance"]) != ("optimal", "certified")
        if "/netlib/" in name and row["provenance"] == "certified":
            assert row["verdict"] == "optimal"
