"""Which implicit networks there are to train: a name, its settings, its task, how it is stored.

A task's module is imported when it is asked for: some need packages that are extras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from training.implicit.loop import LoopSettings
from training.implicit.task import ImplicitTask
from training.toml_files import read_toml, wrong_keys

CONFIGS = Path(__file__).parent.parent / "configs"
RECIPES: Mapping[str, str] = {
    "reconstruction": "pictures from measurements: a deep equilibrium, or an unrolled network",
    "matrix-game": "equilibria of contextual matrix games",
    "traffic": "equilibria of traffic on a road network",
    "classifier": "pictures of digits into classes",
}
"""Names as the command has them, and what is trained."""


class Settings(Protocol):
    """What every task's settings have: those of the loop beside their own."""

    @property
    def loop(self) -> LoopSettings: ...
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Recipe:
    """Attributes:
    name: a key of `RECIPES`.
    settings: the class of the task's settings, a pydantic model with a `loop`.
    make: the task of settings, seed and somebody's own data, if any; ValueError where they do not do.
    save: writes folder, task and the card so far as a checkpoint of the task's kind.
    """

    name: str
    settings: type[BaseModel]
    make: Callable[[Any, int, Path | None], ImplicitTask]
    save: Callable[[Path, Any, Mapping[str, Any]], None]

    def read_settings(self, path: Path | None, *, steps: int | None = None) -> Settings:
        """The defaults of configs/implicit-NAME.toml; before them a file's keys, then the steps.

        The table `loop` is joined key by key.

        Raises:
            ValueError: it is no TOML, or has a key or a value that is not allowed.
        """
        data = read_toml(CONFIGS / f"implicit-{self.name}.toml")
        for given in ({} if path is None else read_toml(path), {} if steps is None else _steps(steps)):
            loop = {**_table(data), **_table(given, path)}
            data = {**data, **given, **({"loop": loop} if loop else {})}
        try:
            return cast(Settings, self.settings.model_validate(data))
        except ValidationError as error:
            tables = {"loop": LoopSettings.model_fields}
            raise ValueError(wrong_keys(error, path, {}, self.settings.model_fields, tables)) from None


def recipe(name: str) -> Recipe:
    """The recipe of a key of `RECIPES`.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in RECIPES:
        raise ValueError(f"there is no implicit network {name!r}; there are {', '.join(RECIPES)}")
    module = import_module(f"training.implicit.{name.replace('-', '_')}_task")
    settings = getattr(module, f"{name.title().replace('-', '')}Settings")
    return Recipe(name, settings, module.make_task, module.save_model)


def _steps(steps: int) -> dict[str, Any]:
    return {"loop": {"steps": steps}}


def _table(data: Mapping[str, Any], path: Path | None = None) -> dict[str, Any]:
    found = data.get("loop", {})
    if not isinstance(found, dict):
        raise ValueError(f"the settings of {path} are not valid: loop is a table, [loop], not a key")
    return found
