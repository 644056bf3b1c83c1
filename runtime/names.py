"""What a model and its versions may be called, and what can be wrong with asking the registry for one.

RegistryError
├── InvalidModelName     not a name: it never becomes part of a path
├── ModelNotFound        a good name, but nothing there
├── VersionExists        the version is there with other weights
├── ReadOnlyModel        a bundled model cannot be changed
└── NothingToRollBack    no earlier version
"""

from __future__ import annotations

import re
from typing import ClassVar

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}\Z"
_NAME = re.compile(NAME_PATTERN)


class RegistryError(Exception):
    """A registry request that cannot be met; the base of the classes below."""

    type: ClassVar[str] = "registry"
    title: ClassVar[str] = "The model registry cannot do this"

    def __init__(self, detail: str, *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class InvalidModelName(RegistryError):
    type = "invalid-model-name"
    title = "This cannot be a model's name or version"


class ModelNotFound(RegistryError):
    type = "model-not-found"
    title = "There is no such model"


class UnusableModel(RegistryError):
    type = "unusable-model"
    title = "The model cannot be loaded"


class VersionExists(RegistryError):
    type = "version-exists"
    title = "This version is in the registry already, with other weights"


class ReadOnlyModel(RegistryError):
    type = "read-only-model"
    title = "This model ships with farkas and cannot be changed"


class NothingToRollBack(RegistryError):
    type = "nothing-to-roll-back"
    title = "This model has no earlier version to return to"


def check_name(name: str) -> str:
    """`name` itself, once it is known to be safe as one part of a path.

    Raises:
        InvalidModelName
    """
    if not is_name(name):
        raise InvalidModelName(
            "a model's name or version has 1 to 64 characters of a-z, 0-9, '.', '_' and '-', "
            "and begins with a letter or a digit"
        )
    return name


def is_name(text: str) -> bool:
    """Whether `text` matches NAME_PATTERN."""
    return _NAME.match(text) is not None
