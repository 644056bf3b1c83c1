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


@pytest.mark.parametrize(
    "text", ["layer = 3", "layers = 0", "steps = [1, -1, 1]", "sparsity = 2.0", "snr = nan", "layers = ["]
)
def test_what_is_not_allowed_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text + "\n")
    with pytest.raises(ValueError, match=r"s\.toml") as raised:
        read_settings(file, "lista")
    assert len(str(raised.value).splitlines()) == 1


def test_keys_that_a_file_leaves_out_are_those_of_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("layers = 4\n")
    assert read_settings(file, "lista") == read_settings(None, "lista", {"layers": 4})
    assert read_settings(file, "lista").rate_exponent == 1.0
    file.write_text("rate_exponent = 0.5\n")
    assert read_settings(file, "lista").rate_exponent == 0.5


def test_what_is_wrong_is_said_of_where_it_is_from(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_bytes(b"\x93NUMPY\x00\xff")
    with pytest.raises(ValueError, match=r"s\.toml is not text: settings are a TOML file"):
        read_settings(file, "lista")
    file.write_text("layers 3\n")
    with pytest.raises(ValueError, match=r"s\.toml is no TOML"):
        read_settings(file, "lista")
    file.write_text("lista-cp = 3\n")
    with pytest.raises(ValueError, match=r"s\.toml: lista-cp is a table"):
        read_settings(file, "lista")
    file.write_text("layer = 3\n")
    with pytest.raises(ValueError, match=r"s\.toml are not valid: layer: there is no such key.* patience"):
        read_settings(file, "lista")
    file.write_text("layers = 3\n")
    with pytest.raises(ValueError, match=r"^the settings are not valid: --snr: "):
        read_settings(file, "lista", {"snr": 1e9, "layers": None})
