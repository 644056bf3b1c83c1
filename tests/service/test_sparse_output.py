"""An answer in its forms: JSON, arrays, a summary, a table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from rich.console import Console

from service.http.sparse_shapes import SparseAnswerShape
from service.sparse_models import UsedModel
from service.sparse_output import (
    answer_arrays,
    answer_document,
    measures_document,
    notes,
    sparse_rows,
    summary,
    summary_lines,
    summary_table,
)
from service.sparse_recovery import SparseAnswer, UsedDictionary
from solvers.sparse.recovery import Recovery

X = np.array([[0.0, 1.5, 0.0], [0.0, 0.0, 0.0], [-2.0, 0.0, 3.0]])


def answer(**changes: Any) -> SparseAnswer:
    found: dict[str, Any] = {
        "x": X,
        "residual": np.array([1.0, 2.0, 4.0]),
        "relative_residual": np.array([0.1, 0.2, 0.4]),
        "duality_gap": np.array([1e-7, np.inf, 0.5]),
        "objective": np.array([1.0, 2.0, 3.0]),
        "support_size": np.array([1, 0, 2]),
        "provenance": ("certified", "predicted", "predicted"),
        "replaced": (False, True, False),
        "iterations": np.array([0, 10, 20]),
    }
    model = UsedModel("hyperlista", "1", "hyperlista", 16)
    dictionary = UsedDictionary(None, None, "ab" * 32, 2, 3)
    return SparseAnswer(Recovery(**(found | changes)), model, dictionary, 0.25)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_document_is_as_described(sparse: bool) -> None:
    document = orjson.loads(answer_document(answer(), sparse=sparse))
    SparseAnswerShape.model_validate(document)
    assert document["duality_gap"] == [1e-7, None, 0.5]
    assert document["x"][1] == ({"indices": [], "values": []} if sparse else [0.0, 0.0, 0.0])
    without = orjson.loads(measures_document(answer()))
    assert without == {name: value for name, value in document.items() if name != "x"}


def test_what_needs_lambda_is_null_without() -> None:
    without = answer(duality_gap=None, objective=None)
    document = orjson.loads(answer_document(without))
    SparseAnswerShape.model_validate(document)
    assert document["duality_gap"] is document["objective"] is None
    assert {"duality_gap", "objective"}.isdisjoint(answer_arrays(without))
    assert summary(without)["duality_gap"] is None


def test_sparse_rows_hold_the_nonzeros() -> None:
    rows = sparse_rows(X)
    assert [row["indices"].tolist() for row in rows] == [[1], [], [0, 2]]
    assert [row["values"].tolist() for row in rows] == [[1.5], [], [-2.0, 3.0]]


def test_arrays_need_no_pickle() -> None:
    arrays = answer_arrays(answer())
    assert all(array.dtype.kind != "O" for array in arrays.values())
    assert arrays["provenance"].tolist() == ["certified", "predicted", "predicted"]
    assert json.loads(str(arrays["answer"]))["model"]["layers"] == 16


def test_the_summary_says_how_many_are_what() -> None:
    said = summary(answer())
    assert (said["measurements"], said["replaced"]) == (3, 1)
    assert said["provenance"] == {"certified": 1, "predicted": 2}
    assert said["residual"] == {"median": 2.0, "least": 1.0, "most": 4.0}
    assert said["duality_gap"]["most"] is None
    orjson.dumps(said)


def test_people_read_the_same() -> None:
    console = Console(width=200, record=True)
    console.print(summary_table(answer()))
    text = console.export_text()
    assert "not finite" in text
    assert "nonzeros of x" in text
    first, second = summary_lines(answer())
    assert first == "3 measurements: 1 certified, 2 predicted; 1 replaced by FISTA's iterate"
    assert second.startswith("hyperlista (hyperlista@1), 16 layers; dictionary 2 × 3, sha256 abababababab")


def test_what_lambda_would_say_is_left_out_of_the_table() -> None:
    console = Console(width=200, record=True)
    none = np.zeros(3, dtype=np.int64)
    console.print(summary_table(answer(duality_gap=None, objective=None, iterations=none)))
    text = console.export_text()
    assert "steps" not in text
    assert "objective" not in text
    assert "duality gap" not in text


def test_one_measurement_is_not_several() -> None:
    one = {name: value[:1] for name, value in vars(answer().recovery).items()}
    assert summary_lines(answer(**one))[0] == "1 measurement: 1 certified"
    replaced = answer(**one | {"replaced": (True,)})
    assert summary_lines(replaced)[1].startswith("fista in the place of hyperlista (hyperlista@1), 16 layers")


def test_bad_explanations_without_lambda_are_noted() -> None:
    assert notes(answer()) == []
    [note] = notes(answer(duality_gap=None, objective=None))
    assert note.startswith("1 of 3 measurements is explained badly")
    beyond = np.array([0.1, 0.2, np.nan])
    assert len(notes(answer(duality_gap=None, objective=None, relative_residual=beyond))) == 1
    fine = np.array([0.1, 0.2, 0.3])
    assert notes(answer(duality_gap=None, objective=None, relative_residual=fine)) == []
    assert notes(replace(answer(), shortfall="not proved")) == ["not proved"]
