"""`farkas train implicit NAME`: train an implicit network.

Nothing heavy is imported until the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from training.command_parts import Lines, fail, interrupted, recorded_command, say

Name = Literal["reconstruction", "matrix-game", "traffic", "classifier"]
SETTINGS = (
    "reconstruction: pictures from measurements (a deep equilibrium, or an unrolled network). matrix-game, "
    "traffic: equilibria of games. classifier: pictures of digits. A settings file is TOML; its keys are "
    "those of training/configs/implicit-NAME.toml, what it leaves out is as there, and its table loop has "
    "steps, learning_rate, warm_up, weight_decay, gradient_norm, look (steps from one look at held-out data "
    "to the next) and patience (looks without a better one that end the training)."
)
"""The end of the help."""
_SECONDS = 5.0
"""Between two lines about a training that nobody watches."""


def train_implicit(
    network: Annotated[Name, typer.Argument(help="What is trained.", metavar="NAME")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the model and of the run's state.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own data: for reconstruction a folder of pictures, for games an .npz file with "
            "contexts and equilibria; default: the task's.",
            exists=True,
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with the run's settings.", exists=True, dir_okay=False)
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Gradient steps; default: the settings'.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name on the card; default: the folder's name.")] = None,
    model_version: Annotated[str, typer.Option("--model-version", help="Version on the card.")] = "1",
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0: torch's choice.")] = 0,
) -> None:
    """Train a network whose layer is a fixed point; resumes where it was stopped."""
    import torch

    from runtime.checkpoints import CheckpointError
    from runtime.memory import keep_freed_memory
    from runtime.progress import progress_bar
    from solvers.implicit.errors import ImplicitInputError
    from training.identity import DifferentRun, Identity
    from training.implicit.recipes import recipe
    from training.implicit.running import train_implicit as run

    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    try:
        made_by = recipe(network)
        settings = made_by.read_settings(config, steps=steps)
        identity = Identity(name or output.resolve().name, model_version, recorded_command())
        with progress_bar(network, settings.loop.steps, unit="steps") as bar:
            told = bar.show if bar.watched else Lines(_SECONDS)
            card = run(made_by, settings, output, identity, seed=seed, data=data, told=told)
    except typer.Exit:  # a RuntimeError, whose reason was said
        raise
    except ImportError as error:
        fail(f"this needs a package that is not installed: {error.name}; pip install 'farkas[imaging]'")
    except (
        ImplicitInputError, DifferentRun, CheckpointError, ValueError, RuntimeError, OSError,
    ) as error:  # fmt: skip
        fail(str(error))
    except KeyboardInterrupt:
        interrupted()
    say(f"model in {output}; on test data: {_line(card['metrics'])}")


def _line(figures: dict[str, Any]) -> str:
    """The figures that are numbers; where none is, those of the groups, such as of validation and test."""
    alone = _numbers(figures)
    groups = {} if alone else {key: group for key, group in figures.items() if isinstance(group, dict)}
    nested = [f"{key} {said}" for key, group in groups.items() for said in _numbers(group)]
    return ", ".join(alone or nested).replace("_", " ")


def _numbers(figures: dict[str, Any]) -> list[str]:
    return [
        f"{key} {value:.4g}"
        for key, value in figures.items()
        if isinstance(value, float | int) and not isinstance(value, bool)
    ]
