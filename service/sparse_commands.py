"""What `farkas sparse` and `farkas models add-dictionary` do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from runtime.files import write_atomically
from runtime.names import is_name
from runtime.registry import Entry, Registry
from service import output
from service.arrays import Matrix, write_npy, write_npz
from service.choices import SOME_BAD
from service.errors import InvalidRequest, UnreadableFile
from service.fatal import fatal_in_one_line
from service.kinds import Kind, require_kind
from service.settings import Settings, registry_of
from service.sparse_files import DICTIONARY, MEASUREMENTS, SUFFIXES, read_matrix
from service.sparse_output import (
    answer_arrays,
    answer_document,
    measures_document,
    notes,
    summary_lines,
    summary_table,
)
from service.sparse_questions import Method, SparseQuestion

if TYPE_CHECKING:
    from service.sparse_recovery import SparseAnswer


def recover_file(
    dictionary: str,
    measurements: Path,
    method: Method,
    settings: Settings,
    *,
    target: Path | None = None,
    as_json: bool = False,
) -> int:
    """Recover the rows of a file and say what came of it; the exit status."""
    with fatal_in_one_line():
        if target is not None and not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        matrix = _matrix_or_name(dictionary, settings)
        question = SparseQuestion(matrix, read_matrix(measurements, settings, MEASUREMENTS), method)
        answer = _answer(question, settings)
        if target is not None:
            write_atomically(target, _written(answer, target.suffix.lower()))
    if as_json:
        typer.echo(answer_document(answer) if target is None else measures_document(answer))
    else:
        console = output.console()
        console.print(summary_table(answer))
        for line in summary_lines(answer):
            console.print(line)
    for note in notes(answer):
        typer.echo(note, err=True)
    return 0 if answer.shortfall is None else SOME_BAD


def add_dictionary(
    file: Path, settings: Settings, *, name: str, version: str | None = None, description: str = ""
) -> Entry:
    """Put the matrix of a file into the registry, under the next number unless a version is given.

    The same matrix under the same name is not added twice.

    Raises:
        InvalidDictionary, MalformedFile, RegistryError, ServiceError
    """
    from solvers.sparse.dictionary import Dictionary
    from solvers.sparse.stored import save_dictionary

    registry = registry_of(settings)
    dictionary = Dictionary.of(read_matrix(file, settings, DICTIONARY))
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


def _matrix_or_name(reference: str, settings: Settings) -> Matrix | str:
    """The matrix of a file, or the reference: a name of the registry comes before a file of that name."""
    path = Path(reference)
    is_known = is_name(reference) and bool(registry_of(settings).versions(reference))
    if reference.endswith(SUFFIXES) or (path.is_file() and not is_known):
        return read_matrix(path, settings, DICTIONARY)
    return reference


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
