"""Write a point as a solution file that HiGHS and SCIP both read.

HiGHS takes six lines as its heading, whatever they say, then the number of columns and a line for each. SCIP
skips the lines that begin as its own files do, takes the others for variables it does not know (which it
warns of), and then finds the same lines. Dual values are not written: HiGHS does not read them, and SCIP
would take them for values of variables.
"""

from __future__ import annotations

import numpy as np

from graphs.errors import InstanceError
from graphs.instance import Instance, Vector
from graphs.writers.names import writable_names

_HEADING = """\
solution status: {status}
objective value: {objective!r}
# ----------------------------- written by farkas
# Primal solution values
# {status}
# Objective {objective!r}
# Columns {columns}
"""
_COMMENT = "#"


def write_solution(instance: Instance, point: Vector, *, status: str = "unknown") -> bytes:
    """A point as a solution file, UTF-8, each value the shortest decimal of its float64.

    The objective is the point's own, in the file's sense. Columns are called as `write_mps` calls them.

    Args:
        point: x, shape (n,).
        status: one word that people read, such as "optimal" or "unknown".

    Raises:
        InstanceError: a value is not finite, or a variable is called `#`, as headings begin.
    """
    names = writable_names(instance.variable_names, "x")
    if not np.isfinite(point).all():
        raise InstanceError("a value of the solution is not finite", file=instance.name)
    if _COMMENT in names:
        hint = "rename it, or write the answer as .json"
        raise InstanceError(
            "a solution file cannot hold a variable called '#'", file=instance.name, hint=hint
        )
    objective = instance.in_own_sense(instance.objective(point)) + 0.0
    heading = _HEADING.format(status=status, objective=objective, columns=instance.columns)
    values = (point + 0.0).tolist()
    return (
        heading + "".join(f"{name} {value!r}\n" for name, value in zip(names, values, strict=True))
    ).encode()
