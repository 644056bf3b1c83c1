"""The commands that make a model: generate, label, train, evaluate. `service.cli` mounts them.

Nothing heavy is imported until a command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

FindModel = Callable[[str], Path]
Device = Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="Where the network runs.")]
_stderr = Console(stderr=True)


def register(app: typer.Typer, find_model: FindModel = Path) -> None:
    """Add the training commands to an application; `find_model` tells where a model's checkpoint lies."""
    for command in (generate, label, train, evaluate):
        app.command(context_settings={"obj": find_model})(command)


def generate(
    family: Annotated[str, typer.Argument(help="Name of the family, e.g. random-lp.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many instances.")] = 1000,
    size: Annotated[
        list[str] | None, typer.Option(help="A size parameter as name=value, e.g. rows=20; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the stream of instances.")] = 0,
) -> None:
    """Write seeded instances of a family as .mps.gz files."""
    from training.families import FAMILIES
    from training.generating import generate_files

    if family not in FAMILIES:
        _fail(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    with _progress("generate") as bar:
        task = bar.add_task("generate", total=number)
        try:
            for _ in generate_files(
                FAMILIES[family], number, seed=seed, size=_sizes(size or []), folder=output
            ):
                bar.advance(task)
        except (ValueError, OSError) as error:
            _fail(str(error))
    _stderr.print(f"{number} instances of {family} in {output}")


def label(
    folder: Annotated[
        Path, typer.Argument(help="Folder of .mps and .json files (.gz too).", exists=True, file_okay=False)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the labels; default: the same folder.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Solver processes; 0: one a core.")] = 0,
    time_limit: Annotated[
        float, typer.Option(min=0.01, help="Seconds a solver may take an instance.")
    ] = 60.0,
    cross_check: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of instances that a second solver checks.")
    ] = 0.02,
    seed: Annotated[int, typer.Option(help="Seed of the choice of cross-checked instances.")] = 0,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Try again what an earlier run left out.")
    ] = False,
) -> None:
    """Solve every instance of a folder exactly, recheck each answer by our own certificate; resumes."""
    from training.labels import label_folder

    summary = label_folder(
        folder,
        out=output,
        workers=workers or len(os.sched_getaffinity(0)),
        time_limit=time_limit,
        cross_check_share=cross_check,
        seed=seed,
        retry_rejected=retry_rejected,
        progress=_stderr.is_terminal,
    )
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    _stderr.print(
        f"{summary.files} files: {summary.labelled} labelled ({statuses}; {summary.certified} certified, "
        f"{summary.cross_checked} cross-checked), {summary.duplicates} duplicates, "
        f"{summary.rejected} left out (see labels/rejected.jsonl); {summary.seconds:.1f} s"
    )
    unproved = summary.labelled - summary.certified
    if unproved:
        _stderr.print(
            f"{unproved} of the labels rest on the solver's word: no certificate of ours covers them"
        )
    if not summary.labelled:
        _fail("no instance could be labelled")


def train(
    context: typer.Context,
    data: Annotated[list[Path], typer.Argument(help="Labelled folders.", exists=True, file_okay=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the model and of the run's state.")
    ],
    config: Annotated[
        Path | None, typer.Option(help="TOML file with the run's settings.", exists=True, dir_okay=False)
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="In place of the configuration's epochs.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights, split and order.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name on the card; default: the folder's name.")] = None,
    model_version: Annotated[str, typer.Option("--model-version", help="Version on the card.")] = "1",
    start_from: Annotated[
        str | None, typer.Option("--from", help="Model whose weights to start from: a name or a folder.")
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads for the network; 0: torch's choice.")] = 0,
    device: Device = "cpu",
) -> None:
    """Train a network on labelled folders; resumes where it was stopped."""
    import torch

    from runtime.checkpoints import CheckpointError
    from training.config import read_config
    from training.training import DifferentRun, train_model

    if threads:
        torch.set_num_threads(threads)
    with _progress("train") as bar:
        task = bar.add_task("read data", total=None)

        def show(step: int, steps: int, means: dict[str, float]) -> None:
            text = f"loss {means.get('verdict', float('nan')):.4f} error {means['verdict_error']:.4f}"
            bar.update(task, completed=step, total=steps, description=text)

        try:
            card = train_model(
                data,
                output,
                read_config(config, {"epochs": epochs}),
                seed=seed,
                name=name or output.resolve().name,
                model_version=model_version,
                device=device,
                start_from=context.obj(start_from) if start_from else None,
                command=[
                    "farkas",
                    *(Path(word).name if word.startswith("/") else word for word in sys.argv[1:]),
                ],
                progress=show,
            )
        except (DifferentRun, CheckpointError, ValueError, KeyError, RuntimeError, OSError) as error:
            _fail(str(error))
    _stderr.print(f"model in {output}; on instances held out: {_line(card['metrics']['validation'])}")


def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Model: a registry name, name@version, or a folder.")],
    data: Annotated[list[Path], typer.Argument(help="Labelled folders.", exists=True, file_okay=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for evaluation.json and the plots.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="Also write the figures into the model's card, under this name.")
    ] = None,
    device: Device = "cpu",
) -> None:
    """Compare a model's word with the labels, for each family, beside rules that learn nothing."""
    from graphs.predictor import Predictor
    from runtime.checkpoints import CheckpointError
    from training.evaluating import evaluate_model, record_in_card, write_report

    try:
        predictor = Predictor.load(context.obj(model), device=device)
        with _progress("evaluate") as bar:
            task = bar.add_task("evaluate", total=None)
            reports = evaluate_model(predictor, data, progress=lambda done: bar.advance(task, done))
    except (CheckpointError, ValueError, KeyError, RuntimeError) as error:
        _fail(str(error))
    table = Table("family", "figure", "network", "rule", title=f"{predictor.name} {predictor.version}")
    for report in reports:
        rules = vars(report.rules)
        for figure, value in report.figures.items():
            rule = rules.get(figure.removesuffix("_error"))
            shown = f"{value:,}" if figure == "instances" else f"{value:.4f}"
            table.add_row(report.family, figure, shown, "" if rule is None else f"{rule:.4f}")
        table.add_section()
    Console().print(table)
    if record is not None:
        record_in_card(context.obj(model), record, data, reports)
    if output is not None:
        _stderr.print(f"written to {write_report(predictor, data, reports, output).parent}")


def _sizes(pairs: list[str]) -> dict[str, float]:
    """`["rows=20"]` → `{"rows": 20.0}`."""
    sizes = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            sizes[key] = float(value)
        except ValueError:
            _fail(f"--size takes name=value with a number, not {pair!r}")
    return sizes


def _line(figures: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in figures.items())


def _progress(name: str) -> AbstractContextManager[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=_stderr, disable=not _stderr.is_terminal)


def _fail(message: str) -> Any:
    _stderr.print(f"[red]error:[/red] {message}", highlight=False)
    raise typer.Exit(1)
