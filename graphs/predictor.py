"""Predictor: a checkpoint in, predictions out, in the instances' own units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.bipartite import BipartiteGraph
from graphs.confidence import Calibration, summaries, without_calibration
from graphs.device import choose_device
from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork, NetworkConfig, NetworkOutput
from graphs.points import Candidate
from graphs.prediction import CLASSES, Prediction, Verdict
from runtime.checkpoints import CheckpointError, load

_NODES_A_BATCH = 50_000
_Array = NDArray[np.float64]


class Predictor:
    """A trained network with its calibration.

    Attributes:
        name, version, sha256: which model this is; the hash is that of its weights.
        card: the model card, JSON data.
    """

    def __init__(
        self,
        network: CandidateNetwork,
        calibration: Calibration,
        card: dict[str, Any],
        *,
        device: str = "cpu",
    ) -> None:
        self.device = choose_device(device)
        self.network = network.to(self.device).eval()
        self.calibration = calibration
        self.card = card
        self.name = str(card["name"])
        self.version = str(card["version"])
        self.sha256 = str(card["weights_sha256"])

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> Predictor:
        """Load a verified checkpoint.

        Raises:
            CheckpointError: the folder holds none, or a damaged one (`runtime.checkpoints`).
            DeviceNotAvailable: there is no such device.
        """
        checkpoint = load(folder)
        _check_card(checkpoint.card)
        network = CandidateNetwork(NetworkConfig.from_json(checkpoint.card["network"]))
        network.load_state_dict(without_calibration(checkpoint.tensors))
        calibration = Calibration.of(checkpoint.card["calibration"], checkpoint.tensors)
        return cls(network, calibration, checkpoint.card, device=device)

    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        """A prediction a graph, in order; graphs of any sizes, batched by their number of nodes."""
        return [prediction for part in _parts(graphs) for prediction in self._predict_batch(part)]

    @torch.inference_mode()
    def _predict_batch(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        batch = BipartiteBatch.of(graphs, device=self.device)
        output = self.network(batch)
        probabilities = self.calibration.probabilities(_numpy(output.verdict))
        distance = self.calibration.out_of_distribution(summaries(batch))
        answers = _unscale(batch, output)
        offsets = [float(graph.objective_offset) for graph in graphs]
        return [
            self._prediction(probabilities[k], float(distance[k]), offsets[k], answer)
            for k, answer in enumerate(answers)
        ]

    def _prediction(
        self, probabilities: _Array, distance: float, offset: float, answer: _Answer
    ) -> Prediction:
        finite = bool(np.isfinite(probabilities).all() and np.isfinite(distance))
        if not finite:  # an instance beyond float32: nothing to say
            probabilities, distance = np.full(len(CLASSES), 1 / len(CLASSES)), np.inf
        confidence = float(probabilities.max())
        answers = distance <= 1.0 and confidence >= self.calibration.threshold
        first, second, third = (float(value) for value in probabilities)
        return Prediction(
            verdict=CLASSES[int(probabilities.argmax())] if answers else Verdict.ABSTAIN,
            probabilities=(first, second, third),
            confidence=confidence,
            out_of_distribution=distance,
            objective=answer.objective + offset,
            solution=answer.solution,
            dual=answer.dual,
            candidate=answer.candidate,
        )


def _check_card(card: dict[str, Any]) -> None:
    """The features and classes the network was trained on must be those of this code, in this order."""
    wanted = {"constraint": list(CONSTRAINT_FEATURES), "variable": list(VARIABLE_FEATURES)}
    if card["features"] != wanted or card["classes"] != [str(verdict) for verdict in CLASSES]:
        raise CheckpointError("the model was trained on other features or classes than this version has")


@dataclass(frozen=True, eq=False)
class _Answer:
    objective: float
    solution: _Array
    dual: _Array
    candidate: Candidate


def _parts(graphs: Sequence[BipartiteGraph]) -> Iterator[Sequence[BipartiteGraph]]:
    """Consecutive graphs with at most _NODES_A_BATCH nodes together (one graph may have more)."""
    part: list[BipartiteGraph] = []
    nodes = 0
    for graph in graphs:
        size = int(graph.num_nodes or 0)
        if part and nodes + size > _NODES_A_BATCH:
            yield part
            part, nodes = [], 0
        part.append(graph)
        nodes += size
    if part:
        yield part


def _unscale(batch: BipartiteBatch, output: NetworkOutput) -> Iterator[_Answer]:
    """x = S x',  y = R y' / γ,  objective = (c'·x') / γ, cut into graphs."""
    gamma = _numpy(batch.objective_scale)
    columns, rows = batch.variable_count.tolist(), batch.constraint_count.tolist()
    column_scale, row_scale = _numpy(batch.column_scale)[:, None], _numpy(batch.row_scale)[:, None]
    point = np.hstack([_numpy(output.solution)[:, None], _numpy(output.primal)]) * column_scale
    dual = np.hstack([_numpy(output.dual)[:, None], _numpy(output.duals), _numpy(output.drift)]) * row_scale
    objective = _numpy(output.objective) / gamma
    counts = output.channels
    points = np.split(point, np.cumsum(columns)[:-1])
    duals = np.split(dual, np.cumsum(rows)[:-1])
    feasibility, optimality, recession = (
        slice(part.start + 1, part.stop + 1) for part in counts.slices
    )  # column 0 is the head's own answer
    for k in range(batch.count):
        primal, price = points[k].T, duals[k].T
        yield _Answer(
            objective=float(objective[k]),
            solution=primal[0],
            dual=price[0] / gamma[k],
            candidate=Candidate(
                points=primal[: optimality.stop],
                duals=np.vstack([price[:1], price[optimality]]) / gamma[k],
                farkas_rays=np.vstack(
                    [price[counts.total + 1 :], price[feasibility], price[optimality], price[recession]]
                ),
                rays=primal[recession],
            ),
        )


def _numpy(tensor: Tensor) -> _Array:
    return tensor.detach().to("cpu", torch.float64).numpy()
