"""Score whole folders: every instance below them a row, whatever happens on the way.

The files, sorted by path, are cut into chunks. A finished chunk is a shard in `OUT.parts/`, named by the hash
of what determines it: each file's path, size and time of change, the model's weights and the options. A run
that was killed therefore resumes by computing only the shards that are missing, in the same batches as an
undisturbed run, and their merge is the same table (but for the columns `tables.SECONDS`). Shards are kept, so
that a later run over a grown folder reuses what it can; `--fresh` forgets them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import pyarrow as pa
from pyarrow import parquet

from graphs.readers.limits import ReadLimits
from runtime.files import write_atomically
from service import tables
from service.answers import Answer
from service.effort import Effort
from service.errors import UnreadableFile
from service.failures import attempt
from service.lanes import Lanes
from service.pipeline import BatchLimits, Predictor, score_readings
from service.reading import Reading, display_name, instance_suffix, read_file
from service.settings import Settings
from service.version import farkas_version

_MARK = "MANIFEST"
_CHUNK_BYTES = 64 << 20
_GZIP_RATIO = 8
SHARD_FILES = 256
"""Most files of a shard: what is proved together shares the cost, so several batches."""


@dataclass(frozen=True)
class Found:
    """A file to score, as it was when it was found."""

    path: Path
    size: int
    changed: int

    @property
    def name(self) -> str:
        return display_name(self.path)

    @property
    def key(self) -> tuple[str, int, int]:
        return self.name, self.size, self.changed

    @property
    def weight(self) -> int:
        """Its size in memory, roughly: bytes of text."""
        return self.size * (_GZIP_RATIO if self.path.suffix.lower() == ".gz" else 1)


@dataclass(frozen=True)
class Summary:
    """How a run went: files in all, those with an error row, and those taken from an earlier run."""

    files: int
    failed: int
    reused: int


Progress = Callable[[int], None]
"""Called with the number of files that a finished chunk had."""


@dataclass(frozen=True)
class Run:
    """One scoring of folders: by what, into what.

    Attributes:
        output: the table's path; its suffix, one of `tables.FORMS`, tells its form.
        prepare: called before the first instance is answered; see `pipeline.score_readings`.
        shard_files: most files of a shard.
    """

    predictor: Predictor
    effort: Effort
    lanes: Lanes
    settings: Settings
    output: Path
    prepare: Callable[[], object] | None = None
    shard_files: int = SHARD_FILES

    @property
    def parts(self) -> Path:
        return self.output.with_name(self.output.name + ".parts")

    @property
    def options(self) -> dict[str, str | int | float | None]:
        """Everything beside the files that a row depends on."""
        settings = self.settings.model_dump(mode="json")
        chosen = {key: settings[key] for key in settings if key.startswith(("max_", "batch_"))}
        asked = {key: value for key, value in asdict(self.effort).items() if key != "tolerances"}
        tolerances = {key: settings[key] for key in settings if key.endswith("_tolerance")}
        model = {
            "model": self.predictor.name,
            "version": self.predictor.version,
            "sha": self.predictor.sha256,
        }
        return {**chosen, **tolerances, **model, **asked, **self._of_lanes(), "farkas": farkas_version()}

    def _of_lanes(self) -> dict[str, str | int]:
        """What the solve lane and the choice of a lane depend on, where there is one."""
        if not self.effort.may_solve:
            return {}
        costs = self.lanes.costs(self.predictor)
        digest = hashlib.sha256(b"" if costs is None else orjson.dumps(costs.to_json())).hexdigest()
        return {"solver_memory": self.settings.solver_memory, "costs": digest}

    def score(self, files: Sequence[Found], progress: Progress) -> Summary:
        """Score what has no shard yet, then write the table.

        Raises:
            OSError: a shard or the table cannot be written.
        """
        self.parts.mkdir(exist_ok=True)
        write_atomically(self.parts / _MARK, orjson.dumps(self.options, option=orjson.OPT_INDENT_2))
        shards: list[Path] = []
        parts: list[pa.Table] = []
        reused = 0
        for chunk in chunks(files, self.shard_files):
            shards.append(self.parts / f"{self._name(chunk)}.parquet")
            if shards[-1].is_file():
                reused += len(chunk)
                parts.append(parquet.read_table(shards[-1], schema=tables.SCHEMA))
            else:
                rows, is_final = self._rows(chunk)
                parts.append(rows)
                if is_final:
                    tables.write(rows, shards[-1])
            progress(len(chunk))
        merged = pa.concat_tables(parts)
        tables.write(merged, self.output)
        _forget(self.parts, keep=shards)
        failed = len(files) - merged["error_type"].null_count
        return Summary(len(files), failed, reused)

    def forget(self) -> None:
        """Remove the shards of earlier runs."""
        if (self.parts / _MARK).is_file():
            shutil.rmtree(self.parts)

    def _rows(self, chunk: Sequence[Found]) -> tuple[pa.Table, bool]:
        """The chunk's rows, and whether a later run may take them over: not where a solver failed."""
        limits = self.settings.limits
        readings = [attempt(_read, found, limits) for found in chunk]
        batch = BatchLimits(self.settings.batch_size, self.settings.batch_nonzeros)
        answers = score_readings(
            readings, self.predictor, self.effort, self.lanes, batch, prepare=self.prepare
        )
        lost = any(
            isinstance(answer, Answer) and answer.solver is not None and answer.solver.failure is not None
            for answer in answers
        )
        return tables.table([found.name for found in chunk], answers), not lost

    def _name(self, chunk: Sequence[Found]) -> str:
        content = orjson.dumps([sorted(self.options.items()), [found.key for found in chunk]])
        return hashlib.sha256(content).hexdigest()[:32]


def find(paths: Iterable[Path]) -> list[Found]:
    """Every instance file below the paths, each once, sorted by path; a path to a file always counts.

    Raises:
        UnreadableFile: a path does not exist.
    """
    found = {str(path): path for given in paths for path in _below(given)}
    return [_stat(found[name]) for name in sorted(found)]


def chunks(files: Sequence[Found], size: int) -> Iterator[list[Found]]:
    """Consecutive files, at most `size` of them and about _CHUNK_BYTES of text; a larger file goes alone."""
    chunk: list[Found] = []
    weight = 0
    for found in files:
        if chunk and (len(chunk) == size or weight + found.weight > _CHUNK_BYTES):
            yield chunk
            chunk, weight = [], 0
        chunk.append(found)
        weight += found.weight
    if chunk:
        yield chunk


def _below(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise UnreadableFile(f"there is no file or folder {str(path)!r}")
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        if (Path(folder) / _MARK).is_file():
            continue
        files = (Path(folder, name) for name in names)
        yield from (file for file in files if instance_suffix(file) is not None)


def _read(found: Found, limits: ReadLimits) -> Reading:
    with suppress(OSError):  # reading will say why
        if not stat.S_ISREG(found.path.stat().st_mode):
            raise UnreadableFile("this is not a regular file")
    return read_file(found.path, limits)


def _stat(path: Path) -> Found:
    """A file that vanished or cannot be looked at is found all the same: reading it will say why not."""
    try:
        status = path.stat()
    except OSError:
        return Found(path, 0, 0)
    return Found(path, status.st_size, status.st_mtime_ns)


def _forget(parts: Path, *, keep: Sequence[Path]) -> None:
    """Remove the shards that this run did not use, and what a killed one left half written."""
    for leftover in {*parts.glob("*.parquet"), *parts.glob(".*.tmp")} - set(keep):
        leftover.unlink(missing_ok=True)
