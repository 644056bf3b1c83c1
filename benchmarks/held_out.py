"""The bundled model on held-out instances of the families it was trained on, beside rules that learn nothing.

Fresh instances (a seed no training used), labelled by HiGHS and SCIP in this run and rechecked by our
certificate; then the errors of network and rules, and the share of instances whose verdict is proved: from
the network's candidates, and (as the rule) from trivial candidates and the origin, projected alike. Of the
papers' LPs there are `--lps` instances, of each other family and size `--others`.

    .venv/bin/python -m benchmarks.held_out [--lps 5000] [--others 500]
"""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.bundled_families import Row, rows
from benchmarks.harness import write_result
from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from graphs.predictor import Predictor
from service.proving import prove
from solvers.linear.certificate import DEFAULT_TOLERANCES, certify
from solvers.linear.projection import projections
from training.card import figures as figures_of
from training.dataset import build_dataset
from training.families import FAMILIES, generate
from training.labelling import Labeller, Rejection
from training.metrics import evaluate
from training.rules import rule_errors
from training.shards import LabelledInstance

SEED = 20_000
PAPERS_LPS = ("random-lp", "random-lp-infinite")
MODEL = Path(__file__).parent.parent / "service" / "models" / "bundled" / "2"


def labelled(row: Row, number: int) -> tuple[list[LabelledInstance], int]:
    """Labelled instances, and how many were left out."""
    labeller, kept, left_out = Labeller(time_limit=5.0, seed=SEED), [], 0
    for instance in generate(FAMILIES[row.family], number, seed=SEED, size=row.size):
        label = labeller.label(instance)
        if isinstance(label, Rejection):
            left_out += 1
            continue
        kept.append(
            LabelledInstance(
                **vars(label),
                instance=instance,
                sha256=instance.sha256,
                file=instance.name,
                family=row.name,
            )
        )
    return kept, left_out


def measure(predictor: Predictor, row: Row, number: int) -> dict[str, Any]:
    items, left_out = labelled(row, number)
    dataset = build_dataset(items)
    evaluation = evaluate(predictor.network, dataset, torch.arange(len(dataset)))
    predictions = predictor.predict(build_graphs([item.instance for item in items]))
    proofs: Counter[str] = Counter()
    without = np.mean([proved_without_network(item.instance) for item in items])
    for item, prediction in zip(items, predictions, strict=True):
        certificate = prove(item.instance, prediction, DEFAULT_TOLERANCES).certificate
        verdict = certificate.verdict if certificate else None
        proofs["none" if verdict is None else "right" if verdict == item.status.value else "false"] += 1
    return {
        "left_out": left_out,
        "network": figures_of(evaluation, predictor.calibration),
        "rules": {
            name: round(value, 5) for name, value in vars(rule_errors(items)).items() if np.isfinite(value)
        },
        "certified_share": round(proofs["right"] / len(items), 5),
        "certified_share_without_network": round(float(without), 5),
        "false_certificates": proofs["false"],
    }


def proved_without_network(instance: Instance) -> bool:
    """Whether trivial candidates, or the origin projected, already prove a verdict."""
    origin = Candidate(points=np.zeros((1, instance.columns)), duals=np.zeros((1, instance.rows)))
    candidates = chain([origin], projections(instance, origin, [Verdict.OPTIMAL]))
    proofs = (certify(instance, candidate) for candidate in candidates)
    return any(proof is not None and proof.verdict is not None for proof in proofs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lps", type=int, default=5000, help="instances of each kind of the papers' LPs")
    parser.add_argument("--others", type=int, default=500, help="instances of each other family and size")
    given = parser.parse_args()
    torch.set_num_threads(1)
    predictor = Predictor.load(MODEL)
    table = Table("family", "figure", "network", "rule", title="held-out instances")
    results = {}
    for row in rows():
        family = row.name
        results[family] = measure(predictor, row, given.lps if family in PAPERS_LPS else given.others)
        print(family, results[family], flush=True)
        for name, value in results[family]["network"].items():
            rule = results[family]["rules"].get(name.removesuffix("_error"))
            table.add_row(family, name, f"{value:g}", "" if rule is None else f"{rule:g}")
        alone = results[family]["certified_share_without_network"]
        table.add_row(family, "certified_share", f"{results[family]['certified_share']:g}", f"{alone:g}")
        table.add_row(family, "false_certificates", f"{results[family]['false_certificates']}", "")
        table.add_section()
    Console().print(table)
    model = {"name": predictor.name, "version": predictor.version, "sha256": predictor.sha256}
    print(write_result("held_out", seed=SEED, figures={"model": model, "families": results}))


if __name__ == "__main__":
    main()
