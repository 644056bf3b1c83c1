"""What `farkas equilibrium` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from graphs.errors import InstanceError
from runtime.files import write_atomically
from service import output
from service.arrays import Matrix, read_npy, read_npz, write_npy, write_npz
from service.choices import SOME_BAD
from service.equilibrium_output import (
    answer_arrays,
    answer_document,
    measures_document,
    summary_lines,
    summary_table,
)
from service.equilibrium_questions import EquilibriumQuestion, Seeking
from service.errors import InvalidRequest, UnreadableFile
from service.fatal import fatal_in_one_line
from service.reading import display_name
from service.settings import Settings, registry_of
from service.sparse_files import file_bytes

if TYPE_CHECKING:
    from service.equilibria import EquilibriumAnswer

CONTEXTS = "contexts"
"""The array that a .npz file holds."""

_ZIP = b"PK\x03\x04"
_BYTES_A_NUMBER = 8
_SHORT = 32  # numbers of one equilibrium that are shown


def find_file(
    model: str,
    contexts: str,
    seeking: Seeking,
    settings: Settings,
    *,
    target: Path | None = None,
    as_json: bool = False,
) -> int:
    """Find the equilibria of the contexts in a file, or in the argument itself, and say what came of it; the
    exit status."""
    with fatal_in_one_line():
        if target is not None and not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        if target is not None and _numbers(contexts) is None and target.resolve() == Path(contexts).resolve():
            raise InvalidRequest(f"{str(target)!r} would be written over", hint="write to another place")
        answer = _answer(EquilibriumQuestion(model, _contexts(contexts, settings), seeking), settings)
        if target is not None:
            write_atomically(target, _written(answer, target.suffix.lower()))
    if as_json:
        typer.echo(answer_document(answer) if target is None else measures_document(answer))
    else:
        _show(answer, values=target is None)
    for note in answer.notes:
        typer.echo(note, err=True)
    return SOME_BAD if answer.shortfall is not None or answer.is_unproved_outside else 0


def _answer(question: EquilibriumQuestion, settings: Settings) -> EquilibriumAnswer:
    import torch

    from service.equilibria import EquilibriumFinder

    torch.set_num_threads(settings.threads)
    return EquilibriumFinder(settings, registry_of(settings).resolve, limited=False).answer(question)


def _contexts(said: str, settings: Settings) -> Matrix:
    numbers = _numbers(said)
    if numbers is not None:
        return numbers
    path, most = Path(said), settings.max_inflated_bytes
    shown = display_name(path)
    if "," in said and not path.exists():
        raise UnreadableFile(f"{shown!r} is neither numbers nor a file", hint="numbers are such as 0.3,0.7")
    data = file_bytes(path, shown, most)
    try:
        if not data.startswith(_ZIP):
            return read_npy(data, name=shown, most=most)
        arrays = read_npz(data, {CONTEXTS: most // _BYTES_A_NUMBER})
    except InstanceError as error:
        raise UnreadableFile(f"{shown}: {error.detail}", hint=error.hint or "") from error
    if CONTEXTS not in arrays:
        raise UnreadableFile(f"{shown} holds no array {CONTEXTS!r}")
    return arrays[CONTEXTS]


def _numbers(said: str) -> Matrix | None:
    """Of text such as 0.3,0.7; None where it is no list of numbers, but a file's name."""
    try:
        return np.array([float(part) for part in said.split(",")])
    except ValueError:
        return None


def _show(answer: EquilibriumAnswer, *, values: bool) -> None:
    console = output.console()
    console.print(summary_table(answer))
    for line in summary_lines(answer):
        console.print(line)
    shown = answer.found.value
    if values and shown.size <= _SHORT:
        for row in shown:
            console.print(" ".join(f"{value:.6g}" for value in row))


def _written(answer: EquilibriumAnswer, suffix: str) -> bytes:
    if suffix == ".npy":
        return write_npy(answer.found.value)
    return write_npz(answer_arrays(answer)) if suffix == ".npz" else answer_document(answer) + b"\n"
