"""A folder becomes labels: resumable, without duplicates, whatever it holds and whenever it is killed."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.writers import write_instance
from solvers.linear.exact.adapters import SolveStatus
from tests.training.test_shards import make_old
from training import journal as journal_module
from training import labels, shards
from training.journal import Journal
from training.labelling import Labeller
from training.labels import LabelSummary, label_folder, label_with
from training.shards import Label, read_labelled, row_of, shard_paths

INF = np.inf
BAD = "NAME bad\nROWS\n N obj\nCOLUMNS\n x nowhere 1\nENDATA\n"


def make(
    c: ArrayLike, A: ArrayLike, L: ArrayLike, U: ArrayLike, upper: float = INF, integers: bool = False
) -> Instance:
    c = np.asarray(c, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.zeros(len(c)),
        variable_upper_bound=np.full(len(c), upper),
        integrality=np.full(len(c), integers),
    )


OPTIMAL = make([1, 2], [[1, 1], [1, -1]], [2, -1], [INF, 1])
INFEASIBLE = make([1, 1], [[1, 1], [1, 1]], [5, -INF], [INF, 1])
UNBOUNDED = make([-1, -1], [[1, -1], [1, 1]], [-1, 4], [1, INF])
KNAPSACK = make([-5, -4], [[2, 3], [4, 1]], [-INF, -INF], [7, 11], integers=True)
PARITY = make([1, 1], [[2, 2]], [1], [1], upper=5.0, integers=True)


def number(k: int) -> Instance:
    """min x + y, x + y ≥ k: its optimum is k."""
    return make([1, 1], [[1, 1]], [float(k)], [INF])


def numbers(folder: Path, count: int, first: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    for k in range(first, first + count):
        write_instance(number(k), folder / f"{k:03d}.mps")
    return folder


def label(folder: Path, **settings: Any) -> LabelSummary:
    given: dict[str, Any] = {"workers": 2, "time_limit": 10.0, "cross_check_share": 0.0, "progress": False}
    return label_folder(folder, **(given | settings))


def objectives(folder: Path) -> list[float]:
    return [item.objective for item in read_labelled(folder) if item.objective is not None]


def rejections(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "labels" / "rejected.jsonl").read_text().splitlines()
    return {line["file"]: line for line in map(json.loads, lines)}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    for name, instance in {
        "a/optimal.mps": OPTIMAL,
        "a/infeasible.json": INFEASIBLE,
        "b/unbounded.mps.gz": UNBOUNDED,
        "b/knapsack.mps": KNAPSACK,
        "parity.mps": PARITY,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_instance(instance, tmp_path / name)
    text = (tmp_path / "a" / "optimal.mps").read_bytes()
    (tmp_path / "b" / "same.mps.gz").write_bytes(gzip.compress(text))
    (tmp_path / "b" / "bad.mps").write_text(BAD)
    (tmp_path / "b" / "notes.txt").write_text("not an instance")
    (tmp_path / "b" / "family.json").write_text('{"family": "packing", "seed": 3}')
    return tmp_path


def test_a_folder_of_everything(mixed: Path) -> None:
    summary = label(mixed, cross_check_share=1.0)
    assert (summary.files, summary.resumed) == (7, 0)
    assert (summary.labelled, summary.duplicates, summary.rejected) == (5, 1, 1)
    assert summary.statuses == {"optimal": 2, "infeasible": 2, "unbounded": 1}
    assert summary.reasons == {"unreadable": 1}
    assert (summary.certified, summary.cross_checked) == (3, 5)
    found = {item.file: item for item in read_labelled(mixed)}
    assert {file: item.status for file, item in found.items()} == {
        "a/infeasible.json": SolveStatus.INFEASIBLE,
        "a/optimal.mps": SolveStatus.OPTIMAL,
        "b/knapsack.mps": SolveStatus.OPTIMAL,
        "b/unbounded.mps.gz": SolveStatus.UNBOUNDED,
        "parity.mps": SolveStatus.INFEASIBLE,
    }
    assert {file: item.family for file, item in found.items()} == {
        "a/infeasible.json": "a",
        "a/optimal.mps": "a",
        "b/knapsack.mps": "packing",
        "b/unbounded.mps.gz": "packing",
        "parity.mps": mixed.name,
    }
    assert found["a/optimal.mps"].instance.sha256 == OPTIMAL.sha256
    assert found["b/knapsack.mps"].objective == pytest.approx(-14.0)
    assert rejections(mixed)["b/bad.mps"]["reason"] == "unreadable"


def test_a_later_run_adds_to_a_folder_of_old_shards(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 3)
    label(folder)
    make_old(shard_paths(folder)[0])
    numbers(folder, 1, first=4)
    summary = label(folder)
    assert (summary.resumed, summary.labelled) == (3, 4)
    assert [item.time_limit for item in read_labelled(folder)] == [None, None, None, 10.0]
    (folder / "002.mps").unlink()
    assert label(folder).labelled == 3
    assert objectives(folder) == [1, 3, 4]


def test_pools_and_parents_reach_the_shards(tmp_path: Path) -> None:
    (tmp_path / "family.json").write_text('{"family": "packing", "perturbed": true}')
    write_instance(KNAPSACK, tmp_path / f"{'ab' * 32}-0.mps")
    assert label(tmp_path, workers=1).labelled == 1
    (item,) = read_labelled(tmp_path)
    assert (item.family, item.parent) == ("packing", "ab" * 32)
    assert item.pool is not None
    assert item.pool_objectives is not None
    assert np.array_equal(item.pool[0], [2, 1])
    assert item.pool @ KNAPSACK.objective_vector == pytest.approx(item.pool_objectives)


def test_labels_within_a_gap_are_counted(tmp_path: Path, ill_solvers: Any) -> None:
    for k, name in enumerate(("stopped", "solved")):
        write_instance(replace(KNAPSACK, objective_offset=float(k)), tmp_path / f"{name}.mps")
    labeller = Labeller(5.0, cross_check_share=0.0, scip=ill_solvers.stops)
    summary = label_with(labeller, tmp_path, workers=1)
    assert (summary.labelled, summary.within_gap) == (2, 1)
    assert label_with(labeller, tmp_path, workers=1).within_gap == 1
    gaps = {item.file: item.is_exact for item in read_labelled(tmp_path)}
    assert gaps == {"stopped.mps": False, "solved.mps": True}
    beyond = label_with(replace(labeller, accepted_gap=0.01), tmp_path, out=tmp_path / "elsewhere", workers=1)
    assert (beyond.labelled, beyond.reasons) == (1, {"not-solved": 1})
    assert "0.0357" in rejections(tmp_path / "elsewhere")["stopped.mps"]["detail"]


def test_labels_are_kept_elsewhere_if_asked(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("out")
    assert label(mixed, out=out).folder == out / "labels"
    assert len(list(read_labelled(out))) == 5
    assert not (mixed / "labels").exists()


def test_nothing_to_label(tmp_path: Path) -> None:
    assert label(tmp_path).files == 0
    assert shard_paths(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        label(tmp_path / "nowhere")


def test_a_second_run_does_only_what_is_new_or_changed(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 4)
    (folder / "bad.mps").write_text(BAD)
    label(folder)
    before = [path.stat().st_mtime_ns for path in shard_paths(folder)]
    again = label(folder)
    assert (again.resumed, again.labelled, again.rejected) == (5, 4, 1)
    assert [path.stat().st_mtime_ns for path in shard_paths(folder)] == before
    numbers(folder, 2, first=5)
    write_instance(number(3), folder / "003-copy.mps")
    (folder / "bad.mps").write_bytes((folder / "001.mps").read_bytes().replace(b"1", b"7"))
    more = label(folder)
    assert (more.resumed, more.labelled, more.duplicates) == (4, 7, 1)
    assert sorted(objectives(folder))[:6] == [1, 2, 3, 4, 5, 6]


def test_shards_are_the_same_in_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "_SHARD_ROWS", 4)
    folder = numbers(tmp_path / "n", 10)
    found = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        label(folder, out=out, workers=workers)
        assert len(shard_paths(out)) == 3
        found.append([(item.file, item.objective) for item in read_labelled(out)])
    assert found[0] == found[1] == [(f"{k:03d}.mps", k) for k in range(1, 11)]


def test_an_interruption_loses_only_what_was_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "_SHARD_ROWS", 2)
    folder = numbers(tmp_path / "n", 9)

    commit = Journal.commit

    def interrupted(journal: Journal, *batch: Any) -> None:
        if len(shard_paths(folder)) >= 2:
            raise KeyboardInterrupt
        commit(journal, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            label(folder)
    assert objectives(folder) == [1, 2, 3, 4]
    summary = label(folder)
    assert (summary.resumed, summary.labelled) == (4, 9)
    assert objectives(folder) == list(range(1, 10))


def test_an_interruption_within_a_commit_makes_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the shard was written and before its journal lines: the next run adopts that shard."""
    folder = numbers(tmp_path / "n", 3)

    def interrupted(path: Path, rows: Any) -> None:
        shards.write_shard(path, rows)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(labels, "_SHARD_ROWS", 3)
    monkeypatch.setattr(journal_module, "write_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        label(folder)
    assert label(folder).labelled == 3
    assert objectives(folder) == [1, 2, 3]


def test_a_file_whose_name_is_not_utf_8_costs_only_itself(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 2)
    try:
        (folder / os.fsdecode(b"\xff.mps")).write_bytes((folder / "001.mps").read_bytes())
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    for resumed in (0, 3):
        summary = label(folder)
        assert (summary.resumed, summary.labelled, summary.rejected) == (resumed, 2, 1)
    assert "No such file" in rejections(folder)["\\xff.mps"]["detail"]


KILLED = """
    import sys
    from pathlib import Path
    from training import labels

    labels._SHARD_ROWS = 3
    labels.label_folder(Path(sys.argv[1]), workers=2, time_limit=10, progress=False)
"""


def test_killed_at_any_moment_it_continues(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 40)
    for k in range(0, 40, 8):
        (folder / f"bad{k}.mps").write_text(BAD)
        write_instance(number(k + 1), folder / f"copy{k}.mps.gz")
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(folder)]
    for shards_before_the_kill in (2, 9):
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) as process:
            while len(shard_paths(folder)) < shards_before_the_kill and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        assert len(set(objectives(folder))) == len(objectives(folder))
    summary = label(folder)
    assert (summary.files, summary.labelled, summary.duplicates, summary.rejected) == (50, 40, 5, 5)
    assert summary.resumed >= 27
    assert sorted(objectives(folder)) == list(range(1, 41))
    lines = (folder / "labels" / "rejected.jsonl").read_text().splitlines()
    assert len(lines) == 5


# What a kill can leave behind, one kind after another.


@pytest.fixture
def labelled_numbers(tmp_path: Path) -> Path:
    folder = numbers(tmp_path / "n", 3)
    (folder / "bad.mps").write_text(BAD)
    label(folder)
    return folder


def assert_whole(folder: Path) -> None:
    summary = label(folder)
    assert (summary.labelled, summary.duplicates, summary.rejected) == (3, 0, 1)
    assert sorted(objectives(folder)) == [1, 2, 3]
    assert len((folder / "labels" / "rejected.jsonl").read_text().splitlines()) == 1


def test_a_torn_journal(labelled_numbers: Path) -> None:
    journal = labelled_numbers / "labels" / "journal.jsonl"
    whole = journal.read_bytes()
    lost = orjson.dumps({"file": "lost.mps", "size": 1, "mtime_ns": 1, "outcome": "labelled"}) + b"\n"
    for tail in (b'{"file": "0', lost, lost + b'{"shard": null', b"\x00\x00\n"):
        journal.write_bytes(whole + tail)
        assert_whole(labelled_numbers)
        assert journal.read_bytes() == whole


def test_a_journal_cut_anywhere(labelled_numbers: Path) -> None:
    """All work is done again or adopted; nothing is there twice."""
    journal = labelled_numbers / "labels" / "journal.jsonl"
    whole = journal.read_bytes()
    for size in (0, len(whole) // 3, len(whole) - 2):
        journal.write_bytes(whole[:size])
        assert_whole(labelled_numbers)


def test_rejections_without_their_commit(labelled_numbers: Path) -> None:
    with (labelled_numbers / "labels" / "rejected.jsonl").open("ab") as file:
        file.write(b'{"file": "lost.mps"}\n{"fi')
    assert_whole(labelled_numbers)


def test_an_unfinished_shard(labelled_numbers: Path) -> None:
    unfinished = labelled_numbers / "labels" / ".part-00001.parquet.tmp"
    unfinished.write_bytes(b"half")
    assert_whole(labelled_numbers)
    assert not unfinished.exists()


def test_a_shard_without_its_journal_lines_is_adopted(labelled_numbers: Path) -> None:
    instance = number(4)
    write_instance(instance, labelled_numbers / "004.mps")
    row = row_of(instance, Label(SolveStatus.OPTIMAL, 4.0, certified=True), file="004.mps", family="n")
    shards.write_shard(labelled_numbers / "labels" / "part-00001.parquet", [row])
    summary = label(labelled_numbers)
    assert (summary.resumed, summary.labelled) == (5, 4)
    assert sorted(objectives(labelled_numbers)) == [1, 2, 3, 4]


SOLVERS = """
    import os, time
    from dataclasses import replace
    from solvers.linear.exact.adapters import SolveStatus, solve_highs, solve_scip

    def highs(instance, *, time_limit, mip_gap, feasibility_tolerance):
        bound = instance.constraint_lower_bound[0]
        if bound == 2: time.sleep(600)
        if bound == 4: os.abort()
        if bound == 6: raise RuntimeError("the solver is ill")
        return solve_highs(instance, time_limit=time_limit)

    def scip(instance, *, time_limit, mip_gap, feasibility_tolerance):
        solution = solve_scip(instance, time_limit=time_limit)
        if instance.constraint_lower_bound[0] != 8: return solution
        return replace(solution, objective=solution.objective - 1)

    def stops(instance, *, time_limit, mip_gap, feasibility_tolerance):
        solution = solve_scip(instance, time_limit=time_limit, mip_gap=mip_gap)
        if instance.objective_offset: return solution
        return replace(solution, status=SolveStatus.FEASIBLE, dual_bound=solution.dual_bound - 0.5)
"""


@pytest.fixture
def ill_solvers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Solvers that hang, crash, raise and lie on some instances, where children can import them."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "ill_solvers.py").write_text(textwrap.dedent(SOLVERS))
    sys.path.insert(0, str(folder))
    import ill_solvers  # type: ignore[import-not-found]

    yield ill_solvers
    sys.path.remove(str(folder))
    del sys.modules["ill_solvers"]


def test_bad_solvers_cost_only_their_instances(tmp_path: Path, ill_solvers: Any) -> None:
    folder = numbers(tmp_path / "n", 9)
    labeller = Labeller(5.0, cross_check_share=1.0, highs=ill_solvers.highs, scip=ill_solvers.scip)
    summary = label_with(labeller, folder, workers=2, kill_after=2.0)
    assert objectives(folder) == [1, 3, 5, 7, 9]
    assert summary.rejected == 4
    found = rejections(folder)
    reasons = {file: line["reason"] for file, line in found.items()}
    assert reasons == {
        "002.mps": "timeout",
        "004.mps": "crashed",
        "006.mps": "failed",
        "008.mps": "disagreement",
    }
    assert "the solver is ill" in found["006.mps"]["detail"]
    assert found["008.mps"]["sha256"] == number(8).sha256
    assert label(folder).rejected == 4
    cured = label(folder, retry_rejected=True)
    assert (cured.resumed, cured.labelled, cured.rejected) == (5, 9, 0)
    assert sorted(objectives(folder)) == list(range(1, 10))


def test_real_instances(shared_instances: Path, tmp_path: Path) -> None:
    """Verdicts and optimal values of real LPs are those that two solvers agreed on elsewhere."""
    with (shared_instances / "index.csv").open() as file:
        known = {row["file"]: row for row in csv.DictReader(file)}
    for part in ("netlib", "infeasible"):
        summary = label(shared_instances / part, out=tmp_path / part, time_limit=30.0)
        assert summary.reasons == {}
        for item in read_labelled(tmp_path / part):
            expected = known[f"{part}/{item.file}"]
            assert item.status.value == expected["highs_status"].lower()
            if item.objective is not None:
                own = item.instance.in_own_sense(item.objective)
                assert own == pytest.approx(float(expected["highs_obj"]), rel=1e-6)


def test_the_summary_counts_certified_and_checked(tmp_path: Path) -> None:
    folder = numbers(tmp_path / "n", 60)
    summary = label(folder, cross_check_share=0.3, seed=5)
    assert summary.certified == 60
    assert 5 <= summary.cross_checked <= 32
    chosen = {item.file for item in read_labelled(folder) if item.cross_checked}
    labeller = replace(Labeller(1.0), cross_check_share=0.3, seed=5)
    assert chosen == {f"{k:03d}.mps" for k in range(1, 61) if labeller.is_in_sample(number(k))}
