"""Taking a version out of the registry."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from runtime.files import sync
from runtime.names import ReadOnlyModel, RegistryError
from runtime.registry import Registry


def remove_version(registry: Registry, name: str, version: str) -> None:
    """Delete one of one's own versions; to others it is whole or gone.

    Raises:
        InvalidModelName, ModelNotFound
        ReadOnlyModel: it ships with farkas.
        RegistryError: it is the current one of several; only promotion changes which that is.
    """
    registry.show(name, version)  # before the lock makes a folder for a name that is nobody's
    with registry.locked(name):
        entry = registry.show(name, version)
        if entry.bundled:
            raise ReadOnlyModel(f"{name}@{version} ships with farkas: it stays")
        if entry.current and len(registry.versions(name)) > 1:
            raise RegistryError(
                f"{name}@{version} is what the bare name stands for",
                hint=f"make another the current one first: farkas models promote {name}@VERSION",
            )
        parent = entry.folder.parent
        gone = Path(tempfile.mkdtemp(prefix=".removed-", dir=parent))
        entry.folder.rename(gone / version)
        sync(parent)
    shutil.rmtree(gone, ignore_errors=True)
