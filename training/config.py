"""What a training run is: read from TOML, checked, and written into the model card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from graphs.network.channels import ChannelCounts
from graphs.network.gnn import NetworkConfig
from training.losses import LossWeights
from training.toml_files import read_toml, wrong_keys

RETRAIN = Path(__file__).parent / "configs" / "retrain.toml"
"""The settings for training on from a model that exists."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NetworkSettings(_Strict):
    """Shape of the network; see `graphs.network.gnn.NetworkConfig`."""

    hidden: PositiveInt = 48
    rounds: PositiveInt = 6
    steps: PositiveInt = 4
    feasibility_channels: PositiveInt = 4
    optimality_channels: PositiveInt = 4
    recession_channels: PositiveInt = 4
    random_features: Annotated[int, Field(ge=0)] = 4

    @classmethod
    def of(cls, card: dict[str, Any]) -> NetworkSettings:
        """The shape of a network as its card states it."""
        channels = {f"{kind}_channels": count for kind, count in card["channels"].items()}
        shape = {key: value for key, value in card.items() if key != "channels"}
        return cls(**shape, **channels)

    def build(self) -> NetworkConfig:
        counts = ChannelCounts(self.feasibility_channels, self.optimality_channels, self.recession_channels)
        return NetworkConfig(self.hidden, self.rounds, self.steps, counts, self.random_features)


class LossSettings(_Strict):
    """Weights of the terms of `training.losses`."""

    verdict: Annotated[float, Field(ge=0)] = 1.0
    objective: Annotated[float, Field(ge=0)] = 0.5
    solution: Annotated[float, Field(ge=0)] = 1.0
    dual: Annotated[float, Field(ge=0)] = 0.1
    margins: Annotated[float, Field(ge=0)] = 0.3

    def build(self) -> LossWeights:
        return LossWeights(**self.model_dump())


class TrainingConfig(_Strict):
    """Everything that decides a run, next to the data and the seed.

    The learning rate rises linearly over the first `warm_up` share of the steps and falls along a cosine.
    The weights kept are an exponential moving average of the trained ones; those of the epoch with the least
    loss on the validation instances where `patience` is given: training then ends once that many epochs
    have brought none that is less.
    """

    epochs: PositiveInt = 10
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.1
    gradient_norm: PositiveFloat = 1.0
    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.999
    patience: PositiveInt | None = None
    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    calibration_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    answered_accuracy: Annotated[float, Field(gt=0, le=1)] = 0.99
    network: NetworkSettings = NetworkSettings()
    loss: LossSettings = LossSettings()


def read_config(path: Path | None, overrides: dict[str, Any] | None = None) -> TrainingConfig:
    """A TOML file (or nothing: the defaults), with command-line values in the place of the file's."""
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    data = (read_toml(path) if path else {}) | given
    try:
        return TrainingConfig.model_validate(data)
    except ValidationError as error:
        raise ValueError(wrong_keys(error, path, given, TrainingConfig.model_fields)) from None
