"""Evaluation reads labelled folders once, as a stream, and says of each family what is true of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from graphs.bipartite import build_graphs
from graphs.refinement import is_foldable
from tests.training.evaluations import COVERS, LPS, covers, predictor, write_folders
from tests.training.examples import labelled
from training import evaluating
from training.dataset import build_dataset, load_dataset
from training.evaluating import Report, chunks, evaluate_model
from training.metrics import evaluate
from training.rules import rule_errors


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_folders(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def report(folders: list[Path]) -> Report:
    return evaluate_model(predictor(), folders)


def test_every_instance_counts_once(report: Report) -> None:
    counts = {family.family: family.whole.figures["instances"] for family in report.families}
    assert counts == {"random-lp-infinite": LPS, "set-cover": COVERS}
    assert report.whole.figures["instances"] == report.data["instances"] == LPS + COVERS
    for family in report.families:
        assert sum(part.figures["instances"] for part in family.sizes) == family.whole.figures["instances"]
    assert [part.name for part in report.families[1].sizes] == ["6 × 12", "12 × 24"]
    assert report.data["folders"] == ["lps", "covers", "again"]


def test_a_familys_figures_are_those_of_its_instances(report: Report, folders: list[Path]) -> None:
    dataset = load_dataset(folders)
    chosen = torch.tensor([place for place, name in enumerate(dataset.family) if name == "set-cover"])
    expected = evaluate(predictor().network, dataset, chosen)
    part = report.families[1].whole
    assert part.confusion.tolist() == expected.confusion().tolist()
    for name, value in expected.summary().items():
        assert part.figures[name] == pytest.approx(value, abs=1e-4), name
    rules = vars(rule_errors(covers()))
    assert {name: part.rules[name] for name in rules} == pytest.approx(rules, abs=1e-5)


def test_the_area_is_that_of_the_answers_a_user_gets(report: Report) -> None:
    items = list(covers())
    answers = predictor().predict(build_graphs([item.instance for item in items]))
    values = np.concatenate([answer.solution for answer in answers])
    labels = np.concatenate([item.primal for item in items if item.primal is not None]) > 0.5
    pairs = np.subtract.outer(values[labels], values[~labels])
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert report.families[1].whole.figures["binary_auc"] == pytest.approx(expected, abs=1e-3)
    assert report.families[1].whole.rules["binary_auc"] == 0.5  # all costs are positive: all at 0
    assert "binary_auc" not in report.families[0].whole.figures


def test_foldable_shares_are_those_of_the_instances(report: Report) -> None:
    lps, set_cover = (family.whole.figures for family in report.families)
    assert sum(is_foldable(item.instance) for item in covers()) == 2
    assert set_cover["foldable_share"] == pytest.approx(2 / COVERS, abs=1e-5)
    assert set_cover["ambiguous"] == 2
    assert (lps["foldable_share"], lps["ambiguous"]) == (0.0, 0)
    assert report.whole.figures["foldable_share"] == pytest.approx(2 / (LPS + COVERS), abs=1e-5)


def test_chunks_make_no_difference(
    report: Report, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = 0

    def small(chunk: list[object]) -> object:
        nonlocal longest
        longest = max(longest, len(chunk))
        return build_dataset(chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluating, "chunks", lambda items: chunks(items, most=9))
    monkeypatch.setattr(evaluating, "build_dataset", small)
    done: list[int] = []
    again = evaluate_model(predictor(), folders, progress=done.append)
    assert longest == 9
    assert sum(done) == LPS + COVERS
    assert again.data == report.data | {"labels": again.data["labels"]}
    for first, second in zip(report.families, again.families, strict=True):
        assert second.whole.confusion.tolist() == first.whole.confusion.tolist()
        assert second.whole.figures == pytest.approx(first.whole.figures, abs=1e-3)
        assert second.whole.rules == pytest.approx(first.whole.rules)


def test_chunks_are_bounded_by_entries() -> None:
    items = list(labelled(10))
    nonzeros = items[0].instance.nonzeros
    assert [len(chunk) for chunk in chunks(items, nonzeros=3 * nonzeros)] == [3, 3, 3, 1]
    assert list(chunks([])) == []


def test_the_mean_counts_families_alike(report: Report) -> None:
    figures, rules = report.mean()
    first, second = (family.whole for family in report.families)
    for name in ("verdict_error", "solution_error", "foldable_share"):
        assert figures[name] == pytest.approx((first.figures[name] + second.figures[name]) / 2, abs=1e-5)
    assert figures["binary_auc"] == second.figures["binary_auc"]
    assert "instances" not in figures
    assert rules["verdict"] == pytest.approx((first.rules["verdict"] + second.rules["verdict"]) / 2, abs=1e-5)


def test_a_folder_without_labels_is_named(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="farkas label"):
        evaluate_model(predictor(), [folders[0], tmp_path])
