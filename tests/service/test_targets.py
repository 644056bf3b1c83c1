"""What `farkas predict -o` writes: answers, solutions and bases."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.errors import MalformedFile
from graphs.instance import Instance
from graphs.prediction import Verdict
from service.answers import Answer
from service.errors import InvalidRequest, problem_of
from service.failures import Failure
from service.pipeline import score
from service.targets import require_writable, write_answers

BAD = Failure(problem_of(MalformedFile("bad number", line=3, hint="use a point")))
SOURCE = Path("a.mps")


def answer_of(fake: Any, instance: Instance) -> Answer:
    found = score([instance], fake)[0]
    assert isinstance(found, Answer)
    return found


@pytest.fixture
def optimal(fake: Any, instance: Instance) -> Answer:
    """Certified: the optimum and its dual."""
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    return answer_of(fake, instance)


def test_json_holds_the_whole_answer_or_all_of_them(optimal: Answer, tmp_path: Path) -> None:
    write_answers([(SOURCE, optimal)], tmp_path / "o.json")
    assert json.loads((tmp_path / "o.json").read_bytes())["certificate"]["point"] == [1.0, 0.0]
    write_answers([(SOURCE, optimal), (SOURCE, BAD)], tmp_path / "o.json")
    assert [set(item) >= {"error"} for item in json.loads((tmp_path / "o.json").read_bytes())] == [
        False,
        True,
    ]


def test_a_certified_solution_and_its_basis(optimal: Answer, tmp_path: Path) -> None:
    for suffix in (".sol", ".BAS"):
        write_answers([(SOURCE, optimal)], tmp_path / f"o{suffix}")
    solution = (tmp_path / "o.sol").read_text().splitlines()
    assert solution[:2] == ["solution status: optimal", "objective value: 1.0"]
    assert solution[-2:] == ["X 1.0", "Y 0.0"]
    basis = (tmp_path / "o.BAS").read_text().splitlines()
    assert basis[2:] == ["# Columns 2", "X 1", "Y 0", "# Rows 1", "NEED 0"]


def test_a_predicted_solution_says_that_it_is_not_known_to_be_optimal(
    fake: Any, instance: Instance, tmp_path: Path
) -> None:
    fake.solution = [0.25, 0.25]
    answer = answer_of(fake, instance)
    bare = dataclasses.replace(answer, certificate=None)
    write_answers([(SOURCE, bare)], tmp_path / "o.sol")
    assert (tmp_path / "o.sol").read_text().startswith("solution status: unknown\nobjective value: 0.75\n")


def test_a_point_that_is_proved_feasible_comes_before_a_predicted_one(
    fake: Any, instance: Instance, tmp_path: Path
) -> None:
    fake.solution = [0.25, 0.25]
    answer = answer_of(fake, instance)
    assert answer.certificate is not None
    assert answer.certificate.point is not None
    write_answers([(SOURCE, answer)], tmp_path / "o.sol")
    first, second = (tmp_path / "o.sol").read_text().splitlines()[:2]
    assert first == "solution status: feasible"
    assert float(second.split()[-1]) == instance.objective(answer.certificate.point) >= 1.0 - 1e-6


def test_a_dual_that_is_not_finite_is_not_used(fake: Any, instance: Instance, tmp_path: Path) -> None:
    fake.solution, fake.dual = [0.25, 0.25], [np.nan]
    write_answers([(SOURCE, answer_of(fake, instance))], tmp_path / "o.bas")
    assert (tmp_path / "o.bas").read_text().count(" 1\n") == instance.rows + 1  # and "# Rows 1"


@pytest.mark.parametrize("suffix", [".sol", ".bas"])
def test_an_answer_without_a_solution_leaves_no_file(
    suffix: str, make_fake: Any, instance: Instance, tmp_path: Path
) -> None:
    beyond = dataclasses.replace(instance, constraint_lower_bound=np.array([100.0]))
    answer = answer_of(make_fake(Verdict.INFEASIBLE), beyond)
    with pytest.raises(InvalidRequest, match="'infeasible'") as caught:
        write_answers([(SOURCE, answer)], tmp_path / f"o{suffix}")
    assert ".json" in caught.value.hint
    write_answers([(SOURCE, BAD)], tmp_path / f"o{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_what_the_form_cannot_hold_is_the_requests_fault(
    fake: Any, instance: Instance, tmp_path: Path
) -> None:
    answer = answer_of(fake, dataclasses.replace(instance, variable_names=["#", "y"]))
    with pytest.raises(InvalidRequest, match="called '#'"):
        write_answers([(SOURCE, answer)], tmp_path / "o.sol")


def test_targets_are_refused_before_anything_is_answered(tmp_path: Path) -> None:
    for suffix in (".sol", ".bas", ".json"):
        require_writable(tmp_path / f"o{suffix}", 1)
        with pytest.raises(InvalidRequest, match="no folder"):
            require_writable(tmp_path / "no" / f"o{suffix}", 1)
    require_writable(tmp_path / "o.json", 2)
    for suffix in (".sol", ".bas"):
        with pytest.raises(InvalidRequest, match="2 files"):
            require_writable(tmp_path / f"o{suffix}", 2)


def test_where_the_network_abstains_the_proved_point_is_written(
    make_fake: Any, instance: Instance, tmp_path: Path
) -> None:
    fake = make_fake(Verdict.ABSTAIN)
    fake.solution, fake.dual = [1.0, 1.0], [0.0]
    found = answer_of(fake, instance)
    assert found.solution is None
    write_answers([(SOURCE, found)], tmp_path / "o.sol")
    lines = (tmp_path / "o.sol").read_text().splitlines()
    assert lines[0] == "solution status: feasible"
    assert float(lines[1].removeprefix("objective value: ")) == found.certificate.objective
