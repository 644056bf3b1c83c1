"""`farkas train DATA… -o MODEL` trains a graph network, `farkas train lista …` a sparse-recovery method,
`farkas train implicit …` an implicit network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from training.command_parts import Device, fail, interrupted, recorded_command, say
from training.implicit_cli import SETTINGS as IMPLICIT_SETTINGS
from training.implicit_cli import train_implicit
from training.sparse_cli import SETTINGS, train_lista

_DEFAULT = "graphs"


class TrainGroup(TyperGroup):
    """A group whose command may be left out: words that start with neither a command nor --help are data."""

    def parse_args(self, context: Any, words: list[str]) -> list[str]:
        named = bool(words) and (words[0] in self.commands or words[0] in context.help_option_names)
        return super().parse_args(context, words if named else [_DEFAULT, *words])


def register(app: typer.Typer, settings: dict[str, Any]) -> None:
    """Add `train` to an application; `settings` are those of each command's context."""
    group = typer.Typer(
        cls=TrainGroup, help="Train a model. `farkas train DATA…` is `farkas train graphs DATA…`."
    )
    group.command(_DEFAULT, context_settings=settings)(train)
    group.command("lista", context_settings=settings, epilog=SETTINGS)(train_lista)
    group.command("implicit", context_settings=settings, epilog=IMPLICIT_SETTINGS)(train_implicit)
    app.add_typer(group, name="train")


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
    from training.identity import DifferentRun, Identity
    from training.training import train_model

    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    try:
        parent = context.obj.find(start_from) if start_from else None
        settings = read_config(config or (RETRAIN if parent else None), {"epochs": epochs})
        solvers = workers or len(os.sched_getaffinity(0))
        data = with_copies(data, output, settings, wanted=perturb, seed=seed, workers=solvers, say=say)
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
    except typer.Exit:  # a RuntimeError, whose reason was said
        raise
    except (DifferentRun, CheckpointError, ValueError, KeyError, RuntimeError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        interrupted()
    told = card["training"]
    if told["stopped_early"]:
        say(f"ended after epoch {told['epochs']}; kept: epoch {told['best_epoch']}, of least held-out loss")
    copies = ", perturbed copies among them" if card["data"]["perturbed"] else ""
    say(f"model in {output}; on instances held out{copies}: {_line(card['metrics']['validation'])}")


def _line(figures: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in figures.items())
