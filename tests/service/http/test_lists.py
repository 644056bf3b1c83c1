"""Many instances in one request: order, errors item by item, places, and what is refused as a whole."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from service.http.items import is_list, read_item
from service.http.schemas import AnswerShape, ItemErrorShape
from service.http.site import EXAMPLES
from service.settings import Settings

KNAPSACK = json.loads((EXAMPLES / "knapsack.json").read_text())


def post(api: Any, items: Any, path: str = "/v1/predict") -> Any:
    return api.post(path, json.dumps(items).encode(), "application/json")


def test_answers_stand_in_the_items_order(api: Any, lp: bytes) -> None:
    text = lp.decode()
    reply = post(
        api,
        [
            KNAPSACK,
            {"text": text, "format": "mps", "name": "a/b.mps"},
            {"text": text.replace("2.0", "2,0"), "format": "mps", "name": "bad.mps"},
            {"text": text},
            {"text": json.dumps(KNAPSACK), "format": "json"},
            {**KNAPSACK, "colour": "red"},
            17,
            {"format": "mps"},
            {"text": text, "format": "xml"},
        ],
        "/v1/predict?solution=true",
    )
    assert reply.status_code == 200
    answers = reply.json()
    for place, name in ((0, "knapsack"), (1, "TINY"), (3, "TINY"), (4, "knapsack")):
        AnswerShape.model_validate(answers[place])
        assert answers[place]["instance"]["name"] == name
        assert answers[place]["solution"] is not None
    for place in (2, 5, 6, 7, 8):
        ItemErrorShape.model_validate(answers[place])
        assert answers[place]["error"]["type"] == "urn:farkas:problem:malformed-file"
        assert answers[place]["error"]["instance"] == f"urn:farkas:request:{reply.headers['x-request-id']}"
    assert answers[2]["error"]["line"] == 7


def test_a_list_is_seen_without_its_content_type_and_through_gzip(api: Any) -> None:
    body = b" \n" + json.dumps([KNAPSACK]).encode()
    for content, media in ((body, None), (body, "text/plain"), (gzip.compress(body), "application/json")):
        reply = api.post("/v1/predict", content, media)
        assert [answer["instance"]["name"] for answer in reply.json()] == ["knapsack"]


def test_a_list_longer_than_the_queue_is_taken_in_portions(
    make_api: Any, settings: Settings, fake: Any
) -> None:
    api = make_api(settings.model_copy(update={"concurrency": 3, "batch_size": 2}), fake)
    answers = post(api, [KNAPSACK] * 40).json()
    assert [answer["instance"]["name"] for answer in answers] == ["knapsack"] * 40
    assert max(fake.batches) <= 2


def test_a_poisonous_item_fails_alone(api: Any, fake: Any, lp: bytes) -> None:
    fake.poison(2)
    answers = post(api, [KNAPSACK, {"text": lp.decode()}, KNAPSACK]).json()
    assert ["error" in answer for answer in answers] == [False, True, False]
    assert answers[1]["error"]["type"] == "urn:farkas:problem:internal-error"


def test_what_is_refused_as_a_whole(make_api: Any, settings: Settings, fake: Any) -> None:
    api = make_api(settings.model_copy(update={"max_items": 2}), fake)
    assert post(api, []).json() == []
    assert len(post(api, [1, 2]).json()) == 2
    for body, status, slug in (
        (b"[1,2,3]", 413, "body-too-large"),
        (b"[1,2", 400, "malformed-file"),
        (b"[" * 1_000_000, 400, "malformed-file"),
        (b"[\xff]", 400, "malformed-file"),
    ):
        reply = api.post("/v1/predict", body, "application/json")
        assert (reply.status_code, reply.json()["type"]) == (status, f"urn:farkas:problem:{slug}")
    assert post(api, [KNAPSACK], "/v1/predict?model=nobody").status_code == 404


@pytest.mark.parametrize(
    "item", [b'{"text": "\\ud800"}', b'{"text": 1}', b'{"text": "", "x": 1}', b'{"text": ""}', b"null", b""]
)
def test_items_of_no_known_form(item: bytes) -> None:
    from graphs.errors import MalformedFile

    with pytest.raises(MalformedFile) as caught:
        read_item(item, "list[3]", Settings().limits)
    assert caught.value.file == "list[3]"


def test_lists_are_told_by_their_start() -> None:
    assert is_list(b"[]")
    assert is_list(b" " * 1000 + b"[")
    assert not is_list(b"")
    assert not is_list(b'{"a": []}')
    assert not is_list(Path(EXAMPLES / "optimal.mps").read_bytes())
