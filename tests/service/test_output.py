"""JSON lines and tables."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from graphs.errors import MalformedFile
from graphs.instance import Instance
from service.answers import Answer
from service.errors import problem_of
from service.failures import Failure
from service.output import (
    answer_line,
    answer_table,
    dumps,
    problem_text,
    seconds_text,
    solution_table,
)
from service.pipeline import score

BAD = Failure(problem_of(MalformedFile("bad number '1,5'", line=3, column=7, hint="use a point")))


@pytest.fixture
def answer(fake: Any, instance: Instance) -> Answer:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    found = score([instance], fake)[0]
    assert isinstance(found, Answer)
    return found


def shown(table: Any, width: int = 200) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), [1.0, [float("-inf")]], {"a": {"b": (float("nan"),)}}]
)
def test_json_refuses_what_it_cannot_say(bad: object) -> None:
    with pytest.raises(ValueError, match="finite"):
        dumps(bad)


def test_json_is_json() -> None:
    assert dumps({"a": [1, 2.5, None, "x", True]}) == b'{"a":[1,2.5,null,"x",true]}'
    assert orjson.loads(dumps({"a": [1]}, pretty=True)) == {"a": [1]}


def test_a_line_names_its_file(answer: Answer) -> None:
    line = answer_line(Path("dir/a.mps"), answer, solution=True, vectors=True)
    assert line["instance"]["file"] == "dir/a.mps"
    assert line["solution"] == {"X": 1.0}
    assert line["certificate"]["point"] == [1.0, 0.0]
    assert answer_line(Path("a"), answer, solution=False, vectors=False)["solution"] is None


def test_a_failed_file_has_its_error_in_place_of_an_answer() -> None:
    assert answer_line(Path("a.mps"), BAD, solution=True, vectors=True) == {
        "instance": {"name": "a.mps"},
        "error": {
            "type": "urn:farkas:problem:malformed-file",
            "title": "The file does not follow its format",
            "detail": "bad number '1,5'",
            "line": 3,
            "column": 7,
            "hint": "use a point",
        },
    }
    assert problem_text(Path("a.mps"), BAD.problem) == "a.mps:3:7: bad number '1,5' (use a point)"


def test_a_table_has_a_line_an_instance(answer: Answer) -> None:
    header, first, second = shown(answer_table([(Path("[red]a.mps"), answer), (Path("b.mps"), BAD)]))
    assert header.split()[:3] == ["file", "verdict", "provenance"]
    assert first.split()[:5] == ["[red]a.mps", "optimal", "certified", "70.0%", "1"]
    assert second.split()[:2] == ["b.mps", "error"]
    assert len(shown(answer_table([(Path("x" * 300), answer)]), width=80)) == 2


def test_a_solutions_table_lists_nonzeros(answer: Answer) -> None:
    assert [line.split() for line in shown(solution_table(Path("a.mps"), answer))] == [
        ["a.mps", "value"],
        ["X", "1"],
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.345, "12.3 s"), (1.0, "1 s"), (0.0456, "45.6 ms"), (7.89e-4, "789 µs"), (0.0, "0 µs")],
)
def test_durations(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
