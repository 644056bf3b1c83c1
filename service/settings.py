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
    max_inflated_bytes: int = Field(default=256 << 20, ge=1, description="Largest file or body after gunzip")
    max_rows: int = Field(default=1_000_000, ge=0, description="Most rows of an instance")
    max_columns: int = Field(default=1_000_000, ge=0, description="Most columns of an instance")
    max_nonzeros: int = Field(default=10_000_000, ge=0, description="Most nonzeros of an instance")

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

    host: str = Field(default="127.0.0.1", description="Address the server listens on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port the server listens on; 0 takes a free one"
    )
    concurrency: int = Field(
        default=16, ge=1, description="Requests being answered or waiting for it; more get a 503"
    )
    connections: int = Field(default=256, ge=1, description="Open connections and requests; more get a 503")
    body_seconds: float = Field(default=30.0, gt=0, description="Time a client has to send its request body")
    grace_seconds: int = Field(
        default=20, ge=0, description="Time requests have to finish when the server stops"
    )
    loaded_models: int = Field(default=4, ge=1, description="Models kept in memory, besides the default one")

    @property
    def limits(self) -> ReadLimits:
        return ReadLimits(
            compressed_bytes=self.max_body_bytes,
            inflated_bytes=self.max_inflated_bytes,
            rows=self.max_rows,
            columns=self.max_columns,
            nonzeros=self.max_nonzeros,
        )

    @property
    def tolerances(self) -> Tolerances:
        return Tolerances(
            feasibility=self.feasibility_tolerance,
            integrality=self.integrality_tolerance,
            ray=self.ray_tolerance,
            gap=self.gap_tolerance,
        )


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
