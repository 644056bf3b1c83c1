"""Write a simplex basis as the file that HiGHS reads (`highs --read_basis_file`, `Highs.readBasis`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphs.basis import Basis
from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.writers.names import writable_names

_HEADING = "HiGHS_basis_file v2\nValid\n"


def write_basis(instance: Instance, basis: Basis) -> bytes:
    """A basis in HiGHS's form, UTF-8: 0 at lower bound, 1 basic, 2 at upper bound, 3 free at zero.

    Rows and columns are called as `write_mps` calls them.

    Raises:
        InstanceError: the basis has not as many basic members as the instance has rows.
    """
    if int((basis.columns == 1).sum() + (basis.rows == 1).sum()) != instance.rows:
        raise InstanceError("a basis needs as many basic members as there are rows", file=instance.name)
    columns = _lines("Columns", writable_names(instance.variable_names, "x"), basis.columns.tolist())
    rows = _lines("Rows", writable_names(instance.constraint_names, "r"), basis.rows.tolist())
    return "".join([_HEADING, *columns, *rows]).encode()


def _lines(what: str, names: Sequence[str], statuses: Sequence[int]) -> Iterable[str]:
    yield f"# {what} {len(names)}\n"
    yield from (f"{name} {status}\n" for name, status in zip(names, statuses, strict=True))
