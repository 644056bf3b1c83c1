"""What people and programs read of equilibria: JSON, numpy's files, a table; torch-free."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.table import Table

from service.output import seconds_text

if TYPE_CHECKING:
    from service.equilibria import EquilibriumAnswer

_OPTION = orjson.OPT_SERIALIZE_NUMPY
_MEASURES = {
    "gap": "gap",
    "conservation_residual": "conservation",
    "fixed_point_residual": "residual",
    "iterations": "iterations",
    "continuation_iterations": "continuation_iterations",
}
"""Members of the answer, and what `solvers.implicit.games.finding.Equilibrium` calls them."""
_SPREAD = ("median", "least", "most")
_LABELS = {
    "conservation_residual": "conservation residual",
    "fixed_point_residual": "fixed point's residual",
    "iterations": "network's steps",
    "continuation_iterations": "steps after it",
}


def answer_document(answer: EquilibriumAnswer, *, pretty: bool = False) -> bytes:
    """The whole answer as JSON; a number that is not finite is null."""
    document = {
        "equilibrium": np.ascontiguousarray(answer.found.value),
        **_measures(answer),
        **_origin(answer),
    }
    return orjson.dumps(document, option=_OPTION | (orjson.OPT_INDENT_2 if pretty else 0))


def measures_document(answer: EquilibriumAnswer) -> bytes:
    """The answer as JSON without the equilibria."""
    return orjson.dumps(_measures(answer) | _origin(answer), option=_OPTION)


def answer_arrays(answer: EquilibriumAnswer) -> dict[str, NDArray[Any]]:
    """The whole answer as arrays by name; `answer` is JSON, of what is no array."""
    arrays = {name: np.asarray(value) for name, value in _measures(answer).items()}
    origin = np.array(orjson.dumps(_origin(answer), option=_OPTION).decode())
    return {"equilibrium": answer.found.value, **arrays, "answer": origin}


def summary(answer: EquilibriumAnswer) -> dict[str, Any]:
    """The answer in a few numbers: medians and extremes of its measures, and how many are what."""
    return {
        "contexts": len(answer.found.value),
        **{name: _spread(getattr(answer.found, member)) for name, member in _MEASURES.items()},
        "converged": sum(answer.found.converged),
        "provenance": dict(Counter(answer.found.provenance)),
        **asdict(answer.model),
        "notes": list(answer.notes),
        "seconds": answer.seconds,
    }


def summary_table(answer: EquilibriumAnswer) -> Table:
    """The same for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for heading in _SPREAD:
        table.add_column(heading, justify="right")
    said = summary(answer)
    for name in _MEASURES:
        if name != "continuation_iterations" or said[name]["most"]:
            label = _LABELS.get(name, answer.game.gap_name)
            missing = "not finite" if name != "gap" or answer.game.is_known else "not known"
            table.add_row(label, *(_figure(said[name][key], missing) for key in _SPREAD))
    return table


def summary_lines(answer: EquilibriumAnswer) -> list[str]:
    """What the table does not say."""
    said = summary(answer)
    shares = ", ".join(f"{count:,} {name}" for name, count in sorted(said["provenance"].items()))
    count = said["contexts"]
    return [
        f"{count:,} context{'' if count == 1 else 's'}: {shares}",
        f"{answer.model.name}@{answer.model.version}, game {answer.game.name}; "
        f"{seconds_text(answer.seconds)}",
    ]


def _measures(answer: EquilibriumAnswer) -> dict[str, Any]:
    found = answer.found
    return {
        **{name: getattr(found, member) for name, member in _MEASURES.items()},
        "reason": [reason.name.lower().replace("_", "-") for reason in found.reasons],
        "converged": list(found.converged),
        "provenance": list(found.provenance),
    }


def _origin(answer: EquilibriumAnswer) -> dict[str, Any]:
    game = answer.game
    return {
        "gap_name": game.gap_name,
        "game": game.description(),
        "context_names": list(game.context_names),
        "equilibrium_shape": list(game.equilibrium_shape),
        "model": asdict(answer.model),
        "notes": list(answer.notes),
        "seconds": answer.seconds,
    }


def _spread(values: NDArray[Any]) -> dict[str, float | None]:
    found = np.median(values), np.min(values), np.max(values)
    return {
        key: float(value) if np.isfinite(value) else None for key, value in zip(_SPREAD, found, strict=True)
    }


def _figure(value: float | None, missing: str) -> str:
    if value is None:
        return missing
    return f"{value:,.0f}" if value.is_integer() else f"{value:.3g}"
