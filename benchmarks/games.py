"""Equilibria predicted on held-out contexts: exploitability, Wardrop gap, and what they are worth as a start.

    .venv/bin/python -m benchmarks.games [--steps N] [--actions 3 5 10 15 20 25] [--without-traffic]

Bars: exploitability ≤ 1e-3; relative Wardrop gap ≤ 1e-2 with flows conserved to 1e-6. Networks are trained on
pairs of contexts and observed equilibria (training/configs/implicit-matrix-game.toml and -traffic.toml, more
steps for more actions), in benchmarks/work/games; a run that was stopped goes on. Beside them the mean of the
training equilibria and an explicit perceptron with as many parameters, its output projected. All on contexts
that decided nothing. Then the classical methods' time to a proved gap, from nothing and from the prediction,
whose own time is in it. One thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.game_baselines import perceptron_answers
from benchmarks.games_plot import plot_gaps
from benchmarks.harness import RESULTS, interleaved, medians, write_result
from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.finding import EquilibriumOptions, find_equilibrium
from solvers.implicit.games.game import Game
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.stored import load_equilibrium_network
from training.identity import Identity
from training.implicit.recipes import recipe
from training.implicit.running import train_implicit

SEED, HELD_OUT_SEED = 7, 20_268
ACTIONS = (3, 5, 10, 15, 20, 25)
SIZE, TIMED, REPEATS = 1000, 200, 3
TRAFFIC_SIZE, TRAFFIC_TIMED = 300, 60
PAIRS, TRAFFIC_PAIRS = 5000, 1500
LABEL_GAP, TRAFFIC_LABEL_GAP = 1e-8, 1e-5
"""The perceptron's: those that the networks are trained on."""
WORK = Path(__file__).parent / "work" / "games"
Matrix = NDArray[np.float64]


def trained(name: str, label: str, changes: dict[str, Any], steps: int) -> EquilibriumNetwork:
    """The network of a recipe, trained or taken from the folder of the same run."""
    made = recipe(name)
    settings = made.read_settings(None, steps=steps)
    chosen = made.settings.model_validate({**settings.model_dump(mode="python"), **changes})
    folder = WORK / f"{label}-{steps}"
    train_implicit(made, chosen, folder, Identity(label, "1", ("benchmarks.games",)), seed=SEED)  # type: ignore[arg-type]
    return load_equilibrium_network(folder)


def held_out(game: Game, size: int) -> Matrix:
    return game.draw(np.random.default_rng(HELD_OUT_SEED), size)


def gaps(values: Matrix, bar: float) -> dict[str, float]:
    return {
        "median_gap": float(np.median(values)),
        "gap_90_percent": float(np.quantile(values, 0.9)),
        "worst_gap": float(values.max()),
        "share_within_bar": float((values <= bar).mean()),
    }


def compared(
    network: EquilibriumNetwork, contexts: Matrix, bar: float, options: EquilibriumOptions
) -> dict[str, Any]:
    """The network beside the perceptron, the mean equilibrium and the plainest answer."""
    game, traffic = network.game, not isinstance(network.game, MatrixGame)
    pairs = game.draw(np.random.default_rng((SEED, 0)), TRAFFIC_PAIRS if traffic else PAIRS)
    label_gap = TRAFFIC_LABEL_GAP if traffic else LABEL_GAP
    run = game.continue_from(pairs, None, gap=label_gap)
    solved = game.feasible(pairs, run.value)
    proved = game.gap(pairs, solved) <= label_gap
    pairs, solved = pairs[proved], solved[proved]
    found = find_equilibrium(network, contexts, options)
    mean = np.tile(solved.mean(axis=0), (len(contexts), 1))
    parameters = sum(value.numel() for value in network.parameters())
    explicit, size = perceptron_answers(game, pairs, solved, contexts, parameters, seed=SEED)
    answers = {
        "network": found.value,
        "explicit perceptron": explicit,
        "mean equilibrium": game.feasible(contexts, mean),
        "without a prediction": game.feasible(contexts, np.zeros_like(found.value)),
    }
    rows: dict[str, Any] = {name: gaps(game.gap(contexts, value), bar) for name, value in answers.items()}
    truth = game.observe(game.feasible(contexts, game.continue_from(contexts, None, gap=1e-6).value))
    for name, value in answers.items():
        error = np.abs(game.observe(value) - truth)
        rows[name]["worst_conservation"] = float(game.conservation(contexts, value).max())
        for share in (0.01, 0.05):
            close = error <= share * truth.max(axis=1, keepdims=True)
            rows[name][f"share_of_numbers_within_{share:.0%}"] = float(close.mean())
    rows["network"] |= {
        "parameters": parameters,
        "median_iterations": float(np.median(found.iterations)),
        "share_converged": float(np.mean(found.converged)),
    }
    rows["explicit perceptron"]["parameters"] = size
    rows["gaps"] = {name: np.sort(game.gap(contexts, value)).tolist() for name, value in answers.items()}
    return rows


def timed(network: EquilibriumNetwork, contexts: Matrix, targets: Sequence[float]) -> dict[str, Any]:
    """Milliseconds a context to a proved gap, the batch solved together."""
    game, rows = network.game, {}
    for gap in targets:
        told: dict[str, float] = {}

        def cold(gap: float = gap, told: dict[str, float] = told) -> None:
            run = game.continue_from(contexts, None, gap=gap)
            told["cold_steps"] = float(run.iterations.mean())

        def warm(gap: float = gap, told: dict[str, float] = told) -> None:
            found = find_equilibrium(
                network, contexts, EquilibriumOptions(gap=gap, tolerance=1e-4, max_iterations=200)
            )
            told["warm_steps"] = float(found.continuation_iterations.mean())
            told["share_proved"] = float((found.gap <= gap).mean())
            told["share_certified_as_predicted"] = float(
                np.mean([p == "certified" for p in found.provenance])
            )

        ways: dict[str, Callable[[], object]] = {"cold": cold, "warm": warm}
        seconds = medians(interleaved(ways, repeats=REPEATS))
        rows[f"{gap:g}"] = {
            **{f"{name}_milliseconds": 1e3 * value / len(contexts) for name, value in seconds.items()},
            **told,
        }
        print("to", gap, rows[f"{gap:g}"], flush=True)
    return rows


def matrix_games(actions: int, steps: int) -> dict[str, Any]:
    share = 0.05 if actions < 10 else 0.01
    changes = {"actions": actions, "through_fixed_point": share}
    network = trained("matrix-game", f"matrix-{actions}", changes, steps)
    contexts = held_out(network.game, SIZE)
    options = EquilibriumOptions(max_iterations=2000, tolerance=1e-7, time_limit=600.0)
    rows = compared(network, contexts, 1e-3, options)
    rows["plain_exploitability"] = plain(network, contexts, options)
    rows["time"] = timed(network, contexts[:TIMED], (1e-3, 1e-6))
    return rows


def plain(network: EquilibriumNetwork, contexts: Matrix, options: EquilibriumOptions) -> dict[str, float]:
    """Exploitability without the regularisation: of predictions, and of the regularised game's equilibria."""
    game = network.game
    assert isinstance(game, MatrixGame)
    bare = MatrixGame(game.actions, game.context_size, game.weights)
    predicted = find_equilibrium(network, contexts, options).value
    exact = game.continue_from(contexts, None, gap=1e-8).value
    return {
        "of_predictions": float(np.median(bare.gap(contexts, predicted))),
        "of_regularised_equilibria": float(np.median(bare.gap(contexts, exact))),
    }


def traffic(steps: int | None) -> dict[str, Any]:
    chosen = recipe("traffic").read_settings(None).loop.steps if steps is None else steps
    network = trained("traffic", "traffic", {}, chosen)
    options = EquilibriumOptions(max_iterations=2000, tolerance=1e-5, time_limit=600.0)
    rows = compared(network, held_out(network.game, TRAFFIC_SIZE), 1e-2, options)
    rows["time"] = timed(network, held_out(network.game, TRAFFIC_TIMED), (1e-2, 1e-4))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--steps", type=int, help="gradient steps of every network; default: as the figures have it"
    )
    parser.add_argument("--actions", type=int, nargs="*", default=ACTIONS)
    parser.add_argument("--without-traffic", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    matrix: dict[str, dict[str, Any]] = {}
    for actions in given.actions:
        steps = given.steps or (10_000 if actions < 20 else 16_000)
        matrix[f"{actions} actions"] = matrix_games(actions, steps)
        written("games_matrix", SIZE, matrix)  # after each, so that little is lost
    if not given.without_traffic:
        written("games_traffic", TRAFFIC_SIZE, {"traffic": traffic(given.steps)})


def written(name: str, size: int, figures: dict[str, dict[str, Any]]) -> None:
    """Write the figures, and plot the gaps that are among them."""
    plot_gaps({game: rows["gaps"] for game, rows in figures.items()}, RESULTS / f"{name}.svg")
    shown = {
        game: {row: value for row, value in rows.items() if row != "gaps"} for game, rows in figures.items()
    }
    for game, rows in shown.items():
        print(
            game,
            {row: rows[row] for row in ("network", "explicit perceptron", "mean equilibrium")},
            flush=True,
        )
    told = {"held_out_contexts": size, "threads": 1}
    print(write_result(name, seed=SEED, figures={**told, **shown}))


if __name__ == "__main__":
    main()
