"""Every example of docs/imaging.md and docs/games.md runs as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import torch
import uvicorn
from typer.testing import CliRunner

import service.client
from service.cli import app
from service.http.app import create_app
from service.picture_files import write_png
from service.settings import BUNDLED_MODELS, Settings
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.implicit.imaging.stored import save_reconstruction_network

DOCUMENTS = ("imaging.md", "games.md")
SIDE = 64
GAME = "rock-paper-scissors"


@pytest.fixture
def prepared(
    settings: Settings, tmp_path: Path, repository_root: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the files that the examples name; training is left out, its networks are there."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("FARKAS_MODELS", str(settings.models))
    truth = np.full((SIDE, SIDE), 51 / 255)
    truth[16:40, 10:50] = 204 / 255
    image = torch.from_numpy(truth.copy())[None, None]
    (work / "photo.png").write_bytes(write_png(truth))
    blurred = make_operator({"kind": "blur", "size": 9, "sigma": 2.0}, (SIDE, SIDE)).apply(image)
    np.save(work / "y.npy", blurred.numpy()[0])
    scan = np.fft.fft2(truth, norm="ortho")
    np.savez(work / "scan.npz", measurement=scan, operator="masked-fourier:acceleration=4")
    [own] = [block for block in blocks(repository_root, "imaging.md", "python") if "np.savez(" in block]
    exec(compile(own, "imaging.md", "exec"), {})
    np.save(work / "contexts.npy", np.random.default_rng(0).random((3, 5)))
    torch.manual_seed(0)
    shape = NetworkShape(mode="unrolled", depth=2, residual=ResidualShape(channels=4, dilations=(1, 1)))
    scanner = make_operator({"kind": "masked-fourier", "acceleration": 8}, (SIDE, SIDE)).description()
    card = {"name": "my-network", "version": "1", "operator": scanner}
    save_reconstruction_network(work / "my-network", ReconstructionNetwork(shape), card)
    game = SkewNetwork(MatrixGame.draw_game(3, 5, seed=1), hidden=4)
    save_equilibrium_network(work / "my-game", game, {"name": "my-game", "version": "1"})
    if not (BUNDLED_MODELS / GAME).is_dir():
        save_equilibrium_network(settings.models / GAME / "1", game, {"name": GAME, "version": "1"})
    return work


def blocks(root: Path, document: str, language: str) -> Iterator[str]:
    text = (root / "docs" / document).read_text()
    yield from re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(root: Path, document: str) -> list[list[str]]:
    """The shell's commands as words, names of files expanded."""
    lines = [
        line
        for block in blocks(root, document, "sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    ]
    return [
        [
            name
            for word in shlex.split(line, comments=True)
            for name in (sorted(map(str, Path().glob(word))) or [word])
        ]
        for line in lines
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_run(prepared: Path, repository_root: Path, document: str) -> None:
    ran = 0
    for name, *arguments in commands(repository_root, document):
        if name != "farkas" or arguments[0] == "train":
            continue
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (arguments, result.output)
        if "-o" in arguments:
            assert (prepared / arguments[arguments.index("-o") + 1]).exists()
        ran += 1
    assert ran >= 4


@pytest.mark.parametrize("document", [*DOCUMENTS, "api.md"])
def test_requests_are_answered(prepared: Path, repository_root: Path, api: Any, document: str) -> None:
    sent = 0
    for name, *arguments in commands(repository_root, document):
        if name != "curl" or not re.search(r"/v1/(reconstruct|equilibrium)", arguments[-1]):
            continue
        address = urlsplit(arguments[-1])
        options = dict(pair for pair in pairwise(arguments) if pair[0].startswith("-"))
        headers = dict(word.split(": ") for at, word in enumerate(arguments) if arguments[at - 1] == "-H")
        said = options.get("-d") or options["--data-binary"]
        body = Path(said[1:]).read_bytes() if said.startswith("@") else said.encode()
        path = address.path + (f"?{address.query}" if address.query else "")
        reply = api.post(path, body, headers.pop("Content-Type"), headers=headers)
        assert reply.status_code == 200, (arguments, reply.text)
        wanted = headers.get("Accept", "application/json")
        assert reply.headers["content-type"] == wanted
        sent += 1
    assert sent >= 1


@pytest.fixture
def server(settings: Settings, fake: Any, make_engine: Callable[..., Any]) -> Iterator[str]:
    """The address of a running server."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = create_app(settings, make_engine(settings, fake))
    running = uvicorn.Server(uvicorn.Config(made, log_level="warning", http="h11", lifespan="on"))
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()
    listener.close()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_runs(
    prepared: Path,
    repository_root: Path,
    document: str,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = service.client.Client
    monkeypatch.setattr(
        service.client, "Client", lambda address: client(address, http=httpx.Client(trust_env=False))
    )
    found = list(blocks(repository_root, document, "python"))
    assert found
    for block in found:
        exec(compile(block.replace("http://127.0.0.1:8000", server), document, "exec"), {})
    assert capsys.readouterr().out


def test_documents_name_no_operator_or_method_that_is_not_there(repository_root: Path, api: Any) -> None:
    known = api.get("/v1/operators").json()
    text = (repository_root / "docs" / "imaging.md").read_text()
    for kind in known["operators"]:
        assert f"| `{kind['kind']}` |" in text
    for method in known["methods"]:
        assert f"| `{method['method']}` |" in text
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    names = {kind["kind"] for kind in known["operators"]} | {one["method"] for one in known["methods"]}
    assert rows == names, json.dumps(sorted(rows ^ names))
