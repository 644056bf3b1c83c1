"""Every setting, one row each: name, default, help.

A command-line flag counts before the environment variable `FARKAS_<NAME>`, that before the default. The
tables of the documentation are made from these rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from graphs.readers.limits import ReadLimits
from runtime.registry import Registry
from service.choices import Device
from solvers.linear.certificate import Tolerances

PREFIX = "FARKAS_"
BUNDLED_MODELS = Path(__file__).parent / "models"
"""The read-only registry that ships with the package."""


def user_models() -> Path:
    """Where models of one's own are kept by default: the platform's data folder for programs of this user."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "farkas" / "models"


class Settings(BaseSettings):
    """What can be set; see the module docstring for which value counts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    model: str = Field(
        default="bundled", description="Model to answer with: a registry name, name@version, or folder"
    )
    models: Path = Field(default_factory=user_models, description="Registry folder of one's own models")
    device: Device = Field(
        default=Device.CPU, description="Where the network runs; auto takes cuda when there is one"
    )
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads the network may use")
    batch_size: int = Field(
        default=64, ge=1, description="Most instances that go through the network together"
    )
    batch_nonzeros: int = Field(
        default=1_000_000, ge=1, description="Most nonzeros in such a batch of several instances"
    )

    max_body_bytes: int = Field(
        default=64 << 20, ge=1, description="Largest file or request body, as it arrives"
    )
    max_inflated_bytes: int = Field(default=512 << 20, ge=1, description="Largest file or body after gunzip")
    max_rows: int = Field(default=1_000_000, ge=0, description="Most rows of an instance")
    max_columns: int = Field(default=1_000_000, ge=0, description="Most columns of an instance")
    max_nonzeros: int = Field(default=20_000_000, ge=0, description="Most nonzeros of an instance")
    max_lp_seconds: float = Field(
        default=10.0,
        gt=0,
        description="Time HiGHS may take to confirm a CPLEX-LP text, and once more for every 16 MiB of it",
    )
    max_lp_memory: int = Field(
        default=4 << 30, ge=1, description="Bytes of address space of the process in which it does"
    )

    max_dictionary: int = Field(
        default=4_000_000, ge=1, description="Most numbers of a dictionary that a request brings or names"
    )
    max_measurements: int = Field(
        default=100_000, ge=1, description="Most measurements in a request of sparse recovery"
    )
    max_codes: int = Field(
        default=16_000_000,
        ge=1,
        description="Most numbers in all its codes (or measurements, where these have more)",
    )
    max_layers: int = Field(default=200, ge=1, description="Most layers that such a request may ask for")

    max_picture_pixels: int = Field(
        default=40_000_000, ge=1, description="Most pixels of a picture file (PNG, JPEG) that is decoded"
    )
    max_pixels: int = Field(
        default=262_144, ge=256, description="Most pixels of a picture that a request has reconstructed"
    )
    max_batch_pixels: int = Field(
        default=1_048_576,
        ge=256,
        description="Most pixels of all pictures of such a request, 256 at least counted of each",
    )
    max_projections: int = Field(
        default=5_000_000, ge=1, description="Most angles times pixels of a tomography that a request names"
    )
    max_iterations: int = Field(
        default=2000, ge=1, description="Most iterations that a request for pictures or equilibria may ask"
    )
    max_contexts: int = Field(
        default=10_000, ge=1, description="Most contexts in a request for the equilibria of a game"
    )

    feasibility_tolerance: float = Field(
        default=1e-6,
        gt=0,
        lt=1,
        description="Violation of a row or bound allowed a point, times 1 + |its bound|",
    )
    integrality_tolerance: float = Field(
        default=1e-6, gt=0, lt=0.5, description="Distance from the nearest integer allowed an integer column"
    )
    ray_tolerance: float = Field(
        default=1e-9, gt=0, lt=1, description="Violation allowed a ray, relative to its gain"
    )
    gap_tolerance: float = Field(
        default=1e-6, gt=0, lt=1, description="Relative gap within which a point is optimal"
    )

    solvers: int = Field(
        default=0, ge=0, le=256, description="Processes of exact solvers of a command; 0 takes one a core"
    )
    solver_memory: int = Field(
        default=4 << 30, ge=0, description="Bytes of address space such a process may map; 0 for no limit"
    )

    host: str = Field(default="127.0.0.1", description="Address the server listens on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port the server listens on; 0 takes a free one"
    )
    workers: int = Field(
        default=0, ge=0, le=256, description="Worker processes; 0 takes one a core, at most 4, one on a GPU"
    )
    worker_memory: int = Field(
        default=8 << 30, ge=0, description="Bytes of address space a worker may map; 0 for no limit"
    )
    concurrency: int = Field(
        default=64, ge=1, description="Instances being answered or waiting for it; more get a 503"
    )
    held_bytes: int = Field(
        default=1 << 30, ge=1, description="Bytes of request bodies held in memory; more get a 503"
    )
    batch_bytes: int = Field(
        default=8 << 20, ge=1, description="Most bytes of several instances that a worker takes together"
    )
    max_items: int = Field(default=1000, ge=1, description="Most instances in a list")
    answer_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Time a worker has for an instance, and once more for every 64 MiB of it",
    )
    solve_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Most seconds that a request may give a solver or a proof; less than answer_seconds",
    )
    connections: int = Field(
        default=1024,
        ge=1,
        description="Open connections; on more than these only health and metrics are served",
    )
    head_seconds: float = Field(default=10.0, gt=0, description="Time a client has to send a request's head")
    idle_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Time a client may send no further request, or take nothing of its answer",
    )
    body_seconds: float = Field(default=30.0, gt=0, description="Time a client has to send its request body")
    grace_seconds: int = Field(
        default=20, ge=0, description="Time requests have to finish when the server stops"
    )
    loaded_models: int = Field(default=4, ge=1, description="Models kept in memory, besides the default one")

    @property
    def worker_count(self) -> int:
        """How many worker processes; several would share one GPU's memory."""
        if self.workers:
            return self.workers
        return min(4, cores()) if self.device is Device.CPU else 1

    @property
    def solver_count(self) -> int:
        """How many processes of exact solvers a command has."""
        return self.solvers or cores()

    @property
    def limits(self) -> ReadLimits:
        return ReadLimits(
            compressed_bytes=self.max_body_bytes,
            inflated_bytes=self.max_inflated_bytes,
            rows=self.max_rows,
            columns=self.max_columns,
            nonzeros=self.max_nonzeros,
            lp_seconds=self.max_lp_seconds,
            lp_memory_bytes=self.max_lp_memory,
        )

    @property
    def tolerances(self) -> Tolerances:
        return Tolerances(
            feasibility=self.feasibility_tolerance,
            integrality=self.integrality_tolerance,
            ray=self.ray_tolerance,
            gap=self.gap_tolerance,
        )


def cores() -> int:
    """Those that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def settings_from(**flags: Any) -> Settings:
    """Settings with the flags that were given (not None) before environment and defaults.

    Raises:
        pydantic.ValidationError: a flag or an environment variable has no acceptable value.
    """
    return Settings(**{name: value for name, value in flags.items() if value is not None})


@dataclass(frozen=True)
class Row:
    """One setting, as the documentation lists it."""

    name: str
    variable: str
    default: str
    help: str


def rows() -> Iterator[Row]:
    """Every setting in the order of `Settings`."""
    for name, field in Settings.model_fields.items():
        default = "~/.local/share/farkas/models" if field.default_factory else str(field.default)
        yield Row(name, PREFIX + name.upper(), default, field.description or "")


def registry_of(settings: Settings) -> Registry:
    """The models of one's own over the bundled ones."""
    return Registry(settings.models.expanduser(), BUNDLED_MODELS)
