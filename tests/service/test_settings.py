"""Settings: flags before environment before defaults, and nothing impossible accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.choices import Device
from service.settings import Settings, registry_of, rows, settings_from, user_models


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in rows():
        monkeypatch.delenv(row.variable, raising=False)


def test_flags_before_environment_before_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_from().port == 8000
    monkeypatch.setenv("FARKAS_PORT", "9000")
    assert settings_from(port=None).port == 9000
    assert settings_from(port=9001).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("port", "abc"),
        ("device", "tpu"),
        ("batch_size", "0"),
        ("gap_tolerance", "0"),
        ("gap_tolerance", "nan"),
        ("feasibility_tolerance", "inf"),
        ("max_rows", "-1"),
        ("body_seconds", "0"),
    ],
)
def test_impossible_values_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FARKAS_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_unknown_flags_are_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        settings_from(colour="red")


def test_limits_and_tolerances_carry_the_right_values() -> None:
    settings = Settings(
        max_body_bytes=1,
        max_inflated_bytes=2,
        max_rows=3,
        max_columns=4,
        max_nonzeros=5,
        max_lp_seconds=6.0,
        max_lp_memory=7,
        feasibility_tolerance=1e-3,
        integrality_tolerance=1e-4,
        ray_tolerance=1e-5,
        gap_tolerance=1e-7,
    )
    limits, tolerances = settings.limits, settings.tolerances
    assert (limits.compressed_bytes, limits.inflated_bytes) == (1, 2)
    assert (limits.rows, limits.columns, limits.nonzeros) == (3, 4, 5)
    assert (limits.lp_seconds, limits.lp_memory_bytes) == (6.0, 7)
    assert (tolerances.feasibility, tolerances.integrality) == (1e-3, 1e-4)
    assert (tolerances.ray, tolerances.gap) == (1e-5, 1e-7)


def test_default_tolerances_are_the_designs() -> None:
    tolerances = Settings().tolerances
    assert (tolerances.feasibility, tolerances.integrality) == (1e-6, 1e-6)
    assert (tolerances.ray, tolerances.gap) == (1e-9, 1e-6)


def test_the_registry_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_models() == tmp_path / "farkas" / "models"
    assert registry_of(Settings()).root == tmp_path / "farkas" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_models() == tmp_path / ".local" / "share" / "farkas" / "models"
    monkeypatch.setenv("FARKAS_MODELS", "~/mine")
    assert registry_of(Settings()).root == tmp_path / "mine"


def test_workers_are_as_many_as_cores_but_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.settings.cores", lambda: 64)
    assert Settings().worker_count == 4
    assert Settings(workers=7).worker_count == 7
    assert Settings(device=Device.CUDA).worker_count == 1


def test_every_setting_is_a_row_with_help() -> None:
    listed = list(rows())
    assert [row.name for row in listed] == list(Settings.model_fields)
    assert all(row.help and row.default for row in listed)
    assert next(row.default for row in listed if row.name == "device") == Device.CPU.value
