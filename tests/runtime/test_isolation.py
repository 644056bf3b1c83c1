"""Children that hang, crash, leak and fail, and a pool that loses no item over it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runtime.isolation import Pool, PoolError, TaskCrashed, TaskFailed, TaskTimeout

TASKS = """
    import ctypes, os, signal, subprocess, sys, time

    def double(x): return 2 * x
    def who(_): return os.getpid()
    def nap(seconds): time.sleep(seconds); return seconds
    def environment(name): return os.environ.get(name)

    def misbehave(what):
        match what:
            case "abort": os.abort()
            case "exit": os._exit(3)
            case "hang": time.sleep(600)
            case "segfault": ctypes.string_at(0)
            case "raise": raise ValueError("a bad item")
            case "quit": sys.exit(1)
            case "closure": return lambda: None
            case "large": return b"x" * 30_000_000
            case "talk": print("y" * 200_000, flush=True)
            case "memory": return len(bytearray(4 << 30))
        return what

    def offspring(path):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(path, "w") as file: file.write(str(child.pid))
        time.sleep(600)

    def last_words(_):
        print("the disk is on fire", file=sys.stderr, flush=True)
        os.abort()

    def note(path, item):
        with open(path, "a") as file: file.write(f"{item}\\n")
        if item % 10 == 3: os._exit(1)
        return item
"""


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A module that children can import too, for functions travel by reference."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "isolated_tasks.py").write_text(textwrap.dedent(TASKS))
    sys.path.insert(0, str(folder))
    import isolated_tasks  # type: ignore[import-not-found]

    yield isolated_tasks
    sys.path.remove(str(folder))


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2) as pool:
        yield pool


def is_gone(pid: int) -> bool:
    """The process has ended and been reaped (by us, or by init where it was no child of ours)."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z" and os.getppid() != 1 and not _is_our_child(pid):
            return True
        time.sleep(0.01)
    return False


def _is_our_child(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return f"PPid:\t{os.getpid()}\n" in Path(f"/proc/{pid}/status").read_text()
    return False


def test_every_item_has_one_result(pool: Pool, tasks: Any) -> None:
    results = list(pool.map(tasks.double, range(500), limit=10))
    assert sorted(result.index for result in results) == list(range(500))
    assert all(result.value == 2 * result.index for result in results)
    assert all(result.failure is None for result in results)


def test_nothing_to_do(pool: Pool, tasks: Any) -> None:
    assert list(pool.map(tasks.double, [], limit=1)) == []


def test_results_in_order(pool: Pool, tasks: Any) -> None:
    naps = [0.1, 0.0, 0.0, 0.05, 0.0]
    results = list(pool.map(tasks.nap, naps, limit=10, chunk_size=1, ordered=True))
    assert [result.value for result in results] == naps
    unordered = [result.index for result in pool.map(tasks.nap, naps, limit=10, chunk_size=1)]
    assert unordered[0] != 0


def test_a_failure_of_each_kind_spares_the_others(pool: Pool, tasks: Any) -> None:
    items = [
        "a",
        "abort",
        "b",
        "hang",
        "c",
        "raise",
        "d",
        "exit",
        "e",
        "segfault",
        "f",
        "quit",
        "closure",
        "g",
    ]
    results = {items[r.index]: r for r in pool.map(tasks.misbehave, items, limit=1.0, chunk_size=4)}
    assert len(results) == len(items)
    assert all(results[name].value == name for name in "abcdefg")
    abort = results["abort"].failure
    assert isinstance(abort, TaskCrashed)
    assert abort.signal == signal.SIGABRT
    assert results["exit"].failure == TaskCrashed(None, 3)
    segfault = results["segfault"].failure
    assert isinstance(segfault, TaskCrashed)
    assert segfault.signal == signal.SIGSEGV
    assert results["hang"].failure == TaskTimeout(1.0)
    raised = results["raise"].failure
    assert isinstance(raised, TaskFailed)
    assert (raised.type, raised.message) == ("ValueError", "a bad item")
    assert "misbehave" in raised.traceback
    assert isinstance(results["quit"].failure, TaskFailed)
    assert isinstance(results["closure"].failure, TaskFailed)


def test_an_item_that_cannot_be_pickled(pool: Pool, tasks: Any) -> None:
    results = list(pool.map(tasks.double, [1, threading.Lock(), 3], limit=10, ordered=True))
    assert [result.value for result in results] == [2, None, 6]
    assert isinstance(results[1].failure, TaskFailed)


def test_last_words_of_a_crash(pool: Pool, tasks: Any) -> None:
    (result,) = pool.map(tasks.last_words, [0], limit=10)
    assert isinstance(result.failure, TaskCrashed)
    assert "the disk is on fire" in result.failure.output


def test_each_item_is_begun_once(tmp_path: Path, tasks: Any) -> None:
    """Children die in the middle of chunks; the rest of each chunk is done by another, once."""
    log = tmp_path / "log"
    with Pool(2) as pool:
        results = list(pool.map(partial(tasks.note, str(log)), range(40), limit=10, chunk_size=8))
    assert sorted(map(int, log.read_text().split())) == list(range(40))
    assert sorted(r.index for r in results if r.failure is not None) == [3, 13, 23, 33]


def test_the_clock_starts_anew_for_each_item(pool: Pool, tasks: Any) -> None:
    results = list(pool.map(tasks.nap, [0.2] * 8, limit=0.6, chunk_size=8))
    assert [result.failure for result in results] == [None] * 8


def test_a_slow_consumer_times_nobody_out(tasks: Any) -> None:
    with Pool(1) as pool:
        results = pool.map(tasks.nap, [0.0, 0.05, 0.05, 0.05], limit=0.4, chunk_size=4)
        found = [next(results)]
        time.sleep(0.8)
        assert [result.failure for result in [*found, *results]] == [None] * 4


def test_a_timeout_kills_the_whole_family(tmp_path: Path, pool: Pool, tasks: Any) -> None:
    note = tmp_path / "pid"
    (result,) = pool.map(tasks.offspring, [str(note)], limit=1.0)
    assert result.failure == TaskTimeout(1.0)
    assert is_gone(int(note.read_text()))


def test_memory_is_bounded(tasks: Any) -> None:
    with Pool(1, memory_limit=1 << 30) as pool:
        first, second = pool.map(tasks.misbehave, ["memory", "fine"], limit=20, ordered=True)
    assert isinstance(first.failure, TaskFailed)
    assert first.failure.type == "MemoryError"
    assert second.value == "fine"


def test_large_values_and_much_talk(pool: Pool, tasks: Any) -> None:
    first, second = pool.map(tasks.misbehave, ["large", "talk"], limit=20, ordered=True)
    assert first.value is not None
    assert len(first.value) == 30_000_000
    assert second.value == "talk"


def test_large_items(pool: Pool, tasks: Any) -> None:
    results = list(pool.map(tasks.double, [b"x" * 3_000_000] * 4, limit=20))
    assert [len(result.value or b"") for result in results] == [6_000_000] * 4


def test_children_are_reused_and_replaced(tasks: Any) -> None:
    with Pool(1) as pool:
        reused = {result.value for result in pool.map(tasks.who, range(20), limit=10)}
        assert {result.value for result in pool.map(tasks.who, range(3), limit=10)} == reused
    with Pool(1, tasks_per_child=5) as pool:
        pids = [result.value for result in pool.map(tasks.who, range(20), limit=10, ordered=True)]
    assert len(reused) == 1
    assert [len(list(group)) for _, group in itertools.groupby(pids)] == [5, 5, 5, 5]


def test_an_idle_child_that_dies_is_replaced(tasks: Any) -> None:
    with Pool(1) as pool:
        (first,) = pool.map(tasks.who, [0], limit=10)
        assert first.value is not None
        os.kill(first.value, signal.SIGKILL)
        time.sleep(0.05)
        (second,) = pool.map(tasks.who, [0], limit=10)
    assert second.failure is None
    assert second.value != first.value


def test_items_are_pulled_lazily(pool: Pool, tasks: Any) -> None:
    pulled = 0

    def endless() -> Iterator[int]:
        nonlocal pulled
        while True:
            pulled += 1
            yield pulled

    results = pool.map(tasks.double, endless(), limit=10, chunk_size=4)
    for _ in range(10):
        next(results)
    assert pulled <= 10 + 4 * 4
    results.close()  # type: ignore[attr-defined]


def test_order_bounds_what_is_pulled_ahead(pool: Pool, tasks: Any) -> None:
    naps = iter([1.0] + [0.0] * 1000)
    results = pool.map(tasks.nap, naps, limit=10, chunk_size=1, ordered=True, window=16)
    next(results)
    assert len(list(naps)) >= 1000 - 16 - 4
    results.close()  # type: ignore[attr-defined]


def test_leaving_early_and_closing_leave_nobody_behind(tasks: Any) -> None:
    with Pool(2) as pool:
        pids = [result.value for result in pool.map(tasks.who, range(50), limit=10)]
        results = pool.map(tasks.nap, [0.0, 600, 600], limit=1000, chunk_size=1)
        next(results)
        results.close()  # type: ignore[attr-defined]
        assert [result.value for result in pool.map(tasks.double, [4], limit=10)] == [8]
        pids += [result.value for result in pool.map(tasks.who, range(50), limit=10)]
    assert pids
    assert all(pid is not None and not Path(f"/proc/{pid}").exists() for pid in pids)
    with pytest.raises(RuntimeError, match="closed"):
        pool.map(tasks.double, [1], limit=1)


def test_an_error_of_the_input_ends_the_batch_cleanly(pool: Pool, tasks: Any) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the folder has gone")

    with pytest.raises(OSError, match="gone"):
        list(pool.map(tasks.double, broken(), limit=10))
    assert [result.value for result in pool.map(tasks.double, [1], limit=10)] == [2]


def test_one_map_at_a_time(pool: Pool, tasks: Any) -> None:
    first = pool.map(tasks.double, range(10), limit=10)
    next(first)
    with pytest.raises(RuntimeError, match="still mapping"):
        pool.map(tasks.double, [1], limit=10)
    assert len(list(first)) == 9


def test_a_function_children_cannot_import(pool: Pool, tasks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.double, "__module__", "isolated_elsewhere")
    elsewhere = type(sys)("isolated_elsewhere")
    elsewhere.double = tasks.double  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "isolated_elsewhere", elsewhere)
    with pytest.raises(PoolError, match="isolated_elsewhere"):
        list(pool.map(tasks.double, [1], limit=10))


def test_children_that_cannot_start(pool: Pool, tasks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PoolError, match=r"before they are ready.*exit code 1"):
        list(pool.map(tasks.double, [1], limit=10))


def test_memory_too_small_for_the_function(tasks: Any) -> None:
    with Pool(1, memory_limit=1 << 20) as pool, pytest.raises(PoolError):
        list(pool.map(tasks.double, [1], limit=10))


def test_numerical_libraries_have_one_thread(pool: Pool, tasks: Any) -> None:
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    assert [result.value for result in pool.map(tasks.environment, names, limit=10)] == ["1"] * 3


def test_children_outlive_the_thread_that_mapped(pool: Pool, tasks: Any) -> None:
    pids: list[int] = []
    thread = threading.Thread(
        target=lambda: pids.extend(r.value or 0 for r in pool.map(tasks.who, [0], limit=10))
    )
    thread.start()
    thread.join()
    time.sleep(0.05)
    assert [result.value for result in pool.map(tasks.who, [0], limit=10)] == pids


PARENT = """
    import signal

    import isolated_tasks
    from runtime.isolation import Pool

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    with Pool(2) as pool:
        for result in pool.map(isolated_tasks.who, range(100), limit=10, chunk_size=1):
            print(result.value, flush=True)
        print("napping", flush=True)
        list(pool.map(isolated_tasks.nap, [600, 600], limit=1000))
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_children_die_with_their_parent(end: signal.Signals, tasks: Any) -> None:
    """Ctrl-C, and deaths in which no clean-up of ours runs."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT)]
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}
    ) as parent:
        assert parent.stdout is not None
        lines = list(iter(lambda: parent.stdout.readline().decode().strip(), "napping"))  # type: ignore[union-attr]
        time.sleep(0.1)
        parent.send_signal(end)
        try:
            parent.wait(timeout=10)
        finally:
            parent.kill()
    assert lines
    assert all(is_gone(int(pid)) for pid in set(lines))


def test_small_items_cost_little(tasks: Any) -> None:
    """A bound generous enough for a busy machine; one message an item would cost several times as much."""
    with Pool(1) as pool:
        list(pool.map(tasks.double, range(200), limit=10))
        started = time.perf_counter()
        assert sum(1 for _ in pool.map(tasks.double, range(5000), limit=10)) == 5000
        assert time.perf_counter() - started < 5000 * 400e-6


def test_a_bound_within_a_bound_never_loosens_it() -> None:
    code = """
import resource
from runtime.child import limit_resources
for limit, found in ((1 << 40, 1 << 40), (1 << 41, 1 << 40), (0, 1 << 40), (1 << 39, 1 << 39)):
    limit_resources(limit)
    assert resource.getrlimit(resource.RLIMIT_AS) == (found, found)
"""
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
