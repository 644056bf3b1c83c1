"""`farkas train lista`: train a sparse-recovery variant for a dictionary.

Nothing heavy is imported until the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from training.command_parts import fail, interrupted, recorded_command, say

if TYPE_CHECKING:
    from solvers.sparse.dictionary import Dictionary

Short = Literal["lista", "cp", "ss", "cpss", "alista", "hyperlista"]
_NAMES = {"cp": "lista-cp", "ss": "lista-ss", "cpss": "lista-cpss"}


def train_lista(
    context: typer.Context,
    variant: Annotated[Short, typer.Option(help="Which of the learned methods; hyperlista tunes 3 numbers.")],
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
    layers: Annotated[int | None, typer.Option(min=1, max=1000, help="In place of the settings'.")] = None,
    sparsity: Annotated[
        float | None,
        typer.Option(min=1e-6, max=1.0, help="Share of a drawn code's entries that are not zero."),
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
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0: torch's choice.")] = 0,
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
    from training.sparse.layerwise_settings import read_settings
    from training.sparse.running import Task, train_sparse

    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    full = _NAMES.get(variant, variant)
    try:
        given = _dictionary(matrix, dictionary, context)
        settings = read_settings(config, full, {"layers": layers, "sparsity": sparsity, "snr": snr})
        own = None if codes is None else read_codes(codes, given.atoms)
        identity = Identity(name or output.resolve().name, model_version, recorded_command())
        with progress_bar(full, None, unit="steps") as bar:
            figures = train_sparse(Task(given, full, settings, seed, own), output, identity, told=bar.show)
    except (SparseInputError, UnreadableArray, DifferentRun, CheckpointError) as error:
        fail(str(error))
    except (ValueError, RuntimeError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        interrupted()
    say(f"model in {output}; {_line(settings.layers, figures)}")


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
    reached = figures["test"]["nmse_db"]
    told = "the estimates are not finite" if reached is None else f"NMSE {reached:.1f} dB"
    return f"on codes held out, after {layers} layers: {told}"
