"""`farkas train lista`: train a sparse-recovery variant for a dictionary.

Nothing heavy is imported until the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from training.command_parts import Lines, fail, interrupted, recorded_command, say

if TYPE_CHECKING:
    from solvers.sparse.dictionary import Dictionary

Name = Literal["lista", "cp", "ss", "cpss", "alista", "hyperlista", "lista-cp", "lista-ss", "lista-cpss"]
_NAMES = {"cp": "lista-cp", "ss": "lista-ss", "cpss": "lista-cpss"}
SETTINGS = (
    "A settings file is TOML and may have: layers; sparsity; snr; steps (at most, of a layer's three stages: "
    "the layer alone, all so far, all so far); rates (by which the learning rates of the three are "
    "multiplied); weight_rate (learning rate of matrices); rate_exponent (makes it fall with the error that "
    "is left); scalar_rate (learning rate of thresholds and step lengths); batch_size; pool_size (codes of a "
    "first stage); look (steps between two looks at the validation error); patience (looks without a better "
    "one that end a stage); validation_size; test_size; and a table of such keys named after a variant, such "
    "as lista-cpss."
)
"""The end of the help."""
_NOTABLE = 1.0
"""Decibels."""
_SECONDS = 5.0
"""Between two lines about a search of numbers, which has many points."""


def train_lista(
    context: typer.Context,
    variant: Annotated[
        Name,
        typer.Option(
            help="Which of the learned methods; hyperlista tunes 3 numbers. cp, ss and cpss are short for "
            "lista-cp, lista-ss and lista-cpss."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the model and of the run's state.")
    ],
    matrix: Annotated[
        Path | None,
        typer.Option(help="The dictionary, a matrix in a .npy file.", exists=True, dir_okay=False),
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option(help="The dictionary, by its name in the registry or a folder.")
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(
            help="Sparse codes of your own to train on, rows of a .npy file; default: drawn at random.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many; default: the settings', or 16.")
    ] = None,
    steps: Annotated[
        tuple[int, int, int] | None,
        typer.Option(
            min=0,
            metavar="INT INT INT",
            help="Most steps of a layer's three stages, e.g. 300 150 100; fewer are quicker.",
        ),
    ] = None,
    sparsity: Annotated[
        float | None,
        typer.Option(
            min=1e-6, max=1.0, help="Share of a drawn code's entries that are not zero; default: 0.1."
        ),
    ] = None,
    snr: Annotated[
        float | None, typer.Option(help="Noise of the measurements to train on, in dB; default: none.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with the run's settings.", exists=True, dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything drawn.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name on the card; default: the folder's name.")] = None,
    model_version: Annotated[str, typer.Option("--model-version", help="Version on the card.")] = "1",
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0: torch's choice, one for hyperlista.")] = 0,
) -> None:
    """Train a sparse-recovery method for a dictionary; resumes where it was stopped.

    The layers are trained one after another on codes whose measurements are made on the fly. HyperLISTA's
    three numbers are searched on a grid and refined, in less than a minute.
    """
    import torch

    from runtime.checkpoints import CheckpointError
    from runtime.memory import keep_freed_memory
    from runtime.progress import progress_bar
    from solvers.sparse.errors import SparseInputError
    from training.identity import DifferentRun, Identity
    from training.sparse.arrays import UnreadableArray, read_codes
    from training.sparse.layerwise import STAGES
    from training.sparse.layerwise_settings import read_settings
    from training.sparse.running import Task, train_sparse

    if steps is not None and variant == "hyperlista":
        fail("--steps are those of layers that are trained; hyperlista has none")
    if threads or variant == "hyperlista":  # whose small products waste a second thread
        torch.set_num_threads(threads or 1)
    keep_freed_memory()
    full = _NAMES.get(variant, variant)
    try:
        given = _dictionary(matrix, dictionary, context)
        given_settings = {"layers": layers, "steps": steps, "sparsity": sparsity, "snr": snr}
        settings = read_settings(config, full, given_settings)
        own = None if codes is None else read_codes(codes, given.atoms)
        identity = Identity(name or output.resolve().name, model_version, recorded_command())
        searched = full == "hyperlista"
        with progress_bar(full, None if searched else STAGES * settings.layers, alike=False) as bar:
            told = bar.show if bar.watched else Lines(_SECONDS if searched else 0.0)
            figures = train_sparse(Task(given, full, settings, seed, own), output, identity, told=told)
    except typer.Exit:  # a RuntimeError, whose reason was said
        raise
    except (
        SparseInputError, UnreadableArray, DifferentRun, CheckpointError, ValueError, RuntimeError, OSError,
    ) as error:  # fmt: skip
        fail(str(error))
    except KeyboardInterrupt:
        interrupted()
    say(f"model in {output}; {_line(settings.layers, figures)}")
    if _worse(figures):
        say("this model is worse than HyperLISTA without training")


def _dictionary(matrix: Path | None, name: str | None, context: typer.Context) -> Dictionary:
    from solvers.sparse.dictionary import Dictionary
    from solvers.sparse.stored import load_dictionary
    from training.sparse.arrays import read_rows

    if (matrix is None) == (name is None):
        fail("give the dictionary: either --matrix A.npy or --dictionary NAME")
    if matrix is not None:
        return Dictionary.of(read_rows(matrix))
    return load_dictionary(context.obj.find(name))


def _line(layers: int, figures: dict[str, Any]) -> str:
    from training.sparse.untrained_figures import LABELS

    beside = (f"{LABELS[name]}: {_decibels(other)}" for name, other in figures["untrained"].items())
    reached = _decibels(figures["test"])
    return f"on codes held out, after {layers} layers: NMSE {reached} ({'; '.join(beside)})"


def _decibels(figures: dict[str, Any]) -> str:
    return "not finite" if figures["nmse_db"] is None else f"{figures['nmse_db']:.1f} dB"


def _worse(figures: dict[str, Any]) -> bool:
    """Than HyperLISTA with the bundled numbers, by more than one sample of codes may differ from another."""
    reached, other = figures["test"]["nmse_db"], figures["untrained"]["hyperlista"]["nmse_db"]
    return other is not None and (reached is None or reached > other + _NOTABLE)
