"""What `farkas verify` does: check a saved answer's certificate against its instance, trusting nobody.

No network, no solver and no torch take part; see `solvers.linear.verify.verification`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers import Format
from graphs.readers.archive import gunzip, is_gzip, refuse_other_compression
from graphs.readers.limits import ReadLimits
from service.choices import FATAL
from service.errors import InvalidRequest, UnreadableFile, problem_of
from service.fatal import fatal, fatal_in_one_line
from service.output import console, dumps, problem_text
from service.reading import STDIN, display_name, read_body
from solvers.linear.verify.verification import Check, MalformedAnswer, Verification, read_answers, verify

_MOST_ANSWER_BYTES = 1 << 30
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def verify_answer(
    source: Path, answer: Path, limits: ReadLimits, *, allow_tolerances: bool, as_json: bool
) -> int:
    """Check one answer and say what was found; the exit status: 0 verified, 1 refused."""
    with fatal_in_one_line():
        try:
            instance = _read_instance(source, limits)
        except InstanceError as error:
            raise fatal(problem_text(source, problem_of(error))) from error
        try:
            saved = read_answers(_load(answer, _MOST_ANSWER_BYTES))
        except MalformedAnswer as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise fatal(f"{display_name(answer)}: {error.detail}{hint}") from error
        result = verify(instance, saved, allow_tolerances=allow_tolerances)
        if as_json:
            typer.echo(dumps(_document(source, instance, answer, result)))
        else:
            console().print(_table(result.checks))
            typer.echo(f"{'verified' if result.verified else 'refused'}: {result.statement}")
    return 0 if result.verified else FATAL


def _read_instance(source: Path, limits: ReadLimits) -> Instance:
    """MPS or JSON, told apart by the first character: what is CPLEX-LP only HiGHS could confirm."""
    name = display_name(source)
    if any(suffix.lower() == ".lp" for suffix in source.suffixes[-2:]):
        hint = f"run farkas convert {name} {source.stem}.json, and predict and verify that"
        raise InvalidRequest(
            f"{name}: reading CPLEX-LP takes HiGHS, and verifying trusts no solver", hint=hint
        )
    data = _load(source, max(limits.compressed_bytes, limits.inflated_bytes))
    refuse_other_compression(data, name=name)
    text = gunzip(data, name=name, limits=limits) if is_gzip(data) else data
    is_json = text.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] == b"{"
    form: Format = "json" if is_json else "mps"
    return read_body(text, display_name(Path(source.name)), limits, form).instance


def _load(path: Path, most_bytes: int) -> bytes:
    """A file's bytes, at most one more than allowed."""
    if path == STDIN:
        return typer.get_binary_stream("stdin").read(most_bytes + 1)
    try:
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise UnreadableFile(f"{display_name(path)}: {error.strerror or 'it cannot be read'}") from error


def _document(source: Path, instance: Instance, answer: Path, result: Verification) -> dict[str, Any]:
    return {
        "instance": {"name": instance.name, "sha256": instance.sha256, "file": display_name(source)},
        "answer": {"file": display_name(answer)},
        "verified": result.verified,
        "statement": result.statement,
        "checks": [
            {
                "name": check.name,
                "value": _sayable(check.value),
                "limit": _sayable(check.limit),
                "holds": check.holds,
            }
            for check in result.checks
        ],
    }


def _sayable(value: float | str | None) -> float | str | None:
    """JSON has no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _table(checks: tuple[Check, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", overflow="fold")
    for name in ("value", "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("holds", no_wrap=True)
    for check in _in_short(checks):
        cells = (Text(_cell(check.value)), Text(_cell(check.limit)))
        table.add_row(check.name, *cells, Text("yes", "green") if check.holds else Text("no", "bold red"))
    return table


def _in_short(checks: tuple[Check, ...]) -> list[Check]:
    """A group whose checks all hold is one line, with their number."""
    groups = {check.group for check in checks if check.group}
    broken = {check.group for check in checks if not check.holds}
    short: dict[str, Check] = {}
    for check in checks:
        whole = check.group in groups - broken
        number = float(sum(other.group == check.group for other in checks))
        line = Check(check.group, number, number, True) if whole else check
        short.setdefault(line.name, line)
    return list(short.values())


def _cell(value: float | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.9g}"
    return value if len(value) <= 24 else f"{value[:12]}…"
