"""The state of a training run between two epochs: everything needed to go on after a kill."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from graphs.network.gnn import CandidateNetwork
from runtime.checkpoints import read_metadata, tensors_under
from runtime.files import write_atomically
from training.config import TrainingConfig
from training.moments import moment_tensors, restore_moments

_STATE = "state.safetensors"
_COUNTERS = ("epoch", "updates", "seconds", "best_epoch", "best_loss")
_BEST = "best."


@dataclass(eq=False)
class TrainingState:
    """Network, its moving average, the optimiser, and how far the run has come.

    Attributes:
        best: the moving average as it was after the epoch of least loss on the validation instances.
        epoch: epochs finished; updates: gradient steps taken; seconds: time spent in them.
        best_epoch, best_loss: that epoch (1 is the first, 0 none) and its loss.
    """

    network: CandidateNetwork
    averaged: CandidateNetwork
    optimiser: torch.optim.AdamW
    averaging: float
    best: dict[str, Tensor] = field(default_factory=dict)
    epoch: int = 0
    updates: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf

    @classmethod
    def begin(cls, network: CandidateNetwork, config: TrainingConfig) -> TrainingState:
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        return cls(network, copy.deepcopy(network).eval(), optimiser, config.averaging)

    @torch.no_grad()
    def update(self, rate: float) -> None:
        """One optimiser step at this learning rate, and one of the moving average.

        The average forgets faster at the beginning: its decay is min(averaging, (1 + t) / (10 + t)).
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        decay = min(self.averaging, (1 + self.updates) / (10 + self.updates))
        for mean, value in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
        self.updates += 1

    def judge(self, loss: float) -> None:
        """Keep the moving average where the epoch just finished has less loss than any before."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, self.epoch
            self.best = {name: value.clone() for name, value in self.averaged.state_dict().items()}

    def best_network(self) -> CandidateNetwork:
        """The moving average of the best epoch."""
        network = copy.deepcopy(self.averaged)
        if self.best:
            network.load_state_dict(self.best)
        return network

    def save(self, folder: Path) -> None:
        """Replace the state in the folder; tensors and counters travel in one file, so they agree."""
        counters = {name: getattr(self, name) for name in _COUNTERS}
        metadata = {"counters": json.dumps(counters)}
        write_atomically(folder / _STATE, save(self._tensors(), metadata=metadata))

    def resume(self, folder: Path) -> None:
        """Take up the state in the folder, if there is one."""
        path = folder / _STATE
        if not path.is_file():
            return
        data = path.read_bytes()
        counters = json.loads(read_metadata(data)["counters"])
        self._restore(load(data))
        for name in _COUNTERS:
            setattr(self, name, counters[name])

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"averaged.{name}": value for name, value in self.averaged.state_dict().items()}
        tensors |= {f"{_BEST}{name}": value for name, value in self.best.items()}
        tensors |= moment_tensors(self.optimiser, self.network.parameters())
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        for prefix, network in (("network.", self.network), ("averaged.", self.averaged)):
            network.load_state_dict(tensors_under(prefix, tensors))
        self.best = tensors_under(_BEST, tensors)
        restore_moments(self.optimiser, self.network.parameters(), tensors)
