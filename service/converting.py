"""What `farkas convert` does: read with every check, write in another format; no network, no torch."""

from __future__ import annotations

from pathlib import Path

import typer

from graphs.errors import InstanceError
from graphs.readers.limits import ReadLimits
from graphs.writers import write_instance
from service.choices import SOME_BAD
from service.errors import InvalidRequest, ServiceError, problem_of
from service.fatal import fatal_in_one_line
from service.output import problem_text
from service.reading import read_file


def convert(source: Path, target: Path, limits: ReadLimits) -> int:
    """Convert one file and say what it holds; the exit status."""
    with fatal_in_one_line():
        if not target.parent.is_dir():
            raise InvalidRequest(f"there is no folder {str(target.parent)!r} to write to")
        try:
            instance = read_file(source, limits).instance
            write_instance(instance, target)
        except (InstanceError, ServiceError) as error:
            typer.echo(problem_text(source, problem_of(error)), err=True)
            return SOME_BAD
    size = f"{instance.rows} rows, {instance.columns} columns, {instance.nonzeros} nonzeros"
    integers = f", {instance.integers} integers" if instance.is_mip else ""
    typer.echo(f"{target}: {size}{integers}", err=True)
    return 0
