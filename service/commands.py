"""What `farkas predict` and `score` do; the network is loaded once there is something to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from service import output
from service.answers import Answer
from service.choices import SOME_BAD, Policy
from service.errors import UnreadableFile
from service.failures import Failure, attempt
from service.fatal import fatal_in_one_line
from service.on_demand import OnDemand, default_model
from service.pipeline import BatchLimits, require_available, score_readings
from service.reading import read_file
from service.settings import Settings
from service.targets import require_writable, write_answers

if TYPE_CHECKING:
    from service.folder import Summary


def predict(
    files: Sequence[Path],
    settings: Settings,
    policy: Policy,
    *,
    as_json: bool,
    solution: bool,
    target: Path | None,
) -> int:
    """Answer files and print the answers; the exit status."""
    with fatal_in_one_line():
        require_available(policy)
        if target is not None:
            require_writable(target, len(files))
        predictor = default_model(settings)
        answered: list[tuple[Path, Answer | Failure]] = []
        for chunk, answers in _answers(files, settings, predictor, policy):
            pairs = list(zip(chunk, answers, strict=True))
            answered += pairs
            if as_json:
                _print_lines(pairs, solution)
        if not as_json:
            _print_table(answered, solution)
        if target is not None:
            write_answers(answered, target)
    return SOME_BAD if any(isinstance(answer, Failure) for _, answer in answered) else 0


def score(paths: Sequence[Path], settings: Settings, policy: Policy, *, target: Path, fresh: bool) -> int:
    """Score folders into a table; the exit status."""
    from runtime.progress import progress_bar
    from service import folder

    with fatal_in_one_line():
        if not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        require_available(policy)
        files = folder.find(paths)
        if not files:
            raise UnreadableFile("there is no .mps, .json, .lp or .gz file below these paths")
        predictor = default_model(settings)
        run = folder.Run(predictor, policy, settings, target, prepare=predictor.load)
        if fresh:
            run.forget()
        with progress_bar("scoring", len(files), unit="files") as bar:
            summary = run.score(files, bar.advance)
    _report(summary, target)
    return SOME_BAD if summary.failed else 0


def _answers(
    files: Sequence[Path], settings: Settings, predictor: OnDemand, policy: Policy
) -> Iterator[tuple[Sequence[Path], list[Answer | Failure]]]:
    """The answers of so many files at a time as go through the network together."""
    limits = BatchLimits(settings.batch_size, settings.batch_nonzeros)
    for start in range(0, len(files), limits.size):
        chunk = files[start : start + limits.size]
        readings = [attempt(read_file, file, settings.limits) for file in chunk]
        answers = score_readings(
            readings, predictor, policy, settings.tolerances, limits, prepare=predictor.load
        )
        yield chunk, answers


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


def _report(summary: Summary, target: Path) -> None:
    reused = f", {summary.reused} of them from an earlier run" if summary.reused else ""
    failed = f"; {summary.failed} could not be answered, see error_detail" if summary.failed else ""
    typer.echo(f"{summary.files} files in {target}{reused}{failed}", err=True)
