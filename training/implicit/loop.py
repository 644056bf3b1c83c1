"""The loop that trains implicit networks: Adam under a cosine, looked at now and then, the best state kept.

A run's folder holds run.json (what it was started with), state.safetensors (replaced at each look, and every
so many seconds between), log.jsonl (a line a look), training.svg, and at the end the checkpoint:
weights.safetensors and card.json.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from training.implicit.loop_state import LoopState
from training.implicit.task import Figures, ImplicitTask, Told
from training.run_log import write_log
from training.schedule import warm_cosine

SAVE_EVERY = 20.0
"""Seconds of steps that a kill may cost."""


class LoopSettings(BaseModel):
    """Attributes:
    steps: gradient steps in all.
    learning_rate: Adam's, after a linear warm-up; it falls to zero along a cosine.
    warm_up: share of the steps.
    weight_decay: decoupled.
    gradient_norm: a longer gradient is cut to it.
    look: steps from one look at the held-out figures, and one saving of the state, to the next.
    patience: looks without a better loss after which it ends; None: never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: PositiveInt = 1000
    learning_rate: PositiveFloat = 1e-3
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.05
    weight_decay: NonNegativeFloat = 0.0
    gradient_norm: PositiveFloat = 1.0
    look: PositiveInt = 50
    patience: PositiveInt | None = None

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return warm_cosine(step, self.steps, peak=self.learning_rate, warm_up=self.warm_up)


def train(task: ImplicitTask, folder: Path, settings: LoopSettings, *, told: Told | None = None) -> LoopState:
    """Train the task's module to the end, or go on from the state in the folder; it is left as the best look
    found it.

    A step whose gradient is not finite changes nothing and is counted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = task.module
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    state = LoopState.begin(module, optimiser)
    state.resume(folder)
    while state.step < settings.steps and not _is_over(state, settings):
        means = _steps(task, folder, state, settings, told)
        figures = held_out(task)
        state.judge(float(figures["loss"]))
        _log(folder, state, means, figures)
        state.save(folder)
        if told is not None:
            told(state.step, settings.steps, f"held out: {_line(figures)}")
    state.take_best()
    module.eval()
    return state


def held_out(task: ImplicitTask) -> Figures:
    """The task's held-out figures, its module in evaluation mode and without gradients."""
    task.module.eval()
    with torch.no_grad():
        return task.validate()


def _is_over(state: LoopState, settings: LoopSettings) -> bool:
    return settings.patience is not None and state.looks_since_best >= settings.patience


def _steps(
    task: ImplicitTask, folder: Path, state: LoopState, settings: LoopSettings, told: Told | None
) -> Figures:
    """As many as there are to the next look; the means of what the batches said. The state is saved on the
    way where a look is long in coming."""
    task.module.train()
    sums: dict[str, float] = {}
    saved = begun = time.perf_counter()
    count = min(settings.look - state.step % settings.look, settings.steps - state.step)
    for done in range(count):
        loss, figures = task.batch_loss(state.step)
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(task.module.parameters(), settings.gradient_norm)
        finite = bool(torch.isfinite(norm))
        if finite:
            for group in state.optimiser.param_groups:
                group["lr"] = settings.rate(state.step)
            state.optimiser.step()
        state.step += 1
        now = time.perf_counter()
        state.seconds, begun = state.seconds + now - begun, now
        if now - saved > SAVE_EVERY:
            state.save(folder)
            saved = now
        values = {"loss": float(loss.detach()), **figures} if finite else {}
        for name, value in {**values, "skipped": float(not finite)}.items():
            sums[name] = sums.get(name, 0.0) + value
        if told is not None:
            told(state.step, settings.steps, f"loss {sums.get('loss', math.nan) / (done + 1):.4g}")
    return {name: value / count for name, value in sums.items()}


def _line(figures: Figures) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items())


def _log(folder: Path, state: LoopState, means: Figures, figures: Figures) -> None:
    line = {
        "step": state.step,
        "seconds": round(state.seconds, 1),
        "train": {name: _number(value) for name, value in means.items()},
        "validation": {name: _number(value) for name, value in figures.items()},
    }
    write_log(folder, line, key="step")


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
