"""A network with random weights and labelled folders, for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from scipy.sparse import csr_array

from graphs.confidence import summaries
from graphs.instance import Instance
from graphs.network.gnn import CandidateNetwork
from graphs.predictor import Predictor
from solvers.linear.exact.adapters import solve_highs
from tests.training.examples import dataset, labelled, write_labels
from tests.training.test_losses import SMALL
from training.calibration import fit_calibration
from training.families import FAMILIES, generate
from training.label import LabelledInstance
from training.metrics import evaluate

LPS, COVERS = 50, 12


@cache
def predictor() -> Predictor:
    """Calibrated on random LPs."""
    torch.manual_seed(0)
    network = CandidateNetwork(SMALL.build())
    held_out = evaluate(network, dataset(), torch.arange(100))
    batch, _ = dataset().batch(torch.arange(100))
    calibration = fit_calibration(
        summaries(batch), held_out.family, held_out.nodes, held_out, answered_accuracy=0.3
    )
    card = {"name": "random", "version": "1", "weights_sha256": "0" * 64, "metrics": {"validation": {}}}
    return Predictor(network, calibration, card)


def covers(seed: int = 4) -> Iterator[LabelledInstance]:
    """Set covering instances of two sizes; of each size one has two columns alike."""
    for rows in (6, 12):
        size = {"rows": rows, "columns": 2 * rows, "density": 0.4}
        drawn = generate(FAMILIES["set-cover"], COVERS // 2, seed=seed, size=size)
        for instance in (with_twins(one) if not place else one for place, one in enumerate(drawn)):
            answer = solve_highs(instance, time_limit=10.0)
            assert answer.primal is not None
            yield LabelledInstance(
                answer.status,
                objective=answer.objective,
                primal=answer.primal,
                instance=instance,
                sha256=instance.sha256,
                file=f"{instance.name}.mps",
                family="set-cover",
            )


def with_twins(instance: Instance) -> Instance:
    """Column 1 as column 0: the instance is foldable."""
    matrix, cost = instance.constraint_matrix.toarray(), instance.objective_vector.copy()
    matrix[:, 1], cost[1] = matrix[:, 0], cost[0]
    return replace(instance, constraint_matrix=csr_array(matrix), objective_vector=cost)


def write_folders(root: Path) -> list[Path]:
    """Two families in three folders; the third holds copies of some LPs of the first."""
    lps = list(labelled(LPS))
    return [
        write_labels(root / "lps", lps),
        write_labels(root / "covers", list(covers())),
        write_labels(root / "again", lps[:7]),
    ]
