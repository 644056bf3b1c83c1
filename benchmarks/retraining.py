"""From fifty files of one's own to a model of one's own, beside the bundled model that never saw them.

The files are production plans of one plant (`farkas generate production-plan`). Each step is the command
of the README, run and timed as a user would run it:

    label      farkas label plans
    train      farkas train plans --from bundled -o model     perturbed copies, exact solves, training
    serve      farkas serve --model model, until the first answer

Then both models are evaluated on held-out plans of the same plant, labelled apart, with the rules beside.

    .venv/bin/python -m benchmarks.retraining [--files 50] [--held-out 200] [--work FOLDER]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.harness import write_result
from graphs.predictor import Predictor
from runtime.checkpoints import read_card
from service.settings import BUNDLED_MODELS
from training.evaluating import evaluate_model
from training.outcomes import Part

SEED = 51_000
FAMILY = "production-plan"
FARKAS = Path(sys.executable).with_name("farkas")
BUNDLED = BUNDLED_MODELS / "bundled" / "2"
PORT = 8431


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--work", type=Path, help="folder to work in; default: a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = given.work or Path(name)
        figures = measured(work, given.files, given.held_out)
    show(figures)
    print(write_result("retraining", seed=SEED, figures=figures))


def measured(work: Path, files: int, held_out: int) -> dict[str, Any]:
    plans, apart, model = work / "plans", work / "held-out", work / "model"
    run("generate", FAMILY, "-n", str(files), "--seed", str(SEED), "-o", str(plans))
    run("generate", FAMILY, "-n", str(held_out), "--seed", str(SEED + 1), "-o", str(apart))
    seconds = {
        "label": run("label", str(plans)),
        "train": run("train", str(plans), "--from", "bundled", "-o", str(model)),
        "serve": served(model, next(apart.rglob("*.mps.gz"))),
    }
    run("label", str(apart))
    reports = {"bundled": report(BUNDLED, apart), "retrained": report(model, apart)}
    card = read_card(model)
    return {
        "family": FAMILY,
        "files": files,
        "held_out": reports["bundled"].figures["instances"],
        "seconds": {**seconds, "total": round(sum(seconds.values()), 1)},
        "training_data": card["data"],
        "training": {key: card["training"][key] for key in ("epochs", "best_epoch", "seconds", "threads")},
        **{name: one.figures for name, one in reports.items()},
        "rules": {name: round(value, 5) for name, value in reports["bundled"].rules.items()},
        "retrained / bundled": {
            figure: round(reports["retrained"].figures[figure] / reports["bundled"].figures[figure], 3)
            for figure in ("verdict_error", "objective_error", "solution_error")
            if reports["bundled"].figures.get(figure) and figure in reports["retrained"].figures
        },
    }


def run(*words: str) -> float:
    """A farkas command's wall time in seconds; its messages are shown."""
    print("farkas", *words, flush=True)
    started = time.perf_counter()
    subprocess.run([str(FARKAS), *words], check=True)
    return round(time.perf_counter() - started, 1)


def served(model: Path, instance: Path) -> float:
    """Seconds from starting a server to its first answer."""
    started = time.perf_counter()
    server = subprocess.Popen([str(FARKAS), "serve", "--model", str(model), "--port", str(PORT)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        while not answered(instance):
            if time.perf_counter() - started > 60:
                raise TimeoutError("the server does not answer")
            time.sleep(0.2)
    finally:
        server.terminate()
        server.wait()
    return round(time.perf_counter() - started, 1)


def answered(instance: Path) -> bool:
    headers = {"Content-Type": "application/x-mps", "Content-Encoding": "gzip"}
    try:
        reply = httpx.post(
            f"http://127.0.0.1:{PORT}/v1/predict", content=instance.read_bytes(), headers=headers
        )
    except httpx.TransportError:
        return False
    return reply.status_code == httpx.codes.OK


def report(model: Path, data: Path) -> Part:
    return evaluate_model(Predictor.load(model), [data]).whole


def show(figures: dict[str, Any]) -> None:
    table = Table("figure", "bundled", "retrained", "rules", title=f"{figures['held_out']} held-out plans")
    for name, value in figures["retrained"].items():
        if isinstance(value, int | float):
            rule = figures["rules"].get(name.removesuffix("_error"))
            before = figures["bundled"].get(name)
            table.add_row(name, f"{before}", f"{value:g}", "" if rule is None else f"{rule:g}")
    Console().print(table)
    print(f"cores {len(os.sched_getaffinity(0))}; seconds {figures['seconds']}")


if __name__ == "__main__":
    main()
