"""Fixtures shared by every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_instances() -> Path:
    """Folder of real LP and MILP files with known answers; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("FARKAS_INSTANCES", ROOT.parent / "shared" / "instances"))
    if not (folder / "index.csv").is_file():
        pytest.skip("no shared instances here: set FARKAS_INSTANCES")
    return folder
