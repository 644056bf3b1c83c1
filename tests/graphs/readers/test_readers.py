"""Telling formats apart, and reading files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from graphs.errors import InstanceTooLarge, MalformedFile, UnsupportedSection
from graphs.readers import ReadLimits, read_file, read_instance

MPS = b"ROWS\n N obj\n L c\nCOLUMNS\n x obj 1 c 2\nENDATA\n"
LP = b"Minimize\n obj: x\nSubject To\n c: 2 x <= 0\nEnd\n"
JSON = (
    b'{"sense":"minimize","objective":{"coefficients":[1]},"constraints":{"matrix":{"start":[0,1],"index":[0],'
    b'"value":[2]},"lower":[null],"upper":[0]},"variables":{"lower":[0],"upper":[null],"integer":[false]}}'
)


@pytest.mark.parametrize("data", [MPS, JSON, b" \n\t" + JSON, b"* {\n" + MPS, b"\xef\xbb\xbf" + JSON])
@pytest.mark.parametrize("compressed", [False, True])
def test_formats_are_told_apart(data: bytes, compressed: bool) -> None:
    instance = read_instance(gzip.compress(data) if compressed else data, name="folder/model.one.gz")
    assert instance.sha256 == read_instance(MPS, name="other").sha256
    assert instance.name == "model"


def test_a_stated_format_is_not_guessed() -> None:
    assert read_instance(MPS, name="model.lp", format="mps").columns == 1
    with pytest.raises(MalformedFile):
        read_instance(JSON, name="t", format="mps")
    with pytest.raises(MalformedFile):
        read_instance(MPS, name="t", format="json")
    with pytest.raises(MalformedFile):
        read_instance(MPS, name="t", format="lp")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (LP, "model.lp"),
        (gzip.compress(LP), "model.LP.gz"),
        (LP, "model"),
        (b"\\ a comment\n\n  " + LP, "model"),
        (b"\xef\xbb\xbf" + LP.replace(b"Minimize", b"MINIMISE"), "model.txt"),
    ],
)
def test_lp_files_are_told_by_their_name_or_their_first_word(data: bytes, name: str) -> None:
    assert read_instance(data, name=name).sha256 == read_instance(MPS, name="t").sha256
    assert read_instance(data, name="t", format="lp").sha256 == read_instance(MPS, name="t").sha256


def test_what_is_called_lp_is_read_as_lp() -> None:
    with pytest.raises(MalformedFile, match="sense"):
        read_instance(MPS, name="model.lp")


@pytest.mark.parametrize("data", [b"", b" \n ", gzip.compress(b"")])
def test_empty_data_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedFile, match="empty"):
        read_instance(data, name="t")


def test_other_compressions_are_named() -> None:
    with pytest.raises(UnsupportedSection, match="zstd"):
        read_instance(b"\x28\xb5\x2f\xfd....", name="t.mps.zst")


def test_limits_hold_for_plain_and_compressed_data() -> None:
    exact = ReadLimits(inflated_bytes=len(MPS))
    short = ReadLimits(inflated_bytes=len(MPS) - 1)
    for data in (MPS, gzip.compress(MPS)):
        assert read_instance(data, name="t", limits=exact).columns == 1
        with pytest.raises(InstanceTooLarge):
            read_instance(data, name="t", limits=short)


def test_files_are_called_by_their_own_name(tmp_path: Path) -> None:
    (tmp_path / "good.mps.gz").write_bytes(gzip.compress(MPS))
    (tmp_path / "bad.mps").write_bytes(MPS[:-8])
    assert read_file(tmp_path / "good.mps.gz").name == "good"
    with pytest.raises(MalformedFile) as caught:
        read_file(str(tmp_path / "bad.mps"))
    assert caught.value.file == "bad.mps"
    with pytest.raises(InstanceTooLarge):
        read_file(tmp_path / "bad.mps", ReadLimits(compressed_bytes=4, inflated_bytes=8))
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.mps")
