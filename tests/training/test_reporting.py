"""An evaluation is printed, written and kept in the card."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from runtime.checkpoints import load, save
from tests.training.evaluations import COVERS, LPS, predictor, write_folders
from training.evaluating import Report, evaluate_model
from training.reporting import record_in_card, tables, write_report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return evaluate_model(predictor(), write_folders(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(report, tmp_path_factory.mktemp("out") / "report")


def test_tables_fit_a_terminal(report: Report) -> None:
    stream = StringIO()
    console = Console(file=stream, width=80)
    for table in tables(report):
        console.print(table)
    shown = stream.getvalue()
    assert "…" not in shown
    for name in ("set-cover", "mean of families", "12 × 24", "abstains"):
        assert name in shown
    auc = report.families[1].whole.figures["binary_auc"]
    assert f"{auc:.4f}" in shown
    assert f"{report.families[0].whole.rules['solution']:.4f}" in shown


def test_report_is_written_whole(written: Path) -> None:
    found = json.loads(written.read_text())
    lps, set_cover = found["families"]
    assert (lps["family"], lps["instances"], set_cover["instances"]) == ("random-lp-infinite", LPS, COVERS)
    for part in (found["all"], lps, set_cover, *set_cover["sizes"]):
        assert sum(map(sum, part["confusion"])) == part["instances"]
        assert sum(map(sum, part["confusion_with_abstentions"])) == part["instances"]
        abstained = sum(line[3] for line in part["confusion_with_abstentions"])
        assert abstained / part["instances"] == pytest.approx(part["abstention_share"], abs=1e-4)
    assert 0 < lps["rules"]["verdict"] < 0.5
    assert found["mean_of_families"]["rules"]["verdict"] < 0.5
    assert str(written.parent.parent) not in written.read_text()


def test_plots_show_every_family(report: Report, written: Path) -> None:
    folder = written.parent
    for name in ("reliability", "confusion", "sizes"):
        text = (folder / f"{name}.svg").read_text()
        assert ElementTree.fromstring(text).tag.endswith("svg")
        for family in report.families:
            assert f"<!-- {family.family}" in text, name
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion.svg",
        "evaluation.json",
        "reliability.svg",
        "sizes.svg",
    ]


def test_figures_are_recorded_in_the_card(report: Report, tmp_path: Path) -> None:
    tensors = predictor().network.state_dict()
    save(tmp_path, tensors, predictor().card)
    before = load(tmp_path).card
    record_in_card(tmp_path, "test", report)
    card = load(tmp_path).card
    assert card["weights_sha256"] == before["weights_sha256"]
    assert card["metrics"]["test"]["set-cover"]["instances"] == COVERS
    assert card["metrics"]["test"]["set-cover"]["rules"] == report.families[1].whole.rules
    assert card["metrics"]["test"]["data"] == ["lps", "covers", "again"]
    assert card["metrics"]["validation"] == before["metrics"]["validation"]
