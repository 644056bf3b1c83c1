"""A model that is loaded when it is needed, and knows its name before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runtime.names import ModelNotFound, UnusableModel
from service.cli import app
from service.on_demand import OnDemand, default_model
from service.settings import Settings


def test_it_knows_its_card_and_loads_once(
    settings: Settings, make_checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, fake: Any
) -> None:
    loaded: list[Path] = []
    monkeypatch.setattr("service.loading.load_predictor", lambda folder, _: loaded.append(folder) or fake)
    folder = make_checkpoint("mine", "7")
    model = OnDemand(folder, settings)
    assert (model.name, model.version, len(model.sha256)) == ("mine", "7", 64)
    assert loaded == []
    assert model.load() is model.load() is fake
    assert model.predict([]) == []
    assert loaded == [folder]


def test_a_damaged_network_is_said_when_it_is_loaded(
    settings: Settings, make_checkpoint: Callable[..., Path]
) -> None:
    model = OnDemand(make_checkpoint("mine", "1"), settings)
    with pytest.raises(UnusableModel):
        model.load()


@pytest.mark.parametrize("card", ["{", "[]", json.dumps({"name": "mine", "version": "1"})])
def test_a_card_that_does_not_say_which_model_it_is(settings: Settings, tmp_path: Path, card: str) -> None:
    (tmp_path / "card.json").write_text(card)
    with pytest.raises(UnusableModel):
        OnDemand(tmp_path, settings)


def test_the_default_is_the_one_that_is_set(settings: Settings, make_checkpoint: Callable[..., Path]) -> None:
    folder = make_checkpoint("mine", "1")
    assert default_model(settings.model_copy(update={"model": str(folder)})).name == "mine"
    with pytest.raises(ModelNotFound):
        default_model(settings.model_copy(update={"model": "nobody"}))


def test_a_damaged_model_is_fatal_once_there_is_something_to_answer(
    settings: Settings, make_checkpoint: Callable[..., Path], tmp_path: Path, lp: bytes
) -> None:
    model = make_checkpoint("mine", "1")
    good, bad = tmp_path / "good.mps", tmp_path / "bad.mps"
    good.write_bytes(lp)
    bad.write_bytes(lp.replace(b"2.0", b"2,0"))
    predict = ["predict", "--model", str(model)]
    score = ["score", "--model", str(model), "-o", str(tmp_path / "out.csv")]
    for command in (predict, score):
        result = CliRunner().invoke(app, [*command, str(bad), str(good)])
        assert result.exit_code == 1
        assert result.stderr.startswith("farkas: ")
        assert len(result.stderr.splitlines()) == 1
        assert CliRunner().invoke(app, [*command, str(bad)]).exit_code == 2
