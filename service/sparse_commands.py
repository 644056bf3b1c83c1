"""What `farkas sparse` and `farkas models add-dictionary` do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from runtime.files import write_atomically
from runtime.registry import Entry, Registry
from service import output
from service.arrays import Matrix, read_npy, write_npy, write_npz
from service.errors import InvalidRequest, UnreadableFile
from service.fatal import fatal_in_one_line
from service.kinds import Kind, require_kind
from service.settings import Settings, registry_of
from service.sparse_output import (
    answer_arrays,
    answer_document,
    measures_document,
    summary_lines,
    summary_table,
)
from service.sparse_questions import Method, SparseQuestion

if TYPE_CHECKING:
    from service.sparse_recovery import SparseAnswer

_BYTES_A_NUMBER = 8


def recover_file(
    dictionary: str,
    measurements: Path,
    method: Method,
    settings: Settings,
    *,
    target: Path | None = None,
    as_json: bool = False,
) -> None:
    """Recover the rows of a file and say what came of it."""
    with fatal_in_one_line():
        if target is not None and not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        matrix = _read(Path(dictionary), settings) if dictionary.endswith(".npy") else dictionary
        question = SparseQuestion(matrix, _read(measurements, settings), method)
        answer = _answer(question, settings)
        if target is not None:
            write_atomically(target, _written(answer, target.suffix.lower()))
    if as_json:
        typer.echo(answer_document(answer) if target is None else measures_document(answer))
        return
    console = output.console()
    console.print(summary_table(answer))
    for line in summary_lines(answer):
        console.print(line)


def add_dictionary(
    file: Path, settings: Settings, *, name: str, version: str | None = None, description: str = ""
) -> Entry:
    """Put the matrix of a .npy file into the registry, under the next number unless a version is given.

    The same matrix under the same name is not added twice.

    Raises:
        InvalidDictionary, MalformedFile, RegistryError, ServiceError
    """
    from solvers.sparse.dictionary import Dictionary
    from solvers.sparse.stored import save_dictionary

    registry = registry_of(settings)
    dictionary = Dictionary.of(_read(file, settings))
    present = _present(registry, name, dictionary.content_hash)
    if version is None and present is not None:
        return present
    chosen = version or _next_version(registry, name)
    with tempfile.TemporaryDirectory() as folder:
        save_dictionary(
            Path(folder), dictionary, name=name, version=chosen, description=description or file.name
        )
        return registry.add(Path(folder))


def _answer(question: SparseQuestion, settings: Settings) -> SparseAnswer:
    import torch

    from runtime.progress import progress_bar
    from service.sparse_recovery import SparseRecoverer

    torch.set_num_threads(settings.threads)
    recoverer = SparseRecoverer(settings, registry_of(settings).resolve, limited=False)
    rows = 1 if question.measurements.ndim == 1 else len(question.measurements)
    with progress_bar("recovering", rows, unit="measurements") as bar:
        return recoverer.answer(question, bar.advance)


def _read(path: Path, settings: Settings) -> Matrix:
    most = settings.max_inflated_bytes
    try:
        if path.stat().st_size > most:
            raise UnreadableFile(
                f"{path} has more than {most:,} bytes", hint="set FARKAS_MAX_INFLATED_BYTES higher"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    return read_npy(data, name=path.name, most=most)


def _written(answer: SparseAnswer, suffix: str) -> bytes:
    if suffix == ".npy":
        return write_npy(answer.recovery.x)
    return write_npz(answer_arrays(answer)) if suffix == ".npz" else answer_document(answer) + b"\n"


def _present(registry: Registry, name: str, content_hash: str) -> Entry | None:
    """The version of a name that is this very matrix.

    Raises:
        InvalidModelName
        WrongModelKind: the name stands for something else.
    """
    for version in reversed(registry.versions(name)):
        entry = registry.show(name, version)
        require_kind(entry.folder, name, Kind.DICTIONARY)
        if entry.card().get("dictionary_sha256") == content_hash:
            return entry
    return None


def _next_version(registry: Registry, name: str) -> str:
    numbers = [int(version) for version in registry.versions(name) if version.isdecimal()]
    if registry.versions(name) and not numbers:
        raise InvalidRequest(
            f"the versions of {name!r} are no numbers", hint="say which with --model-version"
        )
    return str(max(numbers, default=0) + 1)
