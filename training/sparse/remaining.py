"""How long a training of layers still takes, by what its stages have taken so far.

Stages differ: those of all layers together cost more with every layer. So their work is counted, in codes
that go through a layer, a step of Adam being worth three ways forward; what a stage saves by ending early is
in the seconds that a unit of work has taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from training.sparse.layerwise import GRID, STAGES
from training.sparse.layerwise_settings import LayerwiseSettings
from training.sparse.layerwise_state import StageResult
from training.sparse.starting_points import LENGTHS, THRESHOLDS

_BACKWARD = 3


@dataclass(eq=False)
class Remaining:
    """Attributes:
    settings: of the run.
    work, seconds: of the stages told of.
    """

    settings: LayerwiseSettings
    work: float = field(default=0.0, init=False)
    seconds: float = field(default=0.0, init=False)

    def after(self, last: StageResult) -> float:
        """Seconds left after this stage, which is told of once."""
        self.work += self.work_of(last.layer, last.stage)
        self.seconds += last.seconds
        done = STAGES * (last.layer - 1) + last.stage
        places = (divmod(place, STAGES) for place in range(done, STAGES * self.settings.layers))
        left = sum(self.work_of(layer + 1, stage + 1) for layer, stage in places)
        return left * self.seconds / self.work

    def work_of(self, layer: int, stage: int) -> float:
        """Of a stage, at most; layer and stage from 1."""
        settings = self.settings
        steps = settings.steps[stage - 1]
        looks = settings.validation_size * (steps / settings.look + 1)
        through = _BACKWARD * steps * settings.batch_size + looks
        if stage > 1:
            return layer * through
        grid = len(LENGTHS) * len(THRESHOLDS) * min(GRID, settings.pool_size)
        return through + grid + (layer - 1) * settings.pool_size


def in_words(seconds: float) -> str:
    """`40 s`, `7 min` or `2.5 h`."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
