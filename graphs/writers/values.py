"""Numbers of an instance as files state them."""

from __future__ import annotations

import numpy as np

from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers.mps_values import INFINITE


def own_sign(instance: Instance) -> float:
    """−1 where the file maximises: an objective is written in its own sense."""
    return -1.0 if instance.maximize else 1.0


def refuse_large(instance: Instance) -> None:
    """Refuse what would read back as infinite."""
    numbers = (
        instance.objective_vector,
        np.array([instance.objective_offset]),
        instance.constraint_matrix.data,
        instance.constraint_lower_bound,
        instance.constraint_upper_bound,
        instance.variable_lower_bound,
        instance.variable_upper_bound,
    )
    if any((np.isfinite(values) & (np.abs(values) >= INFINITE)).any() for values in numbers):
        detail = f"a finite number of {INFINITE:g} or more cannot be written: it reads back as infinite"
        raise InstanceError(detail, file=instance.name, hint="scale the instance")
