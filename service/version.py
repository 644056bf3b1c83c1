"""The version of farkas that runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def farkas_version() -> str:
    """As installed; a source tree that is not installed has none."""
    try:
        return version("farkas")
    except PackageNotFoundError:
        return "0+source"
