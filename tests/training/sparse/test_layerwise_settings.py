from __future__ import annotations

from pathlib import Path

import pytest

from training.sparse.layerwise_settings import read_settings


def test_a_variant_s_table_goes_before_the_file_and_overrides_before_both(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("layers = 5\nbatch_size = 7\n[alista]\nbatch_size = 9\nsparsity = 0.2\n")
    assert read_settings(file, "lista-cp").batch_size == 7
    alista = read_settings(file, "alista", {"layers": 2, "snr": None})
    assert (alista.batch_size, alista.layers, alista.sparsity, alista.snr) == (9, 2, 0.2, None)


def test_the_defaults_are_sixteen_layers_without_noise() -> None:
    settings = read_settings(None, "lista")
    assert (settings.layers, settings.sparsity, settings.snr) == (16, 0.1, None)


@pytest.mark.parametrize("text", ["layer = 3", "layers = 0", "sparsity = 2.0", "snr = nan", "layers = ["])
def test_what_is_not_allowed_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text + "\n")
    with pytest.raises(ValueError, match=r"not valid|Invalid value"):
        read_settings(file, "lista")
