from __future__ import annotations

from pathlib import Path

import pytest

from runtime.checkpoints import CheckpointError
from training.sparse.search_journal import JOURNAL, SearchJournal

HEADER = {"layers": 4, "supports": (0.1, 0.3)}


def never() -> float:
    raise AssertionError("judged twice")


def test_what_was_judged_is_not_judged_again(tmp_path: Path) -> None:
    first = SearchJournal.of(tmp_path, HEADER)
    assert first.judged((0.1, 3, 128), lambda: -1.0 / 3.0) == -1.0 / 3.0
    assert first.judged((0.1, 3, 64), lambda: 5.0) == 5.0
    first.write()
    assert SearchJournal.of(tmp_path, HEADER).judged((0.1, 3.0, 128), never) == -1.0 / 3.0


def test_of_another_search_nothing_is_taken(tmp_path: Path) -> None:
    first = SearchJournal.of(tmp_path, HEADER)
    first.judged((1.0, 2.0), lambda: 3.0)
    first.write()
    assert SearchJournal.of(tmp_path, {**HEADER, "layers": 5}).figures == {}


def test_it_is_written_now_and_then(tmp_path: Path) -> None:
    often, seldom = SearchJournal.of(tmp_path, HEADER), SearchJournal.of(tmp_path, HEADER)
    often.seconds, seldom.seconds = 0.0, 1e9
    seldom.judged((1.0,), lambda: 1.0)
    assert not (tmp_path / JOURNAL).exists()
    often.judged((1.0,), lambda: 1.0)
    assert SearchJournal.of(tmp_path, HEADER).figures == {(1.0,): 1.0}


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b'{"search": 1, "judged": [["a"]]}', b'{"judged": 3}']
)
def test_a_damaged_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged: delete it"):
        SearchJournal.of(tmp_path, HEADER)
