"""How far a training of an implicit network has come: what is needed to go on after a kill, in one file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from runtime.checkpoints import CheckpointError, read_metadata, tensors_under
from runtime.files import write_atomically
from training.moments import moment_tensors, restore_moments

STATE = "state.safetensors"
_COUNTERS = ("step", "looks", "best_look", "seconds", "best_loss", "best_step")


@dataclass(eq=False)
class LoopState:
    """Attributes:
    module, optimiser: what is trained, and by what (Adam or AdamW).
    best: the module's state at the look of least loss.
    step: gradient steps taken; looks: looks so far; seconds: time spent in the steps.
    best_loss, best_step, best_look: of that look; infinite and 0 before the first.
    """

    module: nn.Module
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    looks: int = 0
    best_look: int = 0
    seconds: float = 0.0
    best_loss: float = math.inf
    best_step: int = 0

    @classmethod
    def begin(cls, module: nn.Module, optimiser: torch.optim.Optimizer) -> LoopState:
        return cls(module, optimiser)

    @property
    def looks_since_best(self) -> int:
        return self.looks - self.best_look

    def judge(self, loss: float) -> None:
        """Note a look, and keep the module as it is where the loss is the least so far."""
        self.looks += 1
        if loss < self.best_loss:
            self.best_loss, self.best_step, self.best_look = loss, self.step, self.looks
            self.best = {name: value.detach().clone() for name, value in self.module.state_dict().items()}

    def take_best(self) -> None:
        """Put the module back to the best look."""
        if self.best:
            self.module.load_state_dict(self.best)

    def save(self, folder: Path) -> None:
        """Replace the state in the folder; tensors and counters travel in one file, so they agree."""
        counters = {name: getattr(self, name) for name in _COUNTERS}
        write_atomically(folder / STATE, save(self._tensors(), metadata={"counters": json.dumps(counters)}))

    def resume(self, folder: Path) -> None:
        """Take up the state in the folder, if there is one.

        Raises:
            CheckpointError: it cannot be read.
        """
        path = folder / STATE
        if not path.is_file():
            return
        data = path.read_bytes()
        try:
            counters = json.loads(read_metadata(data)["counters"])
            self._restore(load(data))
            for name in _COUNTERS:
                setattr(self, name, counters[name])
        except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise CheckpointError(
                f"{STATE} of {folder.name} is damaged: delete it and the training begins anew"
            ) from error

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"module.{name}": value for name, value in self.module.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        tensors |= moment_tensors(self.optimiser, self.module.parameters())
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        self.module.load_state_dict(tensors_under("module.", tensors))
        self.best = tensors_under("best.", tensors)
        restore_moments(self.optimiser, self.module.parameters(), tensors)
