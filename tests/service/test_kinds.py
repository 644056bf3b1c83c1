"""One registry, several kinds of things: each is taken for what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.names import UnusableModel
from service.errors import WrongModelKind, problem_of
from service.kinds import Kind, kind_of, require_kind


def test_a_card_without_a_kind_is_a_predictors() -> None:
    assert kind_of({}) == Kind.PREDICTOR
    assert kind_of({"kind": "dictionary"}) == Kind.DICTIONARY


@pytest.mark.parametrize("kind", list(Kind))
def test_another_kind_is_refused_with_what_it_is_good_for(
    make_checkpoint: Callable[..., Path], kind: Kind
) -> None:
    folder = make_checkpoint("mine", "1")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"kind": kind.value}))
    assert require_kind(folder, "mine", *Kind) is kind
    assert require_kind(folder, "mine", kind) is kind
    with pytest.raises(WrongModelKind, match="'mine' is") as caught:
        require_kind(folder, "mine", *(other for other in Kind if other is not kind))
    assert problem_of(caught.value).status == 422
    assert caught.value.hint.startswith(("it goes with: farkas", "it goes with: Python"))


def test_kinds_of_the_future_and_damaged_cards(make_checkpoint: Callable[..., Path]) -> None:
    folder = make_checkpoint("mine", "1")
    (folder / "card.json").write_text('{"kind": "crystal ball"}')
    with pytest.raises(WrongModelKind, match="does not know"):
        require_kind(folder, "mine", *Kind)
    (folder / "card.json").write_text("{")
    with pytest.raises(UnusableModel):
        require_kind(folder, "mine", *Kind)
