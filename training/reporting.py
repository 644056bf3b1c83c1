"""How an evaluation is shown and kept: tables, evaluation.json with plots, figures in a model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from graphs.prediction import CLASSES
from runtime.checkpoints import load, save
from runtime.files import write_atomically
from training.evaluating import Report
from training.outcomes import Part
from training.report_plots import plot_confusion, plot_reliability, plot_sizes

_NAME_WIDTH: Final = 17
_Columns = Sequence[tuple[str, str]]
_VERDICTS: Final[_Columns] = (
    ("instances", "instances"),
    ("foldable", "foldable_share"),
    ("verdict\nerror", "verdict_error"),
    ("of the\nrule", "rules.verdict"),
    ("calibr.\nerror", "calibration_error"),
    ("abstains", "abstention_share"),
    ("answered\nerror", "answered_error"),
)
_VALUES: Final[_Columns] = (
    ("optimal", "optimal"),
    ("objective\nerror", "objective_error"),
    ("of the\nrule", "rules.objective"),
    ("median", "objective_error_median"),
    ("of the\nrule", "rules.objective_median"),
    ("solution\nerror", "solution_error"),
    ("of the\nrule", "rules.solution"),
    ("binary\nAUC", "binary_auc"),
)
_SIZES: Final[_Columns] = (
    ("instances", "instances"),
    ("verdict\nerror", "verdict_error"),
    ("abstains", "abstention_share"),
    ("objective\nerror", "objective_error"),
    ("solution\nerror", "solution_error"),
)
"""Heads of the columns, and the figure or rule that stands there."""


def tables(report: Report) -> Iterator[Table]:
    """What a terminal shows: verdicts, values, answers against the truth, and errors by size."""
    figures, rules = report.mean()
    last = [("all", report.whole.figures, report.whole.rules), ("mean of families", figures, rules)]
    families = [(part.family, part.whole.figures, part.whole.rules) for part in report.families]
    for title, columns in (("Verdicts", _VERDICTS), ("Values, of optimal instances", _VALUES)):
        table = _table(title, ["family"], [head for head, _ in columns])
        for lines in (families, last):
            for name, numbers, rule in lines:
                known = {**numbers, **{f"rules.{key}": value for key, value in rule.items()}}
                table.add_row(_name(name), *(_shown(known.get(key)) for _, key in columns))
            table.add_section()
        yield table
    yield _answers([(part.family, part.whole) for part in report.families] + [("all", report.whole)])
    yield _sizes(report)


def write_report(report: Report, folder: Path) -> Path:
    """Write evaluation.json, reliability.svg, confusion.svg and sizes.svg; the JSON's path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [report.whole, *(family.whole for family in report.families)]
    plot_reliability(parts, folder / "reliability.svg")
    plot_confusion(parts, folder / "confusion.svg")
    plot_sizes({family.family: family.sizes for family in report.families}, folder / "sizes.svg")
    path = folder / "evaluation.json"
    write_atomically(path, (json.dumps(report.to_json(), indent=2) + "\n").encode())
    return path


def record_in_card(model: Path, name: str, report: Report) -> None:
    """Write figures into the card of the checkpoint in `model`, under metrics[name]; the weights stay."""
    checkpoint = load(model)
    families = {part.family: {**part.whole.figures, "rules": part.whole.rules} for part in report.families}
    recorded = {"data": report.data["folders"], **families}
    metrics = {**checkpoint.card["metrics"], name: recorded}
    save(model, checkpoint.tensors, {**checkpoint.card, "metrics": metrics})


def _answers(parts: Sequence[tuple[str, Part]]) -> Table:
    """Confusion matrices, without and with abstentions: a line a truth."""
    verdicts = [str(verdict) for verdict in CLASSES]
    table = _table("Most probable verdicts (of them said)", ["family", "truth"], [*verdicts, "abstains"])
    for name, part in parts:
        shown = _name(name)
        for place, truth in enumerate(verdicts):
            likely, said = part.confusion[place].tolist(), part.answers[place].tolist()
            if any(likely):
                cells = [f"{one:,} ({other:,})" for one, other in zip(likely, said[:-1], strict=True)]
                table.add_row(shown, truth, *cells, f"{said[-1]:,}")
                shown = ""
        table.add_section()
    return table


def _sizes(report: Report) -> Table:
    heads = [head for head, _ in _SIZES]
    table = _table("By size: rows × columns, or a range of nonzeros (nz)", ["family", "size"], heads)
    for family in report.families:
        shown = _name(family.family)
        for part in family.sizes:
            table.add_row(shown, part.name, *(_shown(part.figures.get(key)) for _, key in _SIZES))
            shown = ""
        table.add_section()
    return table


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=0, title_justify="left", show_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _name(name: str) -> str:
    """A family's name in lines of a few letters, parted at hyphens."""
    return fill(name, _NAME_WIDTH)


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.4g}"
