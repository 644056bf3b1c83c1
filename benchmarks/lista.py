"""Learned shrinkage in the papers' setting: NMSE by layer, parameters, how each bears other codes and noise.

    .venv/bin/python -m benchmarks.lista_training     # trains what is trained, hours; resumes
    .venv/bin/python -m benchmarks.lista              # the table and the plot of what is there

m = 250, n = 500, unit Gaussian atoms, codes Bernoulli(0.1)·N(0, 1), no noise or SNR 40, 30, 20 dB; float64.
Test problems have seeds of their own (`benchmarks.lista_setting`); λ of ISTA and FISTA and HyperLISTA's three
numbers are found on training problems.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import RESULTS, write_result
from benchmarks.lista_plot import plot_curves
from benchmarks.lista_setting import (
    LAYERS,
    SNRS,
    SPARSITY,
    TEST_SEED,
    TRAINED,
    TRAINING_SEED,
    paper_dictionary,
    test_problems,
    trained_folder,
)
from runtime.checkpoints import read_card
from solvers.iteration import AbstractSolver
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.hyperlista_full import HyperLISTAFull
from solvers.sparse.ista import FISTA, ISTA
from solvers.sparse.networks import trainable_parameters
from solvers.sparse.problem import SparseProblem
from solvers.sparse.stored import load_network
from training.sparse.nmse import nmse, nmse_by_layer
from training.sparse.number_search import SearchSettings, search_numbers
from training.sparse.sampling import BernoulliGaussian, Purpose, Sample, Stream

SETS = 7
DEEP = 30
"""Layers of the methods that may have any number of them."""
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
SHIFTS = ((0.05, math.inf), (0.1, math.inf), (0.15, math.inf), (0.1, 40.0), (0.1, 30.0), (0.1, 20.0))
Solver = AbstractSolver[Any, Any]


def name_of(snr: float) -> str:
    return "noiseless" if math.isinf(snr) else f"SNR {snr:g} dB"


@lru_cache(maxsize=1)
def geometries() -> tuple[Geometry, Geometry]:
    unit = paper_dictionary().unit
    return Geometry.analytic(unit), Geometry.symmetric(unit)


def training_stream(snr: float) -> Stream:
    noise = None if math.isinf(snr) else snr
    return Stream(paper_dictionary().unit, BernoulliGaussian(500, SPARSITY), noise, TRAINING_SEED)


@lru_cache(maxsize=8)
def tuned(snr: float, symmetric: bool = False) -> Hyperparameters:
    """The three numbers of least NMSE after 16 layers on training problems."""
    stream = replace(training_stream(snr), matrix=paper_dictionary().unit.float())
    geometry = geometries()[symmetric].to(torch.float32)
    return search_numbers(geometry, stream, LAYERS, SearchSettings()).numbers


def with_penalty(sample: Sample, penalty: float) -> Sample:
    """The problems as Lassos."""
    problem = sample.problem
    levels = torch.full((len(problem),), penalty, dtype=torch.float64)
    return Sample(sample.codes, SparseProblem(problem.matrix, problem.measurements, levels))


def best_penalty(solver: Solver, snr: float) -> float:
    """The λ of least NMSE after 16 steps, on training problems."""
    sample = training_stream(snr).sample(256, Purpose.TRAINING)
    return min(
        PENALTIES, key=lambda penalty: nmse_by_layer(solver, with_penalty(sample, penalty), LAYERS)[-1]
    )


def classical(sample: Sample, snr: float) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    lipschitz = paper_dictionary().lipschitz
    for name, solver in (("ISTA", ISTA(lipschitz)), ("FISTA", FISTA(lipschitz))):
        penalty = best_penalty(solver, snr)
        curve = nmse_by_layer(solver, with_penalty(sample, penalty), DEEP)
        yield name, curve, {"lambda": penalty, "parameters": 1}


def settings_of(folder: Path) -> Any:
    """What a network was trained with, as its card has it."""
    return read_card(folder)["training"]["config"]


def trained(sample: Sample, snr: float) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    for variant in TRAINED:
        folder = trained_folder(variant, snr)
        if (folder / "card.json").is_file():
            network = load_network(folder, paper_dictionary())
            curve = nmse_by_layer(network, sample, len(network.layers))
            told = {"parameters": trainable_parameters(network), "settings": settings_of(folder)}
            yield variant.upper(), curve, told


def computed(sample: Sample, snr: float) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    analytic, symmetric = geometries()
    numbers, clean = tuned(snr), tuned(math.inf)
    solvers: list[tuple[str, Solver, Hyperparameters]] = [
        ("HyperLISTA", HyperLISTA(analytic, numbers), numbers),
        ("HyperLISTA-Full", HyperLISTAFull(analytic, numbers), numbers),
    ]
    if math.isinf(snr):
        other = tuned(snr, symmetric=True)
        solvers.append(("HyperLISTA, symmetric", HyperLISTA(symmetric, other), other))
    else:
        solvers.append(("HyperLISTA, tuned without noise", HyperLISTA(analytic, clean), clean))
    for name, solver, used in solvers:
        told = {"parameters": trainable_parameters(solver), "numbers": vars(used)}
        yield name, nmse_by_layer(solver, sample, DEEP), told


def measured(snr: float) -> dict[str, Any]:
    """Every method's curve on the test problems of an SNR."""
    sample = test_problems(snr)
    rows: dict[str, Any] = {}
    for family in (classical, trained, computed):
        for name, curve, told in family(sample, snr):
            rows[name] = {**told, "nmse_db_by_layer": curve}
            at = " ".join(f"{curve[k - 1]:7.1f}" for k in (4, 8, 12, LAYERS, DEEP) if k <= len(curve))
            print(f"{name_of(snr):12} {name:32} {told['parameters']:9,} {at}", flush=True)
    return rows


def noiseless_solvers() -> dict[str, Solver]:
    """What was trained or tuned without noise."""
    analytic, _ = geometries()
    solvers: dict[str, Solver] = {
        "HyperLISTA": HyperLISTA(analytic, tuned(math.inf)),
        "HyperLISTA-Full": HyperLISTAFull(analytic, tuned(math.inf)),
    }
    for variant in TRAINED:
        if (trained_folder(variant) / "card.json").is_file():
            solvers[variant.upper()] = load_network(trained_folder(variant), paper_dictionary())
    return solvers


def other_sets(solvers: Mapping[str, Solver]) -> dict[str, list[float]]:
    """NMSE at 16 layers on further sets of test problems: a set's few hardest codes rule its figure."""
    rows = {}
    for name, solver in solvers.items():
        seeds = range(TEST_SEED + 10, TEST_SEED + 10 + SETS)
        rows[name] = [nmse_by_layer(solver, test_problems(seed=seed), LAYERS)[-1] for seed in seeds]
        print(name, [round(value, 1) for value in rows[name]], flush=True)
    return rows


def shifted(solvers: Mapping[str, Solver]) -> dict[str, Any]:
    """NMSE at 16 layers for codes and noise other than the training's: nothing is trained or tuned again."""
    rows: dict[str, Any] = {}
    for name, solver in solvers.items():
        rows[name] = {
            f"sparsity {sparsity:g}, {name_of(snr)}": nmse_by_layer(
                solver, test_problems(snr, sparsity, seed=TEST_SEED + 1), LAYERS
            )[-1]
            for sparsity, snr in SHIFTS
        }
        print(name, {key: round(value, 1) for key, value in rows[name].items()}, flush=True)
    return rows


def oracle(snr: float) -> float:
    """Least squares on the true support: what no method that must find it can be expected to pass."""
    sample = test_problems(snr)
    found = torch.zeros_like(sample.codes)
    for item, code in enumerate(sample.codes):
        support = torch.nonzero(code).squeeze(1)
        columns = sample.problem.matrix[:, support]
        b = sample.problem.measurements[item][:, None]
        found[item, support] = torch.linalg.lstsq(columns, b).solution[:, 0]
    return nmse(found, sample.codes)


def main() -> None:
    torch.set_num_threads(1)
    curves: Mapping[str, Any] = {name_of(snr): measured(snr) for snr in SNRS}
    solvers = noiseless_solvers()
    figures = {
        "curves": curves,
        "least squares on the true support": {name_of(snr): oracle(snr) for snr in SNRS[1:]},
        "trained without noise at sparsity 0.1, used elsewhere": shifted(solvers),
        "noiseless, 16 layers, further test sets": other_sets(solvers),
        "problems": len(test_problems()),
    }
    plot_curves(curves, RESULTS / "lista.svg")
    print(write_result("lista", seed=TEST_SEED, figures=figures))


if __name__ == "__main__":
    main()
