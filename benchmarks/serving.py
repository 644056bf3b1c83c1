"""POST /v1/predict of set covering MILPs (500 rows, 1000 columns, 25,000 nonzeros) against the work itself.

    python -m benchmarks.serving [--repeats 200]

A real server with one worker and one with two, asked over connections that are kept alive: by one client, in
turn with reading and scoring the same bytes in this process, and by sixteen at once. The instances are MPS
texts of 400 kB that the server has to receive, read, answer and prove what it can of.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.harness import write_result
from graphs.writers.mps import write_mps
from service.failures import Failure
from service.loading import load_predictor
from service.pipeline import score
from service.reading import read_body
from service.settings import Settings, registry_of
from training.families import FAMILIES, generate

SEED, INSTANCES, CLIENTS = 0, 20, 16
WORKERS = (1, 2)
_COMMAND = "from service.cli import app; app(prog_name='farkas')"
_START_SECONDS = 120.0

Ask = Callable[[bytes], object]


@contextlib.contextmanager
def server(workers: int, log: Path) -> Iterator[int]:
    """The port of a running server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FARKAS_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, "serve", "--port", "0"],
            env=environment | {"FARKAS_WORKERS": str(workers)},
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        yield _port(process, log)
    finally:
        process.terminate()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        if "startup complete" in text and (found := re.search(r" on http://\S+:(\d+),", text)):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"the server does not start: {log.read_text()}")


@contextlib.contextmanager
def client(port: int) -> Iterator[Ask]:
    """Asks over one connection that is kept alive."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(body: bytes) -> None:
        connection.request("POST", "/v1/predict", body, {"Content-Type": "application/x-mps"})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise RuntimeError(text.decode())

    with contextlib.closing(connection):
        yield ask


def in_process() -> Ask:
    """Reading and scoring, as a worker does it, without the server around it."""
    settings = Settings()
    predictor = load_predictor(registry_of(settings).resolve(settings.model), settings)

    def work(body: bytes) -> None:
        reading = read_body(body, "request", settings.limits, "mps")
        (answer,) = score([reading.instance], predictor, tolerances=settings.tolerances)
        if isinstance(answer, Failure):
            raise RuntimeError(answer.problem.detail)

    return work


def alone(tasks: dict[str, Ask], bodies: list[bytes], repeats: int) -> dict[str, list[float]]:
    """Seconds of each task, in turn, the same body for all; three rounds of warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for number, body in zip(range(-3, repeats), cycle(bodies)):
        for name, task in tasks.items():
            started = time.perf_counter()
            task(body)
            if number >= 0:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def crowd(port: int, bodies: list[bytes], repeats: int) -> tuple[list[float], float]:
    """Seconds of each request of many clients, and requests a second."""

    def one(number: int) -> list[float]:
        own = bodies[number % len(bodies) :] + bodies[: number % len(bodies)]
        with client(port) as ask:
            return alone({"post": ask}, own, repeats)["post"]

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        seconds = [value for values in pool.map(one, range(CLIENTS)) for value in values]
        total = time.perf_counter() - started
    return seconds, CLIENTS * (repeats + 3) / total


def figures(seconds: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(1e3 * statistics.median(seconds), 2),
        "p99_ms": round(1e3 * statistics.quantiles(seconds, n=100)[98], 2),
    }


def measure(bodies: list[bytes], repeats: int, folder: Path) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        ports = {count: stack.enter_context(server(count, folder / f"{count}.log")) for count in WORKERS}
        clients = {f"workers {count}": stack.enter_context(client(port)) for count, port in ports.items()}
        seconds = alone({"in process": in_process(), **clients}, bodies, repeats)
        one_client: dict[str, Any] = {name: figures(values) for name, values in seconds.items()}
        for name in clients:
            ratio = statistics.median(seconds[name]) / statistics.median(seconds["in process"])
            one_client[name]["ratio_of_medians"] = round(ratio, 3)
        many: dict[str, Any] = {}
        for count, port in ports.items():
            values, rate = crowd(port, bodies, max(3, repeats // 4))
            many[f"workers {count}"] = {**figures(values), "requests_a_second": round(rate, 1)}
    return {"one_client": one_client, f"clients_{CLIENTS}": many}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args().repeats
    bodies = [write_mps(each) for each in generate(FAMILIES["set-cover"], INSTANCES, seed=SEED)]
    with tempfile.TemporaryDirectory() as folder:
        found = measure(bodies, repeats, Path(folder))
    for name, part in found.items():
        for who, values in part.items():
            print(name, who, values)
    sizes = {"repeats": repeats, "body_bytes": round(statistics.mean(map(len, bodies)))}
    print(write_result("serving", seed=SEED, figures={**sizes, **found}))


if __name__ == "__main__":
    main()
