"""The server as a process with real workers: batches, poison, slow clients, crowds, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("light_server.py")
PATIENCE = 30.0
GENTLE = {"workers": 2, "answer_seconds": 20, "grace_seconds": 10}


class Process:
    """A running server."""

    def __init__(self, log: Path, **settings: object) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FARKAS_")}
        environment |= {f"FARKAS_{name.upper()}": str(value) for name, value in settings.items()}
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT)],
                cwd=ROOT,
                env=environment | {"FARKAS_PORT": "0", "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
        self.port = int(wait_for(self._port))

    def _port(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        text = self.log.read_text()
        found = re.search(r"on http://127\.0\.0\.1:(\d+)", text)
        return found[1] if found and "startup complete" in text else None

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def ask(self, body: str, method: str = "POST", path: str = "/v1/predict") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "text/plain"})
            reply = connection.getresponse()
            text = reply.read()
        is_json = "json" in (reply.headers["Content-Type"] or "")
        return reply.status, json.loads(text) if is_json else text.decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


def wait_for(found: Callable[[], Any]) -> Any:
    """What `found` returns once it is something."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


def peers(server: Process) -> set[int]:
    """The ports of those who are connected with the server."""
    found = psutil.Process(server.process.pid).net_connections("tcp")
    return {each.raddr.port for each in found if each.status == psutil.CONN_ESTABLISHED}


def is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def make(**settings: object) -> Process:
        made.append(Process(tmp_path / f"server-{len(made)}.log", **{**GENTLE, **settings}))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    limits = {"answer_seconds": 0.5, "head_seconds": 1.0, "body_seconds": 1.0, "idle_seconds": 1.0}
    made = Process(tmp_path_factory.mktemp("server") / "log", **{**GENTLE, **limits}, concurrency=300)
    yield made
    made.close()


def test_every_request_gets_its_own_answer_whatever_the_others_do(server: Process) -> None:
    words = ["crash"] * 2 + ["hang", "memory", "memory", "raise"]
    bodies = [f"{word} {number}" for number, word in enumerate(words)]
    bodies += [f"{'bad' if number % 3 else 'good'} {number}" for number in range(200 - len(bodies))]
    random.Random(3).shuffle(bodies)
    expected = {"crash": 500, "hang": 422, "memory": 503, "raise": 500, "bad": 400, "good": 200}

    async def everybody() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        address = f"http://127.0.0.1:{server.port}/v1/predict"
        async with httpx.AsyncClient(timeout=PATIENCE, limits=limits, trust_env=False) as client:
            return await asyncio.gather(*(client.post(address, content=body) for body in bodies))

    for body, reply in zip(bodies, asyncio.run(everybody()), strict=True):
        word, _, number = body.partition(" ")
        assert reply.status_code == expected[word], (body, reply.text)
        if word == "good":
            assert reply.json()["said"] == body
        else:
            assert reply.headers["content-type"] == "application/problem+json"
            assert "secret" not in reply.text
        if word == "bad":
            assert reply.json()["detail"] == number
    assert server.ask("good again")[0] == 200
    assert "secret of the inside" in server.log.read_text()


def test_both_workers_work(server: Process) -> None:
    def ready() -> bool:
        return server.ask("", "GET", "/metrics")[1].count("farkas_workers_ready 2.0") == 1

    wait_for(ready)
    items = [{"text": f"nap 0.05 {number}"} for number in range(8)]
    workers: set[int] = set()

    def both_have_answered() -> bool:
        """On a busy machine one may have taken all before the other wakes up."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/predict", json.dumps(items), {"Content-Type": "application/json"})
            answers = json.loads(connection.getresponse().read())
        assert [answer["said"] for answer in answers] == [item["text"] for item in items]
        workers.update(answer["worker"] for answer in answers)
        return len(workers) == 2

    wait_for(both_have_answered)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),
        (b"GET /health/live HT", b"408"),
        (b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", b"408"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"400"),
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /hea", b"200"),
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", b"200"),
    ],
)
def test_a_client_that_stops_half_way_is_cut(server: Process, sent: bytes, status: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(sent)
        said = read_all(connection)
    assert said[9:12] == status
    if status.startswith(b"4"):
        head, _, body = said.partition(b"\r\n\r\n")
        assert b"application/problem+json" in head
        assert json.loads(body)["status"] == int(status)


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /health/live HTTP/1.1\r\nX: ",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n",
    ],
)
def test_a_client_that_drips_is_cut(server: Process, begin: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    with server.connect() as connection:
        connection.sendall(begin)
        connection.settimeout(0.05)
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"a")
                if not connection.recv(1 << 16):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    pytest.fail("the connection was kept")


def test_a_client_that_does_not_take_its_answer_is_cut(server: Process) -> None:
    with server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nlarge")
        port = connection.getsockname()[1]
        wait_for(lambda: port in peers(server))
        wait_for(lambda: port not in peers(server))


def test_a_crowd_leaves_health_and_metrics(make_server: Callable[..., Process]) -> None:
    server = make_server(connections=3, workers=1)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(server.connect())
        status, problem = server.ask("good")
        assert (status, problem["type"]) == (503, "urn:farkas:problem:busy")
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert server.ask("", "GET", path)[0] == 200
        for _ in range(3):
            stack.enter_context(server.connect())
        assert read_all(stack.enter_context(server.connect())) == b""
    wait_for(lambda: server.ask("good")[0] == 200)


def test_a_clean_end(make_server: Callable[..., Process]) -> None:
    server = make_server(grace_seconds=1, body_seconds=60, workers=1, answer_seconds=50)
    children = server.children()
    slow, dripping, idle, waiting = (server.connect() for _ in range(4))
    with slow, dripping, idle, waiting:
        head = (
            b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        )
        slow.sendall(head % 7 + b"nap 0.5")
        dripping.sendall(head % 9 + b"nap")
        waiting.sendall(b"GET / HT")
        wait_for(lambda: "places_taken 1.0" in server.ask("", "GET", "/metrics")[1])
        server.process.terminate()
        assert read_all(slow)[9:12] == b"200"
        assert read_all(idle) == read_all(waiting) == b""
        assert read_all(dripping)[9:12] == b"408"
    assert server.process.wait(PATIENCE) == 0
    assert children
    assert not any(is_alive(child) for child in children)
    assert "Traceback" not in server.log.read_text()


def test_what_takes_longer_than_the_grace_is_given_up(make_server: Callable[..., Process]) -> None:
    server = make_server(grace_seconds=0, workers=1)
    children = server.children()
    with server.connect() as connection:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nhang")
        wait_for(lambda: "places_taken 1.0" in server.ask("", "GET", "/metrics")[1])
        server.process.send_signal(signal.SIGINT)
        assert read_all(connection)[9:12] == b"503"
    assert server.process.wait(PATIENCE) == 0
    assert not any(is_alive(child) for child in children)


def test_a_dead_worker_is_replaced_and_none_outlives_the_server(make_server: Callable[..., Process]) -> None:
    server = make_server(workers=1)
    before = server.ask("good")[1]["worker"]
    os.kill(before, signal.SIGKILL)
    status, answer = server.ask("good")
    assert status == 200
    assert answer["worker"] != before
    children = server.children()
    assert [child.pid for child in children] == [answer["worker"]]
    server.process.kill()
    server.process.wait(PATIENCE)
    wait_for(lambda: not any(is_alive(child) for child in children))
