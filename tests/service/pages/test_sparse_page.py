"""The page for sparse recovery in a real browser: what a person sees and does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def visit(visits: Callable[..., Any]) -> Any:
    """The page, once it knows which dictionaries there are."""
    opened = visits("sparse")
    opened.page.wait_for_selector('#dictionary option[value="dct-64x144"]', state="attached")
    return opened


def wait(visit: Any, says: str) -> None:
    visit.page.wait_for_selector(f'#status:has-text("{says}")')


def test_a_generated_example_is_recovered(visit: Any) -> None:
    assert visit.page.input_value("#dictionary") == "dct-64x144"
    visit.page.click("#example")
    wait(visit, "1 × 144: 0 certified, 1 predicted")
    found = visit.json()
    assert found["dictionary"]["name"] == "dct-64x144"
    assert visit.text(".badge") == "predicted"
    assert f"{found['support_size'][0]} nonzero" in visit.text(".verdict")
    stems = visit.page.query_selector_all(".stems circle")
    assert len(stems) == found["support_size"][0]
    assert float(visit.fact("‖A x − b‖")) == pytest.approx(found["residual"][0], rel=1e-3)
    assert visit.page.query_selector('dt:text-is("objective")') is None
    assert not visit.page.is_visible("#which")


def test_lambda_and_a_gap_make_a_proof(visit: Any) -> None:
    visit.page.fill("#lambda", "0.05")
    visit.page.fill("#gap", "1e-6")
    visit.page.click("#example")
    wait(visit, "1 × 144: 1 certified, 0 predicted")
    assert visit.text(".verdict .badge") == "✓ certified"
    assert float(visit.fact("duality gap / ½‖b‖²")) <= 1e-6
    assert visit.json()["duality_gap"][0] <= 1e-6


def test_rows_of_ones_own_and_many_measurements(visit: Any) -> None:
    visit.page.select_option("#dictionary", "")
    visit.page.fill("#matrix", "1, 0, 0.6\n0 1 0.8\n")
    visit.page.fill("#measurements", "0.3 0.4\n\n2 0\n")
    visit.page.fill("#lambda", "0.01")
    visit.page.fill("#gap", "1e-9")
    visit.page.select_option("#variant", "fista")
    visit.page.click('button[type="submit"]')
    wait(visit, "2 × 3:")
    found = visit.json()
    assert (found["dictionary"]["rows"], found["model"]["variant"]) == (2, "fista")
    assert visit.text("#of") == "of 2"
    titles = [title.text_content() for title in visit.page.query_selector_all(".stems title")]
    assert len(titles) == 1
    assert titles[0].startswith("x[2] = 0.4")
    visit.page.fill("#row", "2")
    visit.page.wait_for_selector('.stems title:text-matches("x\\\\[0\\\\]")', state="attached")
    assert "curl -d" in (visit.page.text_content("#curl") or "")


def test_a_file_of_numpys_is_sent_as_it_is(visit: Any) -> None:
    file = io.BytesIO()
    np.savez(file, dictionary=np.eye(2, 3) + 0.1, measurements=np.ones((4, 2)))
    visit.page.select_option("#dictionary", "")
    visit.page.set_input_files("#file", {"name": "a.npz", "mimeType": "", "buffer": file.getvalue()})
    wait(visit, "4 × 3:")
    assert "--data-binary '@a.npz'" in (visit.page.text_content("#curl") or "")
    file = io.BytesIO()
    np.save(file, np.ones((2, 64)))
    visit.page.select_option("#dictionary", "dct-64x144")
    visit.page.set_input_files("#file", {"name": "b.npy", "mimeType": "", "buffer": file.getvalue()})
    wait(visit, "2 × 144:")
    assert "dictionary=dct-64x144" in (visit.page.text_content("#curl") or "")


def test_what_is_wrong_is_said(visit: Any) -> None:
    visit.page.fill("#measurements", "1 2 <b>three</b>")
    visit.page.click('button[type="submit"]')
    wait(visit, "A parameter of the request is not valid")
    assert visit.text("#answer") == "No answer"
    assert "$.measurements" in visit.text("#shown")
    visit.page.fill("#measurements", "1 2 3")
    visit.page.click('button[type="submit"]')
    wait(visit, "The parts of the question do not fit together")
    assert visit.page.query_selector("#result b") is None
    assert json.loads(visit.page.text_content("#raw"))["status"] == 422


def test_it_fits_a_phone_and_does_without_script(visits: Callable[..., Any]) -> None:
    visit = visits("sparse", viewport={"width": 320, "height": 640}, color_scheme="dark")
    visit.page.wait_for_selector('#dictionary option[value="dct-64x144"]', state="attached")
    visit.page.click("#example")
    wait(visit, "1 × 144:")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_script_it_says_how_to_ask(visits: Callable[..., Any]) -> None:
    visit = visits("sparse", java_script_enabled=False)
    assert "curl --data-binary" in visit.text("main")
    assert not visit.page.is_visible("#form")
