"""The bundled model keeps its promises on fresh instances and on the examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from graphs.predictor import Predictor
from graphs.readers import read_file
from service.answers import Answer
from service.pipeline import score
from solvers.linear.exact import solve_highs
from training.dataset import build_dataset
from training.families import FAMILIES, generate
from training.metrics import calibrated, evaluate
from training.shards import LabelledInstance

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "service" / "models" / "bundled" / "1"
BARS = {"random-lp": 0.03, "random-lp-infinite": 0.07}


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(MODEL)


@pytest.mark.parametrize("family", BARS)
def test_held_out_errors_are_within_the_bars(predictor: Predictor, family: str) -> None:
    """A sample of 400; the figures proper are those of benchmarks/held_out.py."""
    items = []
    for instance in generate(FAMILIES[family], 400, seed=31):
        answer = solve_highs(instance, time_limit=10.0)
        items.append(
            LabelledInstance(
                answer.status,
                objective=answer.objective,
                primal=answer.primal,
                dual=answer.dual,
                instance=instance,
                sha256=instance.sha256,
                file=instance.name,
                family=family,
            )
        )
    evaluation = evaluate(predictor.network, build_dataset(items), torch.arange(len(items)))
    assert evaluation.verdict_error <= BARS[family]
    assert calibrated(evaluation, predictor.calibration)["calibration_error"] <= 0.03


def test_card_and_size() -> None:
    card = json.loads((MODEL / "card.json").read_text())
    assert card["name"] == "bundled"
    assert set(card["metrics"]) >= {"validation", "test", "outside its size, 30x150"}
    assert card["data"]["labels"]["certified"] == card["data"]["instances"]
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= 10 * 2**20


def test_examples_get_the_answers_they_were_made_for(predictor: Predictor) -> None:
    expected = {
        "lp-feasible.mps": "optimal",
        "lp-feasible-free.json": "optimal",
        "lp-infeasible.mps": "infeasible",
        "lp-unbounded.mps.gz": "unbounded",
        "milp-infeasible-overfull.mps": "infeasible",
        "milp-set-cover.mps": "optimal",
        "milp-knapsack.mps": "optimal",
    }
    instances = [read_file(ROOT / "examples" / name) for name in expected]
    for answer, verdict in zip(score(instances, predictor), expected.values(), strict=True):
        assert isinstance(answer, Answer)
        shown = answer.to_json()
        assert (shown["verdict"], shown["provenance"]) == (verdict, "certified")


def test_what_no_certificate_of_ours_shows_is_not_certified(predictor: Predictor) -> None:
    """The triangles are infeasible, but their relaxation is not: only branching would show it."""
    (answer,) = score([read_file(ROOT / "examples" / "milp-infeasible-triangles.mps")], predictor)
    assert isinstance(answer, Answer)
    assert answer.to_json()["provenance"] == "predicted"
