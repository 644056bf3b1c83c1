"""What `farkas predict` and `score` do; the network is loaded once there is something to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from graphs.errors import InstanceError
from graphs.readers.solution import read_solution
from service import output
from service.answers import Answer
from service.choices import SOME_BAD, Rigour
from service.effort import Effort
from service.errors import InvalidRequest, UnreadableFile
from service.failures import Failure, attempt
from service.fatal import fatal_in_one_line
from service.lanes import Lanes
from service.on_demand import OnDemand, default_model
from service.pipeline import BatchLimits, score_readings
from service.reading import Reading, read_file
from service.settings import Settings
from service.targets import require_writable, write_answers

if TYPE_CHECKING:
    from service.folder import Summary

_SOLVED_AT_ONCE = 16  # files of a shard where each may take a solver's time limit


@dataclass(frozen=True)
class Shown:
    """How the answers are shown: as JSON lines or a table, with solutions, and written to which file."""

    as_json: bool = False
    solution: bool = False
    target: Path | None = None


def predict(
    files: Sequence[Path], settings: Settings, effort: Effort, shown: Shown, start: Path | None = None
) -> int:
    """Answer files and print the answers; the exit status."""
    with fatal_in_one_line(), Lanes(settings) as lanes:
        if shown.target is not None:
            require_writable(shown.target, len(files))
        require_one_file_for_a_start(start, effort, len(files))
        predictor = default_model(settings)
        answered: list[tuple[Path, Answer | Failure]] = []
        for chunk, answers in _answers(files, settings, predictor, effort, lanes, start):
            pairs = list(zip(chunk, answers, strict=True))
            answered += pairs
            if shown.as_json:
                _print_lines(pairs, shown.solution)
        if not shown.as_json:
            _print_table(answered, shown.solution)
        if shown.target is not None:
            write_answers(answered, shown.target)
        _note_rigour(answered, effort)
    return SOME_BAD if any(isinstance(answer, Failure) for _, answer in answered) else 0


def require_one_file_for_a_start(start: Path | None, effort: Effort, files: int) -> None:
    """Refuse a start that nobody would look at.

    Raises:
        InvalidRequest: there are several files, or the policy never solves.
    """
    if start is not None and (files != 1 or not effort.may_solve):
        raise InvalidRequest("--start goes with one file and the policy solve or auto")


def score(paths: Sequence[Path], settings: Settings, effort: Effort, *, target: Path, fresh: bool) -> int:
    """Score folders into a table; the exit status."""
    from runtime.progress import progress_bar
    from service import folder

    with fatal_in_one_line(), Lanes(settings) as lanes:
        if not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        files = folder.find(paths)
        if not files:
            raise UnreadableFile("there is no .mps, .json, .lp or .gz file below these paths")
        predictor = default_model(settings)
        files_of_a_shard = _SOLVED_AT_ONCE if effort.may_solve else folder.SHARD_FILES
        run = folder.Run(predictor, effort, lanes, settings, target, predictor.load, files_of_a_shard)
        if fresh:
            run.forget()
        try:
            with progress_bar("scoring", len(files), unit="files") as bar:
                summary = run.score(files, bar.advance)
        except KeyboardInterrupt:
            typer.echo("interrupted: the same command goes on where it was", err=True)
            raise
    _report(summary, target)
    return SOME_BAD if summary.failed else 0


def _answers(
    files: Sequence[Path],
    settings: Settings,
    predictor: OnDemand,
    effort: Effort,
    lanes: Lanes,
    start: Path | None,
) -> Iterator[tuple[Sequence[Path], list[Answer | Failure]]]:
    """The answers of so many files at a time as go through the network together."""
    limits = BatchLimits(settings.batch_size, settings.batch_nonzeros)
    for place in range(0, len(files), limits.size):
        chunk = files[place : place + limits.size]
        readings = [attempt(read_file, file, settings.limits) for file in chunk]
        if start is not None:
            readings = [attempt(with_start, reading, start) for reading in readings]
        answers = score_readings(readings, predictor, effort, lanes, limits, prepare=predictor.load)
        yield chunk, answers


def with_start(reading: Reading, start: Path) -> Reading:
    """The reading with the point of a solution file as its start.

    Raises:
        InvalidRequest: the file cannot be opened, or is no solution of this instance.
    """
    try:
        data = start.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"the start {start}: {error.strerror}") from error
    try:
        return replace(reading, start=read_solution(data, reading.instance, name=start.name))
    except InstanceError as error:
        place = f":{error.line}" if error.line else ""
        raise InvalidRequest(f"the start {start.name}{place}: {error.detail}", hint=error.hint) from error


def _print_lines(answered: Sequence[tuple[Path, Answer | Failure]], solution: bool) -> None:
    for path, answer in answered:
        line = output.answer_line(path, answer, solution=solution, vectors=False)
        typer.echo(output.dumps(line))


def _print_table(answered: Sequence[tuple[Path, Answer | Failure]], solution: bool) -> None:
    console = output.console()
    console.print(output.answer_table(answered))
    for path, answer in answered:
        if isinstance(answer, Failure):
            typer.echo(output.problem_text(path, answer.problem), err=True)
        elif solution and answer.solution is not None:
            console.print(output.solution_table(path, answer))


def _note_rigour(answered: Sequence[tuple[Path, Answer | Failure]], effort: Effort) -> None:
    """Say where exact certificates were asked for and could not be had."""
    if effort.rigour is not Rigour.EXACT:
        return
    proofs = [answer.certificate for _, answer in answered if isinstance(answer, Answer)]
    numeric = sum(proof is not None and proof.rigour == "numeric" for proof in proofs)
    if numeric:
        typer.echo(
            f"no exact certificate was found for {numeric} of {len(answered)}: numeric ones stand", err=True
        )


def _report(summary: Summary, target: Path) -> None:
    reused = f", {summary.reused} of them from an earlier run" if summary.reused else ""
    failed = f"; {summary.failed} could not be answered, see error_detail" if summary.failed else ""
    typer.echo(f"{summary.files} files in {target}{reused}{failed}", err=True)
