"""Files and standard input."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphs.errors import InstanceTooLarge, MalformedFile
from graphs.readers.limits import ReadLimits
from service.errors import UnreadableFile
from service.reading import STDIN, display_name, instance_suffix, read_body, read_file

LIMITS = ReadLimits()


def test_plain_gzipped_and_standard_input(tmp_path: Path, lp: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mps").write_bytes(lp)
    (tmp_path / "a.mps.gz").write_bytes(gzip.compress(lp))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lp)))
    readings = [read_file(path, LIMITS) for path in (tmp_path / "a.mps", tmp_path / "a.mps.gz", STDIN)]
    assert len({reading.instance.sha256 for reading in readings}) == 1
    assert all(reading.seconds > 0 for reading in readings)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_file(tmp_path / "nothing.mps", LIMITS)
    with pytest.raises(UnreadableFile, match="folder"):
        read_file(tmp_path, LIMITS)


def test_no_more_is_read_than_the_limit_needs(tmp_path: Path, lp: bytes) -> None:
    path = tmp_path / "sparse.mps"
    path.write_bytes(lp)
    os.truncate(path, 1 << 40)
    with pytest.raises(InstanceTooLarge):
        read_file(path, ReadLimits(compressed_bytes=1000, inflated_bytes=1000))


def test_lp_files_and_bodies_are_read(tmp_path: Path) -> None:
    text = b"Minimize\n obj: x\nSubject To\n c: x >= 1\nEnd\n"
    (tmp_path / "a.lp").write_bytes(text)
    assert read_file(tmp_path / "a.lp", LIMITS).instance.name == "a"
    assert read_body(text, "request", LIMITS, "lp").instance.rows == 1
    with pytest.raises(MalformedFile):
        read_body(text.replace(b">= 1", b">= nan"), "request", LIMITS, "lp")


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.mps", ".mps"),
        ("a.MPS.GZ", ".mps"),
        ("a.json", ".json"),
        ("a.json.gz", ".json"),
        ("a.lp", ".lp"),
        ("a.b.lp.gz", ".lp"),
        ("a.gz", ".gz"),
        ("a.jsonl", None),
        ("a.txt", None),
        ("mps", None),
        ("a.mps.bak", None),
    ],
)
def test_instance_suffixes(name: str, suffix: str | None) -> None:
    assert instance_suffix(Path(name)) == suffix


def test_names_are_always_printable_as_utf8() -> None:
    assert display_name(Path("dir/modèle.mps")) == "dir/modèle.mps"
    assert display_name(Path(os.fsdecode(b"caf\xe9.mps"))) == "caf\\xe9.mps"
    assert display_name(STDIN) == "stdin"
