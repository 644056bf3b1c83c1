"""The commands that make a model: generate, label, train, evaluate. `service.cli` mounts them all.

Nothing heavy is imported until a command runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.command_parts import Device, fail, interrupted, say
from training.command_parts import Models as Models
from training.train_cli import register as register_train

if TYPE_CHECKING:
    from training.evaluating import Report


def register(app: typer.Typer, models: Models | None = None) -> None:
    """Add the training commands to an application."""
    settings = {"obj": models or Models()}
    app.command(context_settings=settings)(generate)
    app.command(context_settings=settings)(label)
    register_train(app, settings)
    app.command(context_settings=settings)(evaluate)


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
        fail(f"there is no family {family!r}; there are {', '.join(FAMILIES)}")
    with progress_bar("generate", number, unit="files") as bar:
        try:
            for _ in generate_files(
                FAMILIES[family], number, seed=seed, size=_sizes(size or []), folder=output
            ):
                bar.advance()
        except (ValueError, OSError) as error:
            fail(str(error))
    say(f"{number} instances of {family} in {output}")


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
        fail(str(error))
    except KeyboardInterrupt:
        interrupted()
    if not summary.files:
        fail(f"there is no .mps or .json file below {folder}; `farkas convert` makes one of an .lp file")
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    say(
        f"{summary.files} files: {summary.labelled} labelled ({statuses}; {summary.certified} certified, "
        f"{summary.cross_checked} cross-checked, {summary.within_gap} only within a gap), "
        f"{summary.duplicates} duplicates, "
        f"{summary.rejected} left out (see labels/rejected.jsonl); {summary.seconds:.1f} s"
    )
    unproved = summary.labelled - summary.certified
    if unproved:
        say(
            f"{unproved} of the labels rest on the solver's word: no certificate of ours proves their "
            "optimal value or infeasibility"
        )
    if not summary.labelled:
        fail("no instance could be labelled")


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
        fail(str(error))
    _print_reports(report)
    try:
        if record is not None:
            record_in_card(folder, record, report)
        if output is not None:
            say(f"written to {write_report(report, output).parent}")
    except OSError as error:
        fail(str(error))


def _sizes(pairs: list[str]) -> dict[str, float]:
    """`["rows=20"]` → `{"rows": 20.0}`."""
    sizes = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            sizes[key] = float(value)
        except ValueError:
            fail(f"--size takes name=value with a number, not {pair!r}")
    return sizes


def _print_reports(report: Report) -> None:
    from rich.console import Console

    from training.reporting import tables

    console = Console()
    for table in tables(report):
        console.print(table)
        console.print()
