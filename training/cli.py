"""The commands that make a model: generate, label, train, evaluate. `service.cli` mounts them.

Nothing heavy is imported until a command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from training.evaluating import Report

Device = Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="Where the network runs.")]


@dataclass(frozen=True)
class Models:
    """Where the checkpoint of a model lies that a person names.

    Attributes:
        find: for reading; exits where there is none.
        find_writable: for writing into its card; exits where that may not be as well.
    """

    find: Callable[[str], Path] = Path
    find_writable: Callable[[str], Path] = Path


def register(app: typer.Typer, models: Models | None = None) -> None:
    """Add the training commands to an application."""
    for command in (generate, label, train, evaluate):
        app.command(context_settings={"obj": models or Models()})(command)


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
    from runtime.progress import progress_bar
    from training.families import FAMILIES
    from training.generating import generate_files

    if family not in FAMILIES:
        _fail(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    with progress_bar("generate", number, unit="files") as bar:
        try:
            for _ in generate_files(
                FAMILIES[family], number, seed=seed, size=_sizes(size or []), folder=output
            ):
                bar.advance()
        except (ValueError, OSError) as error:
            _fail(str(error))
    _say(f"{number} instances of {family} in {output}")


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
    gap: Annotated[
        float, typer.Option(min=0.0, help="Relative gap at which a solver may call a MILP solved.")
    ] = 1e-4,
    accepted_gap: Annotated[
        float,
        typer.Option(min=0.0, help="Largest relative gap of a MILP stopped by the time limit that is kept."),
    ] = 0.05,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Try again what an earlier run left out.")
    ] = False,
) -> None:
    """Solve every instance of a folder exactly, recheck each answer by our own certificate; resumes."""
    from training.journal import FolderInUseError
    from training.labels import label_folder
    from training.stale import OtherFolderError

    try:
        summary = label_folder(
            folder,
            out=output,
            workers=workers or len(os.sched_getaffinity(0)),
            time_limit=time_limit,
            cross_check_share=cross_check,
            seed=seed,
            mip_gap=gap,
            accepted_gap=accepted_gap,
            retry_rejected=retry_rejected,
        )
    except (FolderInUseError, OtherFolderError, OSError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _interrupted()
    if not summary.files:
        _fail(f"there is no .mps or .json file below {folder}; `farkas convert` makes one of an .lp file")
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    _say(
        f"{summary.files} files: {summary.labelled} labelled ({statuses}; {summary.certified} certified, "
        f"{summary.cross_checked} cross-checked, {summary.within_gap} only within a gap), "
        f"{summary.duplicates} duplicates, "
        f"{summary.rejected} left out (see labels/rejected.jsonl); {summary.seconds:.1f} s"
    )
    unproved = summary.labelled - summary.certified
    if unproved:
        _say(
            f"{unproved} of the labels rest on the solver's word: no certificate of ours proves their "
            "optimal value or infeasibility"
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
    perturb: Annotated[
        int,
        typer.Option(
            min=0,
            help="Where there are fewer instances than this, perturbed copies of them are made and "
            "solved to reach it; 0: never.",
        ),
    ] = 2000,
    workers: Annotated[int, typer.Option(min=0, help="Solver processes for the copies; 0: one a core.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Threads for the network; 0: torch's choice.")] = 0,
    device: Device = "cpu",
) -> None:
    """Train a network on labelled folders; resumes where it was stopped.

    With --from and without --config the settings are those for retraining: a lower learning rate, more
    instances held out, and an end once the held-out loss falls no more.
    """
    import torch

    from runtime.checkpoints import CheckpointError
    from runtime.memory import keep_freed_memory
    from runtime.progress import progress_bar
    from training.config import RETRAIN, read_config
    from training.enlarging import with_copies
    from training.training import DifferentRun, Identity, train_model

    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    try:
        parent = context.obj.find(start_from) if start_from else None
        settings = read_config(config or (RETRAIN if parent else None), {"epochs": epochs})
        solvers = workers or len(os.sched_getaffinity(0))
        data = with_copies(data, output, settings, wanted=perturb, seed=seed, workers=solvers, say=_say)
        with progress_bar("read data", None, unit="steps") as bar:

            def show(step: int, steps: int, means: dict[str, float]) -> None:
                text = f"loss {means.get('verdict', float('nan')):.4f} error {means['verdict_error']:.4f}"
                bar.show(step, steps, text)

            card = train_model(
                data,
                output,
                settings,
                Identity(name or output.resolve().name, model_version, recorded_command()),
                seed=seed,
                device=device,
                start_from=parent,
                progress=show,
                preparing=bar.advance,
            )
    except (DifferentRun, CheckpointError, ValueError, KeyError, RuntimeError, OSError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _interrupted()
    told = card["training"]
    if told["stopped_early"]:
        _say(f"ended after epoch {told['epochs']}; kept: epoch {told['best_epoch']}, of least held-out loss")
    copies = ", perturbed copies among them" if card["data"]["perturbed"] else ""
    _say(f"model in {output}; on instances held out{copies}: {_line(card['metrics']['validation'])}")


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
    """Compare a model's word with the labels, for each family and size, beside rules that learn nothing."""
    from graphs.predictor import Predictor
    from runtime.checkpoints import CheckpointError
    from runtime.progress import progress_bar
    from training.evaluating import evaluate_model
    from training.reporting import record_in_card, write_report

    folder = context.obj.find(model) if record is None else context.obj.find_writable(model)
    try:
        predictor = Predictor.load(folder, device=device)
        with progress_bar("evaluate", None, unit="instances") as bar:
            report = evaluate_model(predictor, data, progress=bar.advance)
    except (CheckpointError, ValueError, KeyError, RuntimeError, OSError) as error:
        _fail(str(error))
    _print_reports(report)
    try:
        if record is not None:
            record_in_card(folder, record, report)
        if output is not None:
            _say(f"written to {write_report(report, output).parent}")
    except OSError as error:
        _fail(str(error))


def recorded_command() -> list[str]:
    """This command as the card keeps it: without paths of the machine."""
    return ["farkas", *map(_without_folders, sys.argv[1:])]


def _without_folders(word: str) -> str:
    """An absolute path's last part, also behind `--option=`."""
    option, equals, path = word.rpartition("=")
    return option + equals + (Path(path).name if path.startswith("/") else path)


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


def _print_reports(report: Report) -> None:
    from rich.console import Console

    from training.reporting import tables

    console = Console()
    for table in tables(report):
        console.print(table)
        console.print()


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _interrupted() -> Any:
    _say("farkas: interrupted; the same command goes on where this one stopped")
    raise typer.Exit(130)


def _fail(message: str) -> Any:
    _say(f"farkas: {message}")
    raise typer.Exit(1)
