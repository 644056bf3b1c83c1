"""The log of a run: lines in order, cut where a run went back, and whole ones alone."""

from __future__ import annotations

from pathlib import Path

from training.run_log import LOG, read_log, write_log


def test_a_line_replaces_those_from_its_key_on(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        write_log(tmp_path, {"epoch": epoch, "first": True}, key="epoch")
    write_log(tmp_path, {"epoch": 2, "first": False}, key="epoch")
    assert [(line["epoch"], line["first"]) for line in read_log(tmp_path)] == [(1, True), (2, False)]


def test_a_line_cut_short_is_left_out_and_no_log_is_none(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
    write_log(tmp_path, {"step": 1}, key="step")
    with (tmp_path / LOG).open("a") as file:
        file.write('{"step": 2')
    assert read_log(tmp_path) == [{"step": 1}]
