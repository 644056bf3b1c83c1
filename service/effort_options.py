"""The options by which a command line says how much work an answer may cost; imports no more than typer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.choices import ExactSolver, Policy, Require, Rigour

PolicyOption = Annotated[
    Policy,
    typer.Option(
        "--policy",
        help="predict: the network and its own proofs; certify: these polished; solve: an exact solver; "
        "auto: the cheapest that delivers what --require says.",
    ),
]
RigourOption = Annotated[
    Rigour, typer.Option("--rigour", help="exact: certificates in rational arithmetic where they can be had.")
]
RequireOption = Annotated[
    Require,
    typer.Option(
        "--require", help="What certify and auto aim at: any answer, a checked verdict, or a checked optimum."
    ),
]
DeadlineOption = Annotated[
    float | None, typer.Option("--deadline", help="Seconds that auto may take for an instance.")
]
TimeLimitOption = Annotated[
    float, typer.Option("--time-limit", help="Seconds that a solver may take for an instance.")
]
GapOption = Annotated[
    float, typer.Option("--gap", help="Relative gap at which a solver may stop on integer columns.")
]
SolverOption = Annotated[ExactSolver, typer.Option("--solver", help="Which exact solver is asked.")]
ExplainOption = Annotated[
    bool,
    typer.Option(
        "--explain", help="Of what is infeasible: rows and bounds that cannot hold together (solve, auto)."
    ),
]
WorkOption = Annotated[
    float, typer.Option("--work", help="Work that the polish may do, as a multiple of the usual budget.")
]
StartOption = Annotated[
    Path | None,
    typer.Option("--start", help="A solution file (.sol) to start the solver from; of one file only."),
]
