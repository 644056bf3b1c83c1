"""What people and programs read of an answer of sparse recovery: JSON, numpy's files, a table; torch-free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.table import Table

from service.output import seconds_text

if TYPE_CHECKING:
    from service.sparse_recovery import SparseAnswer

MEASURES = ("residual", "relative_residual", "duality_gap", "objective", "support_size", "iterations")
"""Arrays of a number a measurement; those that need λ may be None."""

BADLY = 0.3
"""The share of ‖b‖ above which what a code without λ leaves is worth a word."""


def answer_document(answer: SparseAnswer, *, sparse: bool = False, pretty: bool = False) -> bytes:
    """The whole answer as JSON; a number that is not finite is null."""
    document = {"x": sparse_rows(answer.recovery.x) if sparse else np.ascontiguousarray(answer.recovery.x)}
    option = orjson.OPT_SERIALIZE_NUMPY | (orjson.OPT_INDENT_2 if pretty else 0)
    return orjson.dumps(document | _measures(answer) | _origin(answer), option=option)


def measures_document(answer: SparseAnswer) -> bytes:
    """The answer as JSON without its codes."""
    return orjson.dumps(_measures(answer) | _origin(answer), option=orjson.OPT_SERIALIZE_NUMPY)


def answer_arrays(answer: SparseAnswer) -> dict[str, NDArray[Any]]:
    """The whole answer as arrays by name; `answer` is JSON, of what is no array."""
    found = {"x": answer.recovery.x, **_measures(answer)}
    arrays = {name: np.asarray(value) for name, value in found.items() if value is not None}
    return {**arrays, "answer": np.array(orjson.dumps(_origin(answer)).decode())}


def sparse_rows(x: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The nonzeros of each row: {"indices": …, "values": …}."""
    rows = []
    for row in x:
        (indices,) = np.nonzero(row)
        rows.append({"indices": indices, "values": row[indices]})
    return rows


def summary(answer: SparseAnswer) -> dict[str, Any]:
    """The answer in a few numbers: medians and extremes of its measures, and how many are what."""
    recovery = answer.recovery
    spread = {name: _spread(getattr(recovery, name)) for name in MEASURES}
    return {
        "measurements": len(recovery.x),
        **spread,
        "provenance": dict(Counter(recovery.provenance)),
        "replaced": sum(recovery.replaced),
        **_origin(answer),
    }


def summary_table(answer: SparseAnswer) -> Table:
    """The same for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for heading in ("median", "least", "most"):
        table.add_column(heading, justify="right")
    said = summary(answer)
    for name, label in (
        ("relative_residual", "‖Ax − b‖ / ‖b‖"),
        ("residual", "‖Ax − b‖"),
        ("duality_gap", "duality gap / ½‖b‖²"),
        ("objective", "objective"),
        ("support_size", "nonzeros of x"),
        ("iterations", "steps after the layers"),
    ):
        values = said[name]
        if values is not None and (name != "iterations" or values["most"]):
            table.add_row(label, *(_figure(values[key]) for key in _SPREAD))
    return table


def summary_lines(answer: SparseAnswer) -> list[str]:
    """What the table does not say."""
    said = summary(answer)
    model, dictionary = answer.model, answer.dictionary
    shares = ", ".join(f"{count:,} {name}" for name, count in sorted(said["provenance"].items()))
    replaced = f"; {said['replaced']:,} replaced by FISTA's iterate" if said["replaced"] else ""
    instead = "fista in the place of " if said["replaced"] == said["measurements"] else ""
    named = "" if model.name is None else f" ({model.name}@{model.version})"
    source = (
        f"sha256 {dictionary.sha256[:12]}"
        if dictionary.name is None
        else f"{dictionary.name}@{dictionary.version}"
    )
    return [
        f"{_measurements(said['measurements'])}: {shares}{replaced}",
        f"{instead}{model.variant}{named}, {model.layers} layer{'' if model.layers == 1 else 's'}; "
        f"dictionary {dictionary.rows} × {dictionary.columns}, {source}; {seconds_text(answer.seconds)}",
    ]


def notes(answer: SparseAnswer) -> list[str]:
    """What a person should know before trusting the codes: a line each, most often none."""
    lines = [] if answer.shortfall is None else [answer.shortfall]
    recovery = answer.recovery
    badly = 0 if recovery.objective is not None else int(np.sum(~(recovery.relative_residual <= BADLY)))
    if badly:
        count = _measurements(len(recovery.x))
        lines.append(
            f"{badly:,} of {count} {'is' if badly == 1 else 'are'} explained badly (‖Ax − b‖ above "
            f"{BADLY} ‖b‖): give --regularization and --duality-gap, or train for such measurements "
            "(farkas train lista)"
        )
    return lines


def _measurements(count: int) -> str:
    return f"{count:,} measurement{'' if count == 1 else 's'}"


def _measures(answer: SparseAnswer) -> dict[str, Any]:
    recovery = answer.recovery
    found: dict[str, Any] = {name: getattr(recovery, name) for name in MEASURES}
    return found | {"provenance": list(recovery.provenance), "replaced": list(recovery.replaced)}


def _origin(answer: SparseAnswer) -> dict[str, Any]:
    return {
        "model": asdict(answer.model),
        "dictionary": asdict(answer.dictionary),
        "seconds": answer.seconds,
    }


_SPREAD = ("median", "least", "most")


def _spread(values: NDArray[Any] | None) -> dict[str, float | None] | None:
    if values is None:
        return None
    found: Sequence[Any] = (np.median(values), np.min(values), np.max(values))
    return {
        key: float(value) if np.isfinite(value) else None for key, value in zip(_SPREAD, found, strict=True)
    }


def _figure(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.3g}"
