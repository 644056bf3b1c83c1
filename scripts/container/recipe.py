"""The Dockerfile as data: stages of instructions, and the files that a build is given."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from docker.utils.build import exclude_paths  # type: ignore[import-untyped]
from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in capitals, and what follows it on one line."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value's words: a JSON list's items, or split as a shell does."""
        if self.value.startswith("["):
            return [str(word) for word in json.loads(self.value)]
        return shlex.split(self.value)

    @property
    def options(self) -> dict[str, str]:
        """The leading `--name=value` words."""
        leading = re.match(r"(?:--\S+\s+)*", self.value)
        pairs = (word.removeprefix("--").partition("=") for word in (leading[0] if leading else "").split())
        return {name: value for name, _, value in pairs}

    @property
    def arguments(self) -> list[str]:
        """The words after the leading options, and after the CMD of a HEALTHCHECK."""
        return Instruction(self.name, re.sub(r"^(?:--\S+\s+)*(?:CMD\s+)?", "", self.value)).words


@dataclass
class Stage:
    """What follows one FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [item for item in self.instructions if item.name == name]

    def last(self, name: str) -> Instruction:
        """The one that counts of those of which the last counts.

        Raises:
            LookupError: there is none.
        """
        found = self.all(name)
        if not found:
            raise LookupError(f"the stage {self.name or 'at the end'} has no {name}")
        return found[-1]

    def variables(self, start: Mapping[str, str]) -> dict[str, str]:
        """`start` after the stage's ARG and ENV; what `start` says counts before an ARG's default."""
        found = dict(start)
        for item in self.instructions:
            if item.name not in ("ARG", "ENV"):
                continue
            for word in item.words:
                key, _, value = word.partition("=")
                if item.name == "ENV" or key not in found:
                    found[key] = Template(value).safe_substitute(found)
        return found


def read_recipe(path: Path) -> list[Stage]:
    """The stages of a Dockerfile, in order; ARGs before the first FROM fill in the bases' names."""
    with path.open("rb") as file:
        structure = DockerfileParser(fileobj=file, env_replace=False).structure
    given: dict[str, str] = {}
    stages: list[Stage] = []
    for line in structure:
        item = Instruction(line["instruction"], re.sub(r"\s+", " ", line["value"]))
        if item.name == "COMMENT":
            continue
        if item.name == "FROM":
            base, *name = re.split(r"\s+AS\s+", Template(item.value).substitute(given), flags=re.IGNORECASE)
            stages.append(Stage(base, name[0] if name else ""))
        elif stages:
            stages[-1].instructions.append(item)
        else:
            given |= Stage("", "", [item]).variables(given)
    return stages


def build_context(root: Path) -> list[str]:
    """Files that a build of `root` is sent, after its .dockerignore, as paths below it, sorted."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return sorted(name for name in exclude_paths(str(root), patterns) if (root / name).is_file())


def copied(sources: Sequence[str], context: Sequence[str]) -> dict[str, str]:
    """{file of the context: where it goes below the target} of a COPY; of a folder, its content."""
    targets = {}
    for source in sources:
        folder = source.rstrip("/") + "/"
        for name in context:
            if name == source:
                targets[name] = Path(name).name
            elif name.startswith(folder):
                targets[name] = name.removeprefix(folder)
    return targets
