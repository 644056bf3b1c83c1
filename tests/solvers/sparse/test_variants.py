from __future__ import annotations

import subprocess
import sys

import pytest

from solvers.sparse.errors import UnknownVariant
from solvers.sparse.networks import NETWORKS
from solvers.sparse.variants import VARIANTS, find_variant, untrained


def test_the_trained_variants_are_those_with_a_network() -> None:
    assert {name for name, variant in VARIANTS.items() if variant.trained} == set(NETWORKS)
    assert all(network.variant == name for name, network in NETWORKS.items())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownVariant, match="hyperlista-full"):
        find_variant("listt")


def test_the_trainers_short_names_are_known() -> None:
    assert [find_variant(name).name for name in ("cp", "ss", "cpss")] == [
        "lista-cp",
        "lista-ss",
        "lista-cpss",
    ]


def test_the_refusal_names_the_command_that_trains() -> None:
    assert untrained("lista-cpss", "mine").hint == (
        "train them: farkas train lista --dictionary mine --variant cpss -o MODEL"
    )
    assert "--matrix A.npy --variant alista" in str(untrained("alista"))


def test_the_names_need_no_torch() -> None:
    code = "import sys, solvers.sparse.variants; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
