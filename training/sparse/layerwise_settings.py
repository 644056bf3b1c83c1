"""What a training of layers is: read from TOML, checked, and written into the card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from solvers.sparse.networks import NETWORKS
from training.toml_files import read_toml, wrong_keys

DEFAULTS = Path(__file__).parent.parent / "configs" / "lista.toml"
"""The settings of `farkas train lista` without --config."""


class LayerwiseSettings(BaseModel):
    """Everything that decides a run, next to the dictionary, the variant and the seed.

    Attributes:
        layers: K.
        sparsity: probability that an entry of a code is not zero.
        snr: decibels, or None: no noise.
        steps: Adam steps of a layer's three stages, at most.
        rates: of each stage, in units of the two learning rates.
        weight_rate: learning rate of matrices.
        rate_exponent: the power of the relative error ‖x_{k−1} − x*‖ / ‖x*‖ that layer k's rate of matrices
            is multiplied by. Free weights act on x itself, and must be the more exact the less error is
            left; coupled ones act on the residual.
        scalar_rate: learning rate of the logarithms of thresholds and step lengths.
        batch_size: problems a step.
        pool_size: problems whose outputs of the earlier layers are kept for a layer's first stage.
        look: steps from one look at the validation NMSE to the next.
        patience: looks without a better one after which a stage ends.
        validation_size, test_size: problems held out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: Annotated[int, Field(ge=1, le=1000)] = 16
    sparsity: Annotated[float, Field(gt=0, le=1)] = 0.1
    snr: Annotated[float, Field(ge=-300, le=300)] | None = None
    steps: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt] = (400, 200, 200)
    rates: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (1.0, 0.2, 0.02)
    weight_rate: PositiveFloat = 1e-3
    rate_exponent: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    scalar_rate: PositiveFloat = 2e-2
    batch_size: PositiveInt = 128
    pool_size: PositiveInt = 16384
    look: PositiveInt = 50
    patience: PositiveInt = 3
    validation_size: PositiveInt = 1024
    test_size: PositiveInt = 2048


def read_settings(
    path: Path | None, variant: str, overrides: dict[str, Any] | None = None
) -> LayerwiseSettings:
    """The defaults; before them a TOML file's own keys, and those of its table of the variant's name; the
    overrides before all.

    Raises:
        ValueError: it is no TOML, or has a key or a value that is not allowed.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    data = _flat(DEFAULTS, variant) | ({} if path is None else _flat(path, variant)) | given
    try:
        return LayerwiseSettings.model_validate(data)
    except ValidationError as error:
        raise ValueError(wrong_keys(error, path, given, LayerwiseSettings.model_fields)) from None


def _flat(path: Path, variant: str) -> dict[str, Any]:
    """What a file has for a variant."""
    data = read_toml(path)
    tables: dict[str, dict[str, Any]] = {name: data.pop(name, {}) for name in NETWORKS}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"{path}: {name} is a table of that variant's settings, [{name}], not a key")
    return data | tables.get(variant, {})
