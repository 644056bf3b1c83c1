"""What `farkas reconstruct` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import typer

from graphs.errors import InstanceError
from runtime.files import write_atomically
from service import output
from service.arrays import write_npy, write_npz
from service.choices import SOME_BAD
from service.errors import OWN, InvalidRequest, QuestionTooLarge, UnreadableFile, problem_of
from service.fatal import fatal
from service.measurement_arrays import read_measurement, read_measurement_file
from service.option_words import fatal_in_option_words, in_option_words
from service.picture_files import is_picture, write_png
from service.reading import display_name
from service.reconstruction_output import (
    answer_arrays,
    answer_document,
    images_of,
    measures_document,
    notes,
    result_table,
    sheet,
    trained_on,
)
from service.reconstruction_questions import (
    SIZE,
    Approach,
    Degradation,
    ReconstructionQuestion,
    operator_with,
)
from service.settings import Settings, registry_of
from service.sparse_files import file_bytes
from solvers.implicit.errors import InvalidMeasurement
from solvers.implicit.imaging.operator_kinds import OPERATORS

if TYPE_CHECKING:
    from service.reconstructing import ReconstructionAnswer, Reconstructor

_OPERATOR_FILE = ".json"
_ZIP = b"PK\x03\x04"
_BYTES_A_NUMBER = 16
_DIMENSIONS_OF_MANY = 3
_OF_THE_FILE = (InstanceError, InvalidMeasurement, QuestionTooLarge, UnreadableFile)
"""Errors that are about what is in the file, and not about what is asked of it."""


@dataclass(frozen=True)
class Asked:
    """What the options ask of every file; see `ReconstructionQuestion`."""

    operator: str | None
    image_shape: tuple[int, int] | None
    degradation: Degradation | None
    size: int | None
    approach: Approach


def reconstruct_files(
    files: Sequence[Path],
    asked: Asked,
    settings: Settings,
    *,
    target: Path | None = None,
    as_json: bool = False,
) -> int:
    """Reconstruct what every file measures and say what came of it; the exit status.

    What is wrong with the only file is fatal, and names it; of several, the others are answered.
    """
    from runtime.progress import progress_bar

    with fatal_in_option_words():
        _check_target(target, files)
        reconstructor = _reconstructor(settings)
        asked.approach.check(settings, limited=False)
    answered: list[tuple[str, ReconstructionAnswer]] = []
    bad = 0
    with progress_bar("reconstructing", len(files), unit="files") as bar:
        for path in files:
            try:
                question = _question(path, asked, settings)
                if target is not None:
                    _check_form(target, question, in_folder=_is_folder(target, files))
                answer = reconstructor.answer(question)
                if target is not None:
                    _write(target, path, answer, in_folder=_is_folder(target, files))
            except (*OWN, OSError) as error:
                if len(files) == 1:
                    with fatal_in_option_words():
                        if isinstance(error, _OF_THE_FILE):
                            raise fatal(_wrong(path, error)) from error
                        raise
                bad += 1
                typer.echo(_wrong(path, error), err=True)
            else:
                answered.append((display_name(path), answer))
                if as_json:
                    typer.echo(_line(path, answer))
            bar.advance()
    if answered and not as_json:
        output.console().print(result_table(answered))
        for line in trained_on([answer for _, answer in answered]):
            typer.echo(line)
    for name, answer in answered:
        for note in notes(answer):
            typer.echo(f"{name}: {note}", err=True)
    return SOME_BAD if bad else 0


def operator_text(said: str | None, settings: Settings) -> str | None:
    """The operator as a line of text, read where a JSON file is named.

    Raises:
        OSError, UnreadableFile, QuestionTooLarge: the file cannot be read.
    """
    if said is None or not said.endswith(_OPERATOR_FILE):
        return said
    path = Path(said)
    return file_bytes(path, display_name(path), settings.max_inflated_bytes).decode(errors="replace")


def _reconstructor(settings: Settings) -> Reconstructor:
    import torch

    from service.reconstructing import Reconstructor

    torch.set_num_threads(settings.threads)
    return Reconstructor(settings, registry_of(settings).resolve, limited=False)


def _question(path: Path, asked: Asked, settings: Settings) -> ReconstructionQuestion:
    shown, most = display_name(path), settings.max_inflated_bytes
    data = file_bytes(path, shown, most)
    numbers = most // _BYTES_A_NUMBER
    text, measurements, picture, truth, own = asked.operator, None, None, None, {}
    try:
        if is_picture(data):
            picture = data
        elif data.startswith(_ZIP):
            file = read_measurement_file(data, most=numbers)
            measurements, truth, own = file.measurement, file.truth, file.own
            text = file.operator if text is None else text
        else:
            measurements = read_measurement(data, name=shown, most=numbers)
    except InstanceError as error:
        raise UnreadableFile(f"{shown}: {error.detail}", hint=error.hint or "") from error
    operator = operator_with(text, own)
    if operator is None:
        raise InvalidRequest(
            "no operator is named", hint=f"say it with --operator: {', '.join(OPERATORS)}, or a JSON file"
        )
    return ReconstructionQuestion(
        operator=operator,
        measurements=measurements,
        picture=picture,
        image_shape=asked.image_shape,
        degradation=asked.degradation,
        truth=None if asked.degradation is not None else truth,
        size=SIZE if asked.size is None else asked.size,
        approach=asked.approach,
    )


def _check_target(target: Path | None, files: Sequence[Path]) -> None:
    """Refuse a place to write that is none, before anything is worked on.

    Raises:
        UnreadableFile, InvalidRequest
    """
    if target is None:
        return
    if not _is_folder(target, files):
        if not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        _spare([target], files)
        return
    if target.exists() and not target.is_dir():
        raise InvalidRequest(
            f"{str(target)!r} is no folder", hint="the pictures of several files go to a folder"
        )
    names = [path.stem for path in files]
    if len(set(names)) < len(names):
        raise InvalidRequest("two of the files would be written under the same name", hint="rename one")
    _spare([_in_folder(target, path) for path in files], files)
    target.mkdir(parents=True, exist_ok=True)


def _spare(written: Sequence[Path], files: Sequence[Path]) -> None:
    """Refuse to write over what is read: a picture would be replaced by its reconstruction."""
    read = {path.resolve() for path in files}
    for path in written:
        if path.resolve() in read:
            raise InvalidRequest(f"{str(path)!r} would be written over", hint="write to another place")


def _in_folder(target: Path, path: Path) -> Path:
    return target / f"{path.stem}.png"


def _is_folder(target: Path, files: Sequence[Path]) -> bool:
    return len(files) > 1 or target.suffix == ""


def _check_form(target: Path, question: ReconstructionQuestion, *, in_folder: bool) -> None:
    """Refuse what the file to write cannot hold, before it is worked on.

    Raises:
        InvalidRequest
    """
    suffix = ".png" if in_folder else target.suffix.lower()
    if suffix == ".npy" and len(question.approach.methods) > 1:
        raise InvalidRequest("a .npy file has the pictures of one method", hint="write .npz or .json")
    given = question.measurements
    if suffix == ".png" and given is not None and given.ndim == _DIMENSIONS_OF_MANY and len(given) > 1:
        raise InvalidRequest("a .png file has one picture", hint="write .npy, .npz or .json")


def _write(target: Path, path: Path, answer: ReconstructionAnswer, *, in_folder: bool) -> None:
    if in_folder:
        write_atomically(_in_folder(target, path), _written(answer, ".png"))
    else:
        write_atomically(target, _written(answer, target.suffix.lower()))


def _written(answer: ReconstructionAnswer, suffix: str) -> bytes:
    if suffix == ".json":
        return answer_document(answer) + b"\n"
    if suffix == ".npz":
        return write_npz(answer_arrays(answer))
    one_method = len(answer.results) == 1
    if suffix == ".npy":
        return write_npy(images_of(answer.results[0]))
    return write_png(images_of(answer.results[0])[0] if one_method else sheet(answer))


def _line(path: Path, answer: ReconstructionAnswer) -> bytes:
    return orjson.dumps({"file": display_name(path), **orjson.loads(measures_document(answer))})


def _wrong(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{display_name(path)}: {error}"
    problem = problem_of(error)
    prefix = f"{display_name(path)}: "
    detail, hint = (
        in_option_words(text) for text in (problem.detail.removeprefix(prefix), problem.hint or "")
    )
    return prefix + detail + (f" ({hint})" if hint else "")
