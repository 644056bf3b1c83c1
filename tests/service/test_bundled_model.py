"""The bundled model keeps its promises on fresh instances and on the examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from graphs.bipartite import build_graphs
from graphs.prediction import Verdict
from graphs.predictor import Predictor
from graphs.readers import read_file
from service.answer_json import answer_json
from service.answers import Answer
from service.pipeline import score
from training.dataset import build_dataset
from training.families import FAMILIES, generate
from training.label import Label, LabelledInstance
from training.labelling import Labeller
from training.metrics import calibrated, evaluate
from training.rules import rule_errors

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "service" / "models" / "bundled" / "2"
SIZES: dict[str, dict[str, float]] = {
    "transportation": {"sources": 5, "sinks": 8},
    "multicommodity-flow": {"nodes": 7, "arcs": 18, "commodities": 3},
    "set-cover": {"rows": 30, "columns": 60, "density": 0.1},
    "facility-location": {"customers": 8, "facilities": 5, "ratio": 2},
}
BARS = {
    "random-lp": 0.03,
    "random-lp-infinite": 0.07,
    "planted-lp": 0.2,
    "transportation": 0.05,
    "multicommodity-flow": 0.08,
    "random-milp": 0.15,
    "set-cover": 0.0,
    "facility-location": 0.0,
}
"""Verdict errors of a sample; the figures proper are those of benchmarks/held_out.py."""


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(MODEL)


def fresh(family: str, number: int) -> Iterator[LabelledInstance]:
    labeller = Labeller(time_limit=10.0, cross_check_share=0.0)
    for instance in generate(FAMILIES[family], number, seed=31, size=SIZES.get(family)):
        label = labeller.label(instance)
        if isinstance(label, Label):
            yield LabelledInstance(
                **vars(label), instance=instance, sha256=instance.sha256, file=instance.name, family=family
            )


@pytest.mark.parametrize("family", BARS)
def test_held_out_errors_are_within_the_bars(predictor: Predictor, family: str) -> None:
    items = list(fresh(family, 400 if family.startswith("random-lp") else 100))
    evaluation = evaluate(predictor.network, build_dataset(items), torch.arange(len(items)))
    assert evaluation.verdict_error <= BARS[family]
    if len(items) >= 300:
        assert calibrated(evaluation, predictor.calibration)["calibration_error"] <= 0.03
    assert np.nanmedian(evaluation.objective_error) <= rule_errors(items).objective / 2


def test_it_abstains_far_from_what_it_knows(predictor: Predictor) -> None:
    """A production plan is of none of its families; that of costs a million apart is nowhere near any."""
    (instance,) = generate(
        FAMILIES["set-cover"], 1, seed=31, size={"rows": 20, "columns": 40, "density": 0.2}
    )
    spread = np.logspace(0, 12, instance.columns)
    strange = replace(instance, objective_vector=spread, variable_upper_bound=spread[::-1].copy())
    (known, unknown) = predictor.predict(build_graphs([instance, strange]))
    assert unknown.out_of_distribution > max(1.0, known.out_of_distribution)
    assert unknown.verdict is Verdict.ABSTAIN


def test_card_and_size() -> None:
    """Rows for every family it was trained on, of test instances and of other sizes."""
    card = json.loads((MODEL / "card.json").read_text())
    assert (card["name"], card["version"]) == ("bundled", "2")
    assert set(card["data"]["families"]) == set(FAMILIES) - {"production-plan"}
    assert set(card["metrics"]["test"]) - {"data"} >= set(card["data"]["families"])
    assert "other sizes" in card["metrics"]
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
        shown = answer_json(answer)
        assert (shown["verdict"], shown["provenance"]) == (verdict, "certified")


def test_what_no_certificate_of_ours_shows_is_not_certified(predictor: Predictor) -> None:
    """The triangles are infeasible, but their relaxation is not: only branching would show it."""
    (answer,) = score([read_file(ROOT / "examples" / "milp-infeasible-triangles.mps")], predictor)
    assert isinstance(answer, Answer)
    assert answer_json(answer)["provenance"] == "predicted"
