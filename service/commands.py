"""What `farkas predict`, `score` and `serve` do."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from runtime.files import write_atomically
from service import folder, output
from service.answers import Answer
from service.choices import SOME_BAD, Policy
from service.errors import UnreadableFile
from service.failures import Failure, attempt
from service.fatal import fatal_in_one_line
from service.loading import load_predictor
from service.pipeline import BatchLimits, Predictor, require_available, score_readings
from service.progress import progress_bar
from service.reading import read_file
from service.settings import Settings, registry_of


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
        predictor = _predictor(settings)
        answered: list[tuple[Path, Answer | Failure]] = []
        for chunk, answers in _answers(files, settings, predictor, policy):
            pairs = list(zip(chunk, answers, strict=True))
            answered += pairs
            if as_json:
                _print_lines(pairs, solution)
        if not as_json:
            _print_table(answered, solution)
        if target is not None:
            _write_document(answered, target)
    return SOME_BAD if any(isinstance(answer, Failure) for _, answer in answered) else 0


def score(paths: Sequence[Path], settings: Settings, policy: Policy, *, target: Path, fresh: bool) -> int:
    """Score folders into a table; the exit status."""
    with fatal_in_one_line():
        if not target.parent.is_dir():
            raise UnreadableFile(f"there is no folder {str(target.parent)!r} to write to")
        require_available(policy)
        files = folder.find(paths)
        if not files:
            raise UnreadableFile("there is no .mps, .json, .lp or .gz file below these paths")
        run = folder.Run(_predictor(settings), policy, settings, target)
        if fresh:
            run.forget()
        with progress_bar(len(files)) as advance:
            summary = run.score(files, advance)
    _report(summary, target)
    return SOME_BAD if summary.failed else 0


def serve(settings: Settings) -> None:
    """Run the server until it is stopped."""
    import uvicorn

    from service.app import create_app

    with fatal_in_one_line():
        require_free(settings.host, settings.port)
        predictor = _predictor(settings)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    where = f"http://{shown}:{settings.port}"
    typer.echo(f"{predictor.name}@{predictor.version} on {where}, documentation on {where}/docs", err=True)
    uvicorn.run(
        create_app(settings, predictor),
        host=settings.host,
        port=settings.port,
        http="h11",
        limit_concurrency=settings.connections,
        timeout_graceful_shutdown=settings.grace_seconds,
        server_header=False,
    )


def require_free(host: str, port: int) -> None:
    """Refuse an address that another server holds, before anything is loaded.

    Raises:
        OSError: it is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"cannot serve on {host} port {port}: {error.strerror} (choose another --port)"
            ) from error


def _answers(
    files: Sequence[Path], settings: Settings, predictor: Predictor, policy: Policy
) -> Iterator[tuple[Sequence[Path], list[Answer | Failure]]]:
    """The answers of so many files at a time as go through the network together."""
    limits = BatchLimits(settings.batch_size, settings.batch_nonzeros)
    for start in range(0, len(files), limits.size):
        chunk = files[start : start + limits.size]
        readings = [attempt(read_file, file, settings.limits) for file in chunk]
        yield chunk, score_readings(readings, predictor, policy, settings.tolerances, limits)


def _predictor(settings: Settings) -> Predictor:
    return load_predictor(registry_of(settings).resolve(settings.model), settings)


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


def _write_document(answered: Sequence[tuple[Path, Answer | Failure]], target: Path) -> None:
    """One file: its whole answer; several: a list of them."""
    documents = [output.answer_line(path, answer, solution=True, vectors=True) for path, answer in answered]
    content = output.dumps(documents[0] if len(documents) == 1 else documents, pretty=True)
    write_atomically(target, content + b"\n")


def _report(summary: folder.Summary, target: Path) -> None:
    reused = f", {summary.reused} of them from an earlier run" if summary.reused else ""
    failed = f"; {summary.failed} could not be answered, see error_detail" if summary.failed else ""
    typer.echo(f"{summary.files} files in {target}{reused}{failed}", err=True)
