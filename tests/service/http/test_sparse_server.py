"""Calculations from a real server with a real worker: what takes too long is killed, and nobody else; torch
and pictures are the worker's business."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from service.client import ApiError, Client
from service.picture_files import write_png

ROOT = Path(__file__).parents[3]
COMMAND = "from service.cli import app; app(prog_name='farkas')"
PATIENCE = 60.0
LIMITS = {"FARKAS_WORKERS": "1", "FARKAS_PORT": "0", "FARKAS_ANSWER_SECONDS": "3"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Process id and address of a server with one worker."""
    folder = tmp_path_factory.mktemp("server")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FARKAS_")}
    log = folder / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve"],
            stdout=subprocess.DEVNULL,
            stderr=output,
            cwd=ROOT,
            env=environment | LIMITS | {"FARKAS_MODELS": str(folder / "models")},
        )
    deadline = time.monotonic() + PATIENCE
    while (found := re.search(r"on (http://\S+),[\s\S]*startup complete", log.read_text())) is None:
        assert running.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield running.pid, found[1]
    running.terminate()
    assert running.wait(PATIENCE) == 0


def too_much() -> bytes:
    """Measurements within every limit but that of time."""
    file = io.BytesIO()
    np.save(file, np.random.default_rng(0).integers(-9, 9, (100_000, 64), dtype=np.int8))
    return file.getvalue()


def test_what_takes_too_long_is_killed_and_nobody_else(server: tuple[int, str]) -> None:
    pid, address = server
    refused: list[ApiError] = []

    def ask_too_much() -> None:
        with Client(address) as client:
            try:
                client.sparse_recovery("dct-64x144", too_much(), layers=200, variant="hyperlista-full")
            except ApiError as error:
                refused.append(error)

    with Client(address) as client:
        patch = np.cos(np.arange(64.0))
        before = client.sparse_recovery("dct-64x144", patch)
        (worker,) = psutil.Process(pid).children(recursive=True)
        asking = threading.Thread(target=ask_too_much)
        asking.start()
        time.sleep(0.2)
        waited = client.sparse_recovery("dct-64x144", patch)
        asking.join(PATIENCE)
        assert (refused[0].status, refused[0].type) == (422, "urn:farkas:problem:answer-too-slow")
        assert waited["x"] == before["x"]
        assert not worker.is_running()
        assert client.sparse_recovery("dct-64x144", patch)["x"] == before["x"]


def test_the_servers_own_process_loads_no_torch(server: tuple[int, str]) -> None:
    """The worker maps torch's library, the server does not."""
    pid, address = server
    with Client(address) as client:
        client.sparse_recovery([[1.0, 0.5]], [1.0])
    process = psutil.Process(pid)
    (worker,) = process.children(recursive=True)

    def maps_torch(of: int) -> bool:
        return "libtorch" in Path(f"/proc/{of}/maps").read_text()

    if not Path(f"/proc/{pid}/maps").exists():
        pytest.skip("no /proc here")
    assert maps_torch(worker.pid)
    assert not maps_torch(pid)


def test_pictures_are_decoded_in_the_worker(server: tuple[int, str]) -> None:
    """The worker maps the library that decodes them, the server does not."""
    pid, address = server
    picture = write_png(np.full((24, 24), 0.5))
    with Client(address) as client:
        answer = client.reconstruct(picture, "blur", degrade=True, methods=["zero-filled"])
        assert answer["image_shape"] == [24, 24]
        with pytest.raises(ApiError) as refused:
            client.reconstruct(picture[:50], "blur", degrade=True)
        assert (refused.value.status, refused.value.type) == (400, "urn:farkas:problem:malformed-file")
    (worker,) = psutil.Process(pid).children(recursive=True)
    if not Path(f"/proc/{pid}/maps").exists():
        pytest.skip("no /proc here")
    assert "/PIL/" in Path(f"/proc/{worker.pid}/maps").read_text()
    assert "/PIL/" not in Path(f"/proc/{pid}/maps").read_text()
