"""Magnetic resonance at 4× and 8×: what is trained, on what, and where it is kept.

Every network has the same R, the same pictures in the same order, the same noise and as many gradient steps:
those of training/configs/implicit-reconstruction.toml. They differ in the form of their step and in how deep
they are: unrolled 10 steps, or at equilibrium.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from training.implicit.recipes import recipe
from training.implicit.reconstruction_settings import ReconstructionSettings

SEED = 8
UNROLLED_DEPTH = 10
ACCELERATIONS = (8, 4)
NETWORKS = {
    "DU-Prox": ("proximal", "unrolled"),
    "DE-Prox": ("proximal", "equilibrium"),
    "DU-Grad": ("gradient", "unrolled"),
    "DE-Grad": ("gradient", "equilibrium"),
}


def settings_of(name: str, acceleration: int, steps: int | None = None) -> ReconstructionSettings:
    """Of a network of `NETWORKS`."""
    form, mode = NETWORKS[name]
    base = recipe("reconstruction").read_settings(None, steps=steps)
    assert isinstance(base, ReconstructionSettings)
    changes: dict[str, Any] = {
        "form": form,
        "mode": mode,
        "operator": {**base.operator, "acceleration": acceleration},
    }
    if mode == "unrolled":
        changes |= {"depth": UNROLLED_DEPTH, "least_depth": None, "surroundings": 0.0, "contraction": None}
    return base.model_copy(update=changes)


def trained_folder(name: str, acceleration: int) -> Path:
    """Where `benchmarks.mri_training` leaves a network."""
    top = os.environ.get("FARKAS_BENCH")
    base = Path(top) / "mri" if top else Path(__file__).parent / "work" / "mri"
    return base / f"{name.lower()}-{acceleration}x"
