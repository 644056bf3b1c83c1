"""The card of a trained variant: all but what is about its weights, which `solvers.sparse.stored` adds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import torch

from training.card import versions
from training.identity import Identity
from training.sparse.held_out_figures import HeldOut
from training.sparse.sampling import BernoulliGaussian, Stream

LIMITS = (
    "An estimate is a prediction. Its residual and, with a penalty, its duality gap are what can be checked.",
    "The figures are those of codes like the ones trained on; `shifted` shows what other sparsity and noise "
    "do to them, and nothing is known beyond.",
)
BOUND = "The weights are for the dictionary of this content hash alone, and mean nothing for another."
CARRIED = "The three numbers are used for other dictionaries too, where they were not measured."


def sparse_card(
    identity: Identity,
    stream: Stream,
    *,
    settings: Mapping[str, Any],
    told: Mapping[str, Any],
    figures: HeldOut,
    bound: bool,
) -> dict[str, Any]:
    """A card without kind, variant and hashes.

    Args:
        settings: of the run.
        told: what else is to be known of it: its stages, or the points that were looked at.
        bound: what was trained is of use for one dictionary alone.
    """
    return {
        "name": identity.name,
        "version": identity.model_version,
        "created": datetime.now(UTC).strftime("%Y-%m-%d"),
        "training": {
            "command": " ".join(identity.command),
            "config": dict(settings),
            "seed": stream.seed,
            "threads": torch.get_num_threads(),
            **told,
        },
        "data": _data(stream),
        "metrics": figures.to_json(),
        "limits": [*LIMITS, BOUND if bound else CARRIED],
        "versions": versions(),
    }


def _data(stream: Stream) -> dict[str, Any]:
    codes = stream.codes
    return {
        "codes": (
            f"drawn on the fly: an entry is of N(0, 1) with probability {codes.sparsity:g}, else zero"
            if isinstance(codes, BernoulliGaussian)
            else "a file of codes, a tenth of them held out for validation and a tenth for the test"
        ),
        "labels": "the planted codes",
        "measurements": "the unit dictionary times the codes"
        + ("" if stream.snr is None else ", plus Gaussian noise; the SNR is a batch's ratio of powers"),
        "snr_db": stream.snr,
    }
