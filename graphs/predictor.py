"""Predictor: a checkpoint in, predictions out, in the instances' own units."""

from __future__ import annotations

import math
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
from graphs.network.draws import answer
from graphs.network.gnn import CandidateNetwork, NetworkConfig, NetworkOutput
from graphs.packed import PackedGraphs
from graphs.points import Candidate
from graphs.prediction import CLASSES, Prediction, Verdict
from runtime.checkpoints import CheckpointError, load

CARD_FORMAT = 2
"""Of the cards this code understands; 1 had another unit of the objective's correction."""
_USED_BY = {
    **dict.fromkeys(("dictionary", "sparse-network", "hyperlista"), "farkas sparse"),
    "reconstruction-network": "farkas reconstruct",
    "equilibrium-network": "farkas equilibrium",
}
"""Kinds of other checkpoints, and the command that each goes with."""
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
        check_card(checkpoint.card)
        network = CandidateNetwork(NetworkConfig.from_json(checkpoint.card["network"]))
        network.load_state_dict(without_calibration(checkpoint.tensors))
        calibration = Calibration.of(checkpoint.card["calibration"], checkpoint.tensors)
        return cls(network, calibration, checkpoint.card, device=device)

    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        """A prediction a graph, in order; graphs of any sizes, batched by their number of nodes."""
        return [prediction for part in _parts(graphs) for prediction in self._predict_batch(part)]

    @torch.inference_mode()
    def _predict_batch(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        packed = PackedGraphs.of(graphs)
        batch, output = answer(self.network, packed, device=self.device)
        probabilities = self.calibration.probabilities(_numpy(output.verdict))
        distance = self.calibration.out_of_distribution(
            summaries(batch), (batch.constraint_count + batch.variable_count).cpu().numpy()
        )
        answers = _Answers.of(batch, output)
        objective = answers.objective + _numpy(packed.fields["objective_offset"])
        return [
            self._prediction(shares, far, value, answers.candidate(place))
            for place, (shares, far, value) in enumerate(
                zip(probabilities.tolist(), distance.tolist(), objective.tolist(), strict=True)
            )
        ]

    def _prediction(
        self, probabilities: list[float], distance: float, objective: float, candidate: Candidate
    ) -> Prediction:
        if not (all(map(math.isfinite, probabilities)) and math.isfinite(distance)):
            probabilities, distance = (
                [1 / len(CLASSES)] * len(CLASSES),
                math.inf,
            )  # an instance beyond float32
        confidence = max(probabilities)
        answers = distance <= 1.0 and confidence >= self.calibration.threshold
        first, second, third = probabilities
        return Prediction(
            verdict=CLASSES[probabilities.index(confidence)] if answers else Verdict.ABSTAIN,
            probabilities=(first, second, third),
            confidence=confidence,
            out_of_distribution=distance,
            objective=objective,
            solution=candidate.points[0],
            dual=candidate.duals[0],
            candidate=candidate,
        )


def check_card(card: dict[str, Any]) -> None:
    """The features and classes the network was trained on must be those of this code, in this order, and its
    answers mean what this code takes them for.

    Raises:
        CheckpointError: they are not.
    """
    kind = card.get("kind", "predictor")
    if kind != "predictor":
        raise CheckpointError(
            f"this is of the kind {str(kind)!r}, not a network that predicts the outcome of instances"
            + (f": {_USED_BY[kind]} uses it" if isinstance(kind, str) and kind in _USED_BY else "")
        )
    if card.get("farkas_card") != CARD_FORMAT:
        raise CheckpointError("the model was made by another version of farkas: train it again")
    wanted = {"constraint": list(CONSTRAINT_FEATURES), "variable": list(VARIABLE_FEATURES)}
    if card["features"] != wanted or card["classes"] != [str(verdict) for verdict in CLASSES]:
        raise CheckpointError("the model was trained on other features or classes than this version has")


def _parts(graphs: Sequence[BipartiteGraph]) -> Iterator[Sequence[BipartiteGraph]]:
    """Consecutive graphs with at most _NODES_A_BATCH nodes together (one graph may have more)."""
    part: list[BipartiteGraph] = []
    nodes = 0
    for graph in graphs:
        size = graph.num_nodes
        if part and nodes + size > _NODES_A_BATCH:
            yield part
            part, nodes = [], 0
        part.append(graph)
        nodes += size
    if part:
        yield part


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the network says of a batch, in the instances' own units.

    Attributes:
        objective: (B,).
        points (K_p, N), rays (K_r, N), duals (K_d, M), farkas_rays (K_f, M): of all graphs side by side; the
            first point and the first dual are the heads' own answers, the others candidates.
        column_start, row_start: where each graph's columns and rows begin, B + 1 places.
    """

    objective: _Array
    points: _Array
    rays: _Array
    duals: _Array
    farkas_rays: _Array
    column_start: list[int]
    row_start: list[int]

    @classmethod
    def of(cls, batch: BipartiteBatch, output: NetworkOutput) -> _Answers:
        """x = S x',  y = R y' / γ,  objective = (c'·x') / γ; rays are not divided by γ."""
        gamma = _numpy(batch.objective_scale)
        column_scale, row_scale = _numpy(batch.column_scale), _numpy(batch.row_scale)
        feasibility, optimality, recession = output.channels.slices
        primal = _numpy(output.primal.T) * column_scale
        dual = _numpy(output.duals.T) * row_scale
        drift = _numpy(output.drift.T) * row_scale
        head = _numpy(output.dual)[np.newaxis] * row_scale
        prices = np.concatenate([head, dual[optimality]]) / gamma[_numpy(batch.constraint_graph).astype(int)]
        return cls(
            objective=_numpy(output.objective) / gamma,
            points=np.concatenate([[_numpy(output.solution) * column_scale], primal[: optimality.stop]]),
            rays=primal[recession],
            duals=prices,
            farkas_rays=np.concatenate([drift, dual[feasibility], dual[optimality], dual[recession]]),
            column_start=[0, *torch.cumsum(batch.variable_count, 0).tolist()],
            row_start=[0, *torch.cumsum(batch.constraint_count, 0).tolist()],
        )

    def candidate(self, place: int) -> Candidate:
        """One graph's points and rays: views."""
        columns = slice(self.column_start[place], self.column_start[place + 1])
        rows = slice(self.row_start[place], self.row_start[place + 1])
        return Candidate(
            self.points[:, columns], self.duals[:, rows], self.farkas_rays[:, rows], self.rays[:, columns]
        )


def _numpy(tensor: Tensor) -> _Array:
    return tensor.detach().to("cpu", torch.float64).numpy()
