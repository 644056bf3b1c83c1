"""A task small enough for every test: a number that is to become three, by the mean of noisy looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from runtime.checkpoints import save
from training.implicit.loop import LoopSettings
from training.implicit.task import Figures, ImplicitTask


class LineSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    loop: LoopSettings = LoopSettings(steps=60, learning_rate=0.2, look=20)
    target: float = 3.0


class LineTask(ImplicitTask):
    name = "line"

    def __init__(self, settings: LineSettings, seed: int) -> None:
        self._settings, self._seed = settings, seed
        self._module = nn.Linear(1, 1, bias=False)
        self.steps: list[int] = []
        self.broken_at: int | None = None

    @property
    def module(self) -> nn.Module:
        return self._module

    def batch_loss(self, step: int) -> tuple[Tensor, Figures]:
        self.steps.append(step)
        drawn = torch.randn(8, 1, generator=torch.Generator().manual_seed(self._seed * 1000 + step))
        loss = (self._module(drawn) - self._settings.target * drawn).square().mean()
        return (loss * float("nan") if step == self.broken_at else loss), {"drawn": float(drawn.mean())}

    def validate(self) -> Figures:
        assert not torch.is_grad_enabled()
        assert not self._module.training
        return {"loss": float((self._module.weight - self._settings.target).square()), "other": 1.0}

    def test(self) -> dict[str, Any]:
        return {"distance": float((self._module.weight - self._settings.target).abs())}

    def description(self) -> dict[str, Any]:
        return {"data": {"drawn": "normal"}, "network": {"inputs": 1}, "limits": ["One number."]}


def make_task(settings: LineSettings, seed: int, data: Path | None) -> LineTask:
    if data is not None and not data.read_bytes():
        raise ValueError(f"{data.name} is empty")
    return LineTask(settings, seed)


def save_model(folder: Path, task: LineTask, card: Mapping[str, Any]) -> None:
    save(folder, task.module.state_dict(), {"kind": "line", **card})
