"""`farkas verify`, on answers that `farkas predict -o` writes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from graphs.readers import read_file
from service.answers import Answer, Model, Seconds
from service.cli import app
from service.targets import write_answers
from solvers.linear.certificate import certify
from solvers.linear.rational.exact_certificate import exact_certificate

ROOT = Path(__file__).parents[2]
MAX = """NAME M
OBJSENSE
    MAX
ROWS
 N O
 L a
 L b
COLUMNS
 X O 2 a 1
 X b 1
 Y O 3 a 1
 Y b 3
RHS
 R a 4 b 6
 R O -10
ENDATA
"""
"""maximise 2X + 3Y + 10 with X + Y ≤ 4, X + 3Y ≤ 6: 19 at (3, 1), minimising dual (−3/2, −1/2)."""


def answer_of(instance: Instance, *, exact: bool = False, candidate: Candidate | None = None) -> Answer:
    found = certify(instance, candidate or Candidate())
    if exact:
        assert found is not None
        found = exact_certificate(instance, found)
        assert found is not None
    return Answer(
        instance=instance,
        model=Model("fake", "1", "f" * 64),
        prediction=Prediction(
            verdict=Verdict.OPTIMAL,
            probabilities=(0.8, 0.1, 0.1),
            confidence=0.8,
            out_of_distribution=0.5,
            objective=3.0,
            solution=np.ones(instance.columns),
            dual=np.zeros(instance.rows),
            candidate=Candidate(),
        ),
        certificate=found,
        seconds=Seconds(),
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "max.mps").write_text(MAX)
    return tmp_path / "max.mps"


@pytest.fixture
def write(source: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes the answer to the instance, as the command does."""
    optimum = Candidate(points=np.array([[3.0, 1.0]]), duals=np.array([[-1.5, -0.5]]))

    def make(*, exact: bool = False, candidate: Candidate = optimum) -> Path:
        answer = answer_of(read_file(source), exact=exact, candidate=candidate)
        target = tmp_path / "answer.json"
        write_answers([(source, answer)], target)
        return target

    return make


def verify(*arguments: object, **extra: Any) -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, arguments)], **extra)


@pytest.mark.parametrize("exact", [False, True])
def test_a_true_answer_is_verified(source: Path, write: Callable[..., Path], exact: bool) -> None:
    result = verify(source, write(exact=exact))
    assert result.exit_code == 0, result.output
    how = "exactly" if exact else "within the stated tolerances"
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"verified: the point with objective 19 is feasible, {how}")
    assert "row violation" in result.stdout
    assert len(result.stdout.splitlines()) < 25


def test_a_false_one_is_refused(source: Path, write: Callable[..., Path]) -> None:
    target = write()
    target.write_text(target.read_text().replace("19.0", "20.0"))
    result = verify(source, target)
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("refused: objective, stated: 20, where the limit is 19")


def test_json(source: Path, write: Callable[..., Path]) -> None:
    result = verify(source, write(), "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["verified"] is True
    assert document["instance"]["sha256"] == read_file(source).sha256
    assert {"name", "value", "limit", "holds"} == set(document["checks"][0])
    assert all(check["holds"] for check in document["checks"])


def test_looser_tolerances_need_a_flag(source: Path, write: Callable[..., Path]) -> None:
    target = write()
    document = json.loads(target.read_text())
    document["certificate"]["tolerances"]["ray"] = 1e-3
    target.write_text(json.dumps(document))
    assert verify(source, target).exit_code == 1
    assert "tolerance ray" in verify(source, target).stdout
    assert verify(source, target, "--allow-tolerances").exit_code == 0


def test_several_answers_in_one_file(source: Path, tmp_path: Path) -> None:
    other = ROOT / "examples" / "lp-feasible.mps"
    optimum = Candidate(points=np.array([[3.0, 1.0]]), duals=np.array([[-1.5, -0.5]]))
    answers = [
        (other, answer_of(read_file(other))),
        (source, answer_of(read_file(source), candidate=optimum)),
    ]
    write_answers(answers, tmp_path / "both.json")
    result = verify(source, tmp_path / "both.json")
    assert result.exit_code == 0
    assert "objective 19" in result.stdout


def test_an_answer_without_a_certificate_is_refused(source: Path, write: Callable[..., Path]) -> None:
    target = write()
    document = json.loads(target.read_text()) | {"certificate": None}
    target.write_text(json.dumps(document))
    result = verify(source, target)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].endswith("there is nothing to verify")


def test_instances_may_be_compressed_json_or_standard_input(
    source: Path, write: Callable[..., Path], tmp_path: Path
) -> None:
    target = write()
    for name in ("max.json", "max.mps.gz", "max.json.gz"):
        assert CliRunner().invoke(app, ["convert", str(source), str(tmp_path / name)]).exit_code == 0
        assert verify(tmp_path / name, target).exit_code == 0
    assert verify("-", target, input=MAX).exit_code == 0


FATAL: dict[str, tuple[bytes | None, bytes | None, str]] = {
    "no instance": (None, b"{}", "No such file"),
    "no answer": (MAX.encode(), None, "No such file"),
    "instance malformed": (b"NAME\nROWS\n", b"{}", "instance.mps"),
    "answer malformed": (MAX.encode(), b'{"verdict": ', "no valid JSON"),
    "answer is a text": (MAX.encode(), b'"hello"', "an answer is an object"),
    "answer is NaN": (MAX.encode(), b"NaN", "no JSON number"),
    "answer is binary": (MAX.encode(), b"\x80\x00\xff", "not UTF-8"),
}


@pytest.mark.parametrize("name", FATAL)
def test_what_cannot_be_read_is_one_line(name: str, tmp_path: Path) -> None:
    instance, answer, message = FATAL[name]
    for path, data in ((tmp_path / "instance.mps", instance), (tmp_path / "answer.json", answer)):
        if data is not None:
            path.write_bytes(data)
    result = verify(tmp_path / "instance.mps", tmp_path / "answer.json")
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


@pytest.mark.parametrize("name", ["model.lp", "model.LP.gz"])
def test_lp_files_are_to_be_converted_first(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"min x\nend\n")
    result = verify(tmp_path / name, tmp_path / "answer.json")
    assert result.exit_code == 1
    assert "farkas convert" in result.stderr


def test_an_lp_text_by_another_name_asks_no_solver(tmp_path: Path, write: Callable[..., Path]) -> None:
    (tmp_path / "model.txt").write_bytes(b"min\n obj: x\nst\n c: x >= 1\nend\n")
    assert verify(tmp_path / "model.txt", write()).exit_code == 1


def test_an_answer_saved_without_vectors_is_explained(source: Path, write: Callable[..., Path]) -> None:
    target = write()
    document = json.loads(target.read_text())
    for name in ("vectors_sense", "point", "dual", "ray"):
        del document["certificate"][name]
    target.write_text(json.dumps(document))
    result = verify(source, target)
    assert result.exit_code == 1
    assert "-o answer.json" in result.stderr


def test_neither_torch_nor_a_solver_is_loaded() -> None:
    code = (
        "import sys, service.verifying\n"
        "sys.exit(', '.join(n for n in ('torch', 'highspy', 'pyscipopt') if n in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
