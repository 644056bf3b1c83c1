"""The Dockerfile's steps in an empty folder, without an engine, and a trial of what comes out.

A folder ROOT stands for the image's root. A virtual environment in ROOT/usr/local stands for the base image;
each absolute path in an instruction is taken below ROOT. A stage's ROOT is moved away before the next stage
begins, so that nothing reaches the last one but what its COPY --from names. What only root could do in an
image (making the user) is left out and said. In the end ROOT is made read-only but for the volume and /tmp,
and the image's command is run in it without privileges, as the first process of its own process namespace
where this system lets a plain user have one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.container.recipe import Instruction, Stage, build_context, copied, read_recipe
from scripts.container.trial import (
    free_port,
    own_processes,
    process_inside,
    read_only,
    snapshot,
    without_privileges,
)

CHECKOUT = Path(__file__).resolve().parents[2]
_IMAGE_PATH = r"(?<![\w./-])(?=/(?:build|data|opt|tmp|var/lib)\b)"
_OF_THIS_MACHINE = ("PIP_", "SSL_")
_FOR_ROOT_ONLY = ("groupadd", "useradd")
_EXAMPLE = "lp-feasible.mps"


class Replay:
    """One run through a Dockerfile.

    Args:
        folder: an empty folder; ROOT is made in it.
        python: the interpreter that stands for the base image's.
        arguments: values of the Dockerfile's ARGs.
    """

    def __init__(self, folder: Path, python: str, arguments: Mapping[str, str]) -> None:
        self.root = folder / "root"
        self._folder = folder
        self._python = python
        self._arguments = arguments
        self._context = build_context(CHECKOUT)
        self._done: dict[str, Path] = {}

    def build(self, stages: Sequence[Stage]) -> None:
        """Follow every stage in order."""
        for number, stage in enumerate(stages):
            if self.root.exists():
                self._done[stages[number - 1].name] = self.root.rename(self._folder / f"stage-{number - 1}")
            self._build(stage)

    def _build(self, stage: Stage) -> None:
        with step(f"FROM {stage.base}"):
            self.temporary.mkdir(parents=True)
            run([self._python, "-m", "venv", str(self.root / "usr" / "local")])
        work = self.root
        environment = self.start()
        for item in stage.instructions:
            environment = stage_so_far(stage, item).variables({**environment, **self._arguments})
            if item.name in ("WORKDIR", "VOLUME"):
                for word in item.words if item.name == "VOLUME" else [item.value]:
                    self.below(word).mkdir(parents=True, exist_ok=True)
                work = self.below(item.value) if item.name == "WORKDIR" else work
            elif item.name == "COPY":
                with step(f"COPY {item.value}"):
                    self._copy(item, work)
            elif item.name == "RUN":
                self._run(item, work, environment)

    def _copy(self, item: Instruction, work: Path) -> None:
        *sources, target = item.arguments
        place = self.below(target) if target.startswith("/") else work / target
        if "from" in item.options:
            for source in sources:
                shutil.copytree(self._done[item.options["from"]] / source.lstrip("/"), place, symlinks=True)
            return
        files = copied(sources, self._context)
        if not files:
            raise SystemExit("  nothing of it is in the build context")
        for name, goes_to in files.items():
            (place / goes_to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, place / goes_to)

    def _run(self, item: Instruction, work: Path, environment: Mapping[str, str]) -> None:
        if any(word in item.value.split() for word in _FOR_ROOT_ONLY):
            print(f"left out, root's business: RUN {item.value[:70]} ...", flush=True)
            return
        with step(f"RUN {item.value}"):
            run(["/bin/sh", "-c", self.moved(item.value)], cwd=work, env=self.moved_all(environment))

    def start(self) -> dict[str, str]:
        """The base image's environment: its programs before the shell's tools; pip's settings are kept."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(_OF_THIS_MACHINE)}
        return {**kept, "PATH": f"{self.root}/usr/local/bin:/usr/bin:/bin", "HOME": str(self.temporary)}

    @property
    def temporary(self) -> Path:
        """The image's /tmp."""
        return self.root / "tmp"

    def below(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def moved(self, text: str) -> str:
        """The text with the image's absolute paths below ROOT; those that are there already stay."""
        own = re.escape(str(self.root))
        return re.sub(rf"(?<!\w){own}|{_IMAGE_PATH}", lambda found: found[0] or str(self.root), text)

    def moved_all(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value if name.startswith(_OF_THIS_MACHINE) else self.moved(value)
            for name, value in environment.items()
        }


class Trial:
    """What the last stage starts, run below a read-only ROOT."""

    def __init__(self, replay: Replay, stage: Stage) -> None:
        self._stage = stage
        self._work = replay.below(stage.last("WORKDIR").value)
        self._root, self._temporary = replay.root, replay.temporary
        (self._volume,) = (replay.below(word) for word in stage.last("VOLUME").words)
        start = {**replay.start(), "HOME": str(self._volume), "TMPDIR": str(replay.temporary)}
        path = stage.variables({"PATH": start["PATH"]})
        self._environment = replay.moved_all({**start, **path, "FARKAS_PORT": str(free_port())})
        self._entry = stage.last("ENTRYPOINT").words

    def run(self) -> None:
        """Every check in turn.

        Raises:
            SystemExit: one of them failed.
        """
        shutil.copyfile(CHECKOUT / "examples" / _EXAMPLE, self._work / _EXAMPLE)
        writable = (self._volume, self._temporary)
        with read_only(self._root, but=writable):
            before = snapshot(self._root, but=writable)
            with step(f"farkas predict {_EXAMPLE}"):
                self._call([*self._entry, "predict", _EXAMPLE])
            self._serve()
            if changed := snapshot(self._root, but=writable) ^ before:
                raise SystemExit(f"written outside the volume and /tmp: {sorted(changed)[:10]}")
            print("nothing was written outside the volume and /tmp", flush=True)

    def _serve(self) -> None:
        command = [*own_processes(), *without_privileges(), *self._entry, *self._stage.last("CMD").words]
        with step("the health check fails where nothing serves"):
            if self._is_healthy():
                raise SystemExit("  it does not")
        print(f"start: {' '.join(command)}", flush=True)
        with subprocess.Popen(command, cwd=self._work, env=self._environment) as server:
            try:
                with step("HEALTHCHECK"):
                    self._wait_until_healthy(server)
                with step("SIGTERM"):
                    os.kill(process_inside(server.pid, command[0]), signal.SIGTERM)
                    status = server.wait(timeout=30)
                print(f"  exit status {status}", flush=True)
                if status != 0:
                    raise SystemExit("the server did not end well")
            finally:
                server.kill()

    def _wait_until_healthy(self, server: subprocess.Popen[bytes]) -> None:
        period = self._stage.last("HEALTHCHECK").options["start-period"]
        end = time.monotonic() + float(period.removesuffix("s"))
        while not self._is_healthy():
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"  not healthy within {period}")
            time.sleep(0.2)

    def _is_healthy(self) -> bool:
        command = self._stage.last("HEALTHCHECK").arguments
        done = subprocess.run(
            [*without_privileges(), *command],
            cwd=self._work,
            env=self._environment,
            capture_output=True,
            timeout=10,
            check=False,
        )
        return done.returncode == 0

    def _call(self, command: Sequence[str]) -> None:
        run([*without_privileges(), *command], cwd=self._work, env=self._environment)


def stage_so_far(stage: Stage, item: Instruction) -> Stage:
    """A stage of this one instruction: its variables are what it adds."""
    return Stage(stage.base, stage.name, [item])


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    print(title if len(title) <= 110 else f"{title[:107]}...", flush=True)
    started = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - started:.1f} s", flush=True)


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run to the end.

    Raises:
        SystemExit: its exit status is not 0.
    """
    done = subprocess.run(command, cwd=cwd, env=env, check=False)
    if done.returncode:
        raise SystemExit(f"  failed with {done.returncode}: {' '.join(command)[:200]}")


def main() -> None:
    """Replay, then try; the folder is removed unless it shall be kept."""
    parser = argparse.ArgumentParser(description="Follow the Dockerfile without a container engine.")
    parser.add_argument("--python", default="python3", help="stands for the base image's")
    parser.add_argument("--folder", type=Path, help="where; default: a new one among the temporary files")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="farkas-container-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    stages = read_recipe(CHECKOUT / "Dockerfile")
    try:
        replay = Replay(folder.resolve(), given.python, dict(pair.split("=", 1) for pair in given.build_arg))
        replay.build(stages)
        Trial(replay, stages[-1]).run()
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    print("the container's steps work", flush=True)


if __name__ == "__main__":
    main()
