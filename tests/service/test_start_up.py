"""What a command does not need, it does not import: reading errors never wait for torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SERVER = ("fastapi", "uvicorn", "starlette", "httpx")
SOLVERS = ("highspy", "pyscipopt")
PLOTS = ("matplotlib", "playwright")
TRAINING = ("training.training", "training.labels")
NEVER = (*SERVER, *SOLVERS, *PLOTS, *TRAINING)

_REPORT = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=open({file!r}, "w")))
sys.argv = ["farkas", *{words!r}]
from service.cli import app
app()
"""


def imported_by(*words: str | Path, report: Path) -> tuple[int, str, set[str]]:
    """Exit status, what was said, and every module that the command had imported when it ended."""
    code = _REPORT.format(file=str(report), words=[str(word) for word in words])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, set(json.loads(report.read_text()))


@pytest.mark.parametrize(
    ("words", "status", "says", "absent"),
    [
        (["--help"], 0, "predict", ("numpy", "scipy", "pyarrow", "pydantic", "torch", *NEVER)),
        (["predict", "--help"], 0, "FILE", ("numpy", "scipy", "pyarrow", "torch", *NEVER)),
        (["predict", EXAMPLES / "broken.mps"], 2, "ENDATA", ("torch", "pyarrow.parquet", *NEVER)),
        (["predict", "nowhere.mps"], 2, "no such file", ("torch", "pyarrow.parquet", *NEVER)),
        (["predict", EXAMPLES / "lp-feasible.mps", "--model", "nobody"], 1, "nobody", ("torch", *NEVER)),
        (["predict", EXAMPLES / "lp-feasible.mps", "--explain"], 1, "explain", ("torch", *NEVER)),
        (["models", "list"], 0, "bundled", ("torch", "pyarrow.parquet", *NEVER)),
        (
            ["predict", EXAMPLES / "lp-feasible.mps"],
            0,
            "certified",
            ("torch_geometric", "pyarrow.parquet", "rich.progress", *NEVER),
        ),
    ],
)
def test_what_is_not_imported(
    words: list[str | Path], status: int, says: str, absent: tuple[str, ...], tmp_path: Path
) -> None:
    code, said, modules = imported_by(*words, report=tmp_path / "modules.json")
    assert code == status, said
    assert says in said
    assert modules.isdisjoint(absent), sorted(modules & set(absent))


def test_a_folder_of_broken_files_is_scored_without_torch(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    words = ("score", EXAMPLES / "broken.mps", "-o", out)
    code, said, modules = imported_by(*words, report=tmp_path / "modules.json")
    assert code == 2, said
    assert "malformed-file" in out.read_text()
    assert modules.isdisjoint(("torch", *NEVER))


def test_a_folder_that_was_scored_is_scored_again_without_torch(tmp_path: Path) -> None:
    words = ("score", EXAMPLES / "lp-feasible.mps", "-o", tmp_path / "out.parquet")
    _, _, first = imported_by(*words, report=tmp_path / "modules.json")
    code, said, second = imported_by(*words, report=tmp_path / "modules.json")
    assert (code, "from an earlier run" in said) == (0, True)
    assert "torch" in first - second


@pytest.mark.parametrize(
    "module",
    ["graphs.readers", "service.reading", "service.pipeline", "service.commands", "service.on_demand"],
)
def test_modules_that_stay_light(module: str) -> None:
    code = f"import sys, {module}; print([n for n in {('torch', *NEVER)!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
