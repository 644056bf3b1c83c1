"""How far a training of layers has come: what is needed to go on after a kill, in one file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from runtime.checkpoints import CheckpointError, read_metadata
from runtime.files import write_atomically

STATE = "state.safetensors"


@dataclass(frozen=True)
class StageResult:
    """Attributes:
    layer, stage: from 1.
    steps: Adam steps that were taken.
    nmse: on the validation problems, after that layer, of the parameters kept; None where it is not finite.
    seconds: that it took.
    """

    layer: int
    stage: int
    steps: int
    nmse: float | None
    seconds: float

    @classmethod
    def of(cls, layer: int, stage: int, steps: int, nmse: float, seconds: float) -> StageResult:
        figure = round(nmse, 4) if math.isfinite(nmse) else None
        return cls(layer, stage, steps, figure, round(seconds, 2))


@dataclass(frozen=True, eq=False)
class LayerwiseState:
    """Attributes:
    parameters: of the layers trained so far, by the network's names.
    history: the stages that are done, in order.
    """

    parameters: dict[str, Tensor]
    history: tuple[StageResult, ...] = ()

    def save(self, folder: Path) -> None:
        """Replace the state in the folder; tensors and history travel in one file, so they agree."""
        metadata = {"history": json.dumps([asdict(result) for result in self.history])}
        tensors = {name: value.detach().contiguous().clone() for name, value in self.parameters.items()}
        write_atomically(folder / STATE, save(tensors, metadata=metadata))

    @classmethod
    def resume(cls, folder: Path) -> LayerwiseState:
        """The state in the folder; that of the beginning where there is none.

        Raises:
            CheckpointError: it cannot be read.
        """
        path = folder / STATE
        if not path.is_file():
            return cls({})
        data = path.read_bytes()
        try:
            history = json.loads(read_metadata(data)["history"])
            return cls(load(data), tuple(StageResult(**result) for result in history))
        except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
            raise damaged(folder) from error


def damaged(folder: Path) -> CheckpointError:
    """What to raise of a state that nothing can go on from."""
    return CheckpointError(f"{STATE} of {folder.name} is damaged: delete it and the training begins anew")
