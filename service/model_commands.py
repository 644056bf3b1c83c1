"""What the commands of `farkas models` do; torch-free."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from runtime.checkpoints import CARD
from runtime.names import UnusableModel
from runtime.registry import Entry, Registry
from runtime.removal import remove_version
from service import output
from service.costs import Costs
from service.errors import InvalidRequest
from service.fatal import command_settings, fatal_in_one_line
from service.implicit_models import implicit_facts, loss_to_classical
from service.kinds import Kind, kind_of, require_kind
from service.settings import registry_of
from service.sparse_facts import SparseFacts, facts_of


def list_models(*, as_json: bool) -> None:
    """Print every version of every name."""
    with fatal_in_one_line():
        entries = _registry().entries()
        facts = facts_of(entries)
    if as_json:
        for entry, said in zip(entries, facts, strict=True):
            typer.echo(output.dumps(_entry_json(entry, said)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "version", "kind", "", "variant", "shape", "for", "weights", "where"):
        table.add_column(column, no_wrap=True)
    for entry, said in zip(entries, facts, strict=True):
        mark = "current" if entry.current else ""
        where = "bundled" if entry.bundled else str(entry.folder)
        kind = _kind(entry) or "unreadable"
        facts_shown = *_facts(entry, said), _weights(entry)[:12]
        table.add_row(entry.name, entry.version, kind, mark, *facts_shown, where)
    output.console().print(table)


def show(reference: str) -> None:
    """Print a model's card, and where it stands in the registry, as JSON."""
    with fatal_in_one_line():
        registry = _registry()
        entry = registry.find(reference)
        [said, *_] = facts_of([entry, *registry.entries()])
        shown = {**_entry_json(entry, said), "history": registry.history(entry.name), "card": entry.card()}
    typer.echo(output.dumps(shown, pretty=True))


def add(folder: Path) -> None:
    """Copy a checkpoint folder into the registry."""
    with fatal_in_one_line():
        entry = _registry().add(folder.expanduser())
    _say_added(entry)
    lost = loss_to_classical(entry.card())
    if lost is not None:
        typer.echo(f"{entry.name}@{entry.version}: {lost}", err=True)


def add_dictionary(file: Path, *, name: str, version: str | None, description: str) -> None:
    """Put a matrix into the registry."""
    from service import sparse_commands

    settings = command_settings()
    with fatal_in_one_line():
        entry = sparse_commands.add_dictionary(
            file, settings, name=name, version=version, description=description
        )
    _say_added(entry)


def _say_added(entry: Entry) -> None:
    current = (
        "" if entry.current else f"; current is another: farkas models promote {entry.name}@{entry.version}"
    )
    typer.echo(f"{entry.name}@{entry.version} is in the registry ({_kind(entry)}){current}")


def promote(reference: str) -> None:
    """Make a version current; a checkpoint folder is added to the registry first."""
    with fatal_in_one_line():
        registry = _registry()
        entry = _added(registry, reference) or registry.find(reference)
        former = registry.current(entry.name)
        registry.promote(entry.name, entry.version)
    typer.echo(f"{entry.name} is now version {entry.version}" + _before(former, entry.version))


def roll_back(name: str) -> None:
    """Return to the former current version."""
    with fatal_in_one_line():
        registry = _registry()
        former = registry.current(name)
        entry = registry.rollback(name)
    typer.echo(f"{entry.name} is now version {entry.version}" + _before(former, entry.version))


def remove(reference: str) -> None:
    """Delete one version of one's own."""
    with fatal_in_one_line():
        name, _, version = reference.partition("@")
        if not version:
            raise InvalidRequest("say which version goes: NAME@VERSION")
        remove_version(_registry(), name, version)
    typer.echo(f"{name}@{version} is no longer in the registry")


def folder_of(reference: str) -> Path:
    """Where a model's checkpoint lies: a registry name, name@version, or a folder."""
    with fatal_in_one_line():
        return _registry().resolve(reference)


def writable_folder_of(reference: str) -> Path:
    """The same, where the model's card may be written to; exits for those that ship with farkas."""
    with fatal_in_one_line():
        return _registry().resolve_writable(reference)


def _added(registry: Registry, reference: str) -> Entry | None:
    """The entry of a checkpoint folder, added now; None where the reference is no such folder."""
    folder = Path(reference).expanduser()
    return registry.add(folder) if (folder / CARD).is_file() else None


def _before(former: str, version: str) -> str:
    return "" if former == version else f" (before: {former})"


def measure(reference: str, each: int, target: Path | None) -> None:
    """Measure the curves of `service.costs` and store them with the model."""
    from runtime.progress import progress_bar
    from service.lanes import Lanes, own_costs
    from service.loading import load_predictor
    from service.measuring import instances_in_all
    from service.measuring import measure as measure_costs

    settings = command_settings()
    with fatal_in_one_line():
        entry = _registry().find(reference)
        require_kind(entry.folder, reference, Kind.PREDICTOR)
        predictor = load_predictor(entry.folder, settings)
        with (
            Lanes(settings, workers=1) as lanes,
            progress_bar("measuring", instances_in_all(each), unit="instances") as bar,
        ):
            costs = measure_costs(predictor, lanes, each=each, advance=bar.advance)
        target = target or own_costs(settings, predictor.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        costs.save(target)
    _show_costs(costs)
    typer.echo(f"what the steps cost with {entry.name}@{entry.version} is in {target}")


def _show_costs(costs: Costs) -> None:
    """The curves as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("kind", "size", "certify", "proves", "polish", "proves", "solve"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, curve in (("LP", costs.lp), ("MILP", costs.mip)):
        for k, size in enumerate(curve.sizes):
            times = {step: output.seconds_text(values[k]) for step, values in curve.seconds.items()}
            shares = {step: f"{values[k]:.0%}" for step, values in curve.proved.items()}
            cells = times["certify"], shares["certify"], times["polish"], shares["polish"], times["solve"]
            table.add_row(kind, f"{size:.0f}", *cells)
    output.console().print(table)


def _registry() -> Registry:
    return registry_of(command_settings())


def _entry_json(entry: Entry, facts: SparseFacts | None) -> dict[str, Any]:
    implicit = implicit_facts(entry)
    return {
        "name": entry.name,
        "version": entry.version,
        "kind": _kind(entry),
        "current": entry.current,
        "bundled": entry.bundled,
        "folder": str(entry.folder),
        "sparse": None if facts is None else asdict(facts),
        "implicit": None if implicit is None else asdict(implicit),
    }


def _facts(entry: Entry, sparse: SparseFacts | None) -> tuple[str, str, str]:
    """Variant, shape, and what it goes with."""
    if sparse is not None:
        return sparse.variant or "", sparse.shape_text(), sparse.dictionary_text()
    implicit = implicit_facts(entry)
    if implicit is None:
        return "", "", ""
    return " ".join(word for word in (implicit.form, implicit.mode) if word), "", implicit.text()


def _kind(entry: Entry) -> str | None:
    """None where the card cannot be read."""
    try:
        return kind_of(entry.card())
    except UnusableModel:
        return None


def _weights(entry: Entry) -> str:
    try:
        return str(entry.card().get("weights_sha256", ""))
    except UnusableModel:
        return "unreadable"
