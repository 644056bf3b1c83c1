"""`farkas convert`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graphs.readers import read_file, read_instance
from service.cli import app

ROOT = Path(__file__).parents[2]
LP = b"max\n obj: x + 2 y + 3\nst\n c: x + y <= 4\nbounds\n y <= 7\ngeneral\n x\nend\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "model.lp").write_bytes(LP)
    return tmp_path / "model.lp"


def convert(*arguments: object, **extra: object) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, arguments)], **extra)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".mps", ".json", ".mps.gz", ".json.gz"])
def test_every_form_holds_the_same_instance(suffix: str, source: Path) -> None:
    target = source.with_name(f"out{suffix}")
    result = convert(source, target)
    assert result.exit_code == 0
    assert result.stderr == f"{target}: 1 rows, 2 columns, 2 nonzeros, 1 integers\n"
    written, read = read_file(target), read_instance(LP, name="model.lp")
    assert written.sha256 == read.sha256
    assert list(written.variable_names) == ["x", "y"]


def test_standard_input_is_read(tmp_path: Path) -> None:
    assert convert("-", tmp_path / "out.mps", input=LP).exit_code == 0
    assert read_file(tmp_path / "out.mps").rows == 1


def test_a_bad_file_is_named_with_its_line_and_leaves_nothing(source: Path) -> None:
    source.write_bytes(LP.replace(b"<= 4", b"<= 4,5"))
    result = convert(source, source.with_name("out.mps"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{source}:4:14: '4,5' is not a number")
    assert convert(source.with_name("none.mps"), source.with_name("out.mps")).exit_code == 2
    assert list(source.parent.iterdir()) == [source]


def test_a_form_that_is_not_written_and_a_folder_that_is_not_there_are_fatal(source: Path) -> None:
    for name in ("out.lp", "out", "out.mps.xz", "no/out.mps"):
        assert convert(source, source.with_name("x").parent / name).exit_code == 1
    assert list(source.parent.iterdir()) == [source]


def test_no_network_and_no_solver_are_loaded(source: Path) -> None:
    code = f"""
import sys
sys.argv = ["farkas", "convert", {str(source)!r}, {str(source.with_name("out.mps"))!r}]
from service.cli import app
try:
    app()
finally:
    sys.exit(" ".join({{"torch", "highspy", "pyscipopt", "fastapi"}} & set(sys.modules)) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
