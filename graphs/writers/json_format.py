"""Write instances in farkas's own JSON form."""

from __future__ import annotations

import msgspec
import numpy as np

from graphs.instance import Instance, Vector
from graphs.readers import json_format
from graphs.writers.values import own_sign, refuse_large


def write_json(instance: Instance) -> bytes:
    """An instance in farkas's JSON form.

    Raises:
        InstanceError: a finite number of 1e20 or more, which reads back as infinite.
    """
    refuse_large(instance)
    sign, matrix = own_sign(instance), instance.constraint_matrix
    document = json_format.Document(
        name=instance.name,
        sense="maximize" if instance.maximize else "minimize",
        objective=json_format.Objective(
            (sign * instance.objective_vector + 0.0).tolist(), sign * instance.objective_offset + 0.0
        ),
        constraints=json_format.Constraints(
            json_format.Matrix(matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()),
            _nullable(instance.constraint_lower_bound),
            _nullable(instance.constraint_upper_bound),
            list(instance.constraint_names),
        ),
        variables=json_format.Variables(
            _nullable(instance.variable_lower_bound),
            _nullable(instance.variable_upper_bound),
            instance.integrality.tolist(),
            list(instance.variable_names),
        ),
    )
    return msgspec.json.encode(document) + b"\n"


def _nullable(bounds: Vector) -> list[float | None]:
    finite = np.isfinite(bounds).tolist()
    return [value if there else None for value, there in zip(bounds.tolist(), finite, strict=True)]
