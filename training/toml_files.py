"""Settings from TOML files, and what is wrong with one in a line that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError


def read_toml(path: Path) -> dict[str, Any]:
    """Raises:
    ValueError: it is no TOML.
    OSError: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_bytes().decode())
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text: settings are a TOML file, lines such as layers = 8") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise ValueError(
            f"{path} is no TOML: {message[:1].lower()}{message[1:]}; its lines are such as layers = 8"
        ) from None


def wrong_keys(
    error: ValidationError,
    path: Path | None,
    overrides: Mapping[str, Any],
    known: Iterable[str],
    tables: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """What is wrong with settings, as one line.

    Args:
        path: the file that they are from, if any.
        overrides: those given on the command line.
        known: the keys that there are.
        tables: those in a table, by its name.
    """
    places: dict[tuple[int | str, ...], Iterable[str]] = {(): known}
    places |= {(name,): keys for name, keys in (tables or {}).items()}
    wrong, in_file = [], False
    for item in error.errors():
        key = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden" and item["loc"][:-1] in places:
            item["msg"] = f"there is no such key; there are {', '.join(places[item['loc'][:-1]])}"
        option = str(item["loc"][0]) in overrides
        in_file = in_file or not option
        wrong.append(f"{'--' + key.replace('_', '-') if option else key}: {item['msg']}")
    file = f" of {path}" if in_file and path is not None else ""
    return f"the settings{file} are not valid: {'; '.join(wrong)}"
