"""The page for sparse recovery in a real browser: what a person sees and does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from service.settings import Settings
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.networks import initial_network
from solvers.sparse.stored import save_dictionary, save_network


@pytest.fixture
def visit(visits: Callable[..., Any]) -> Any:
    """The page, once it knows which dictionaries there are."""
    opened = visits("sparse")
    opened.page.wait_for_selector('#dictionary option[value="dct-64x144"]', state="attached")
    return opened


def wait(visit: Any, says: str) -> None:
    visit.page.wait_for_selector(f'#status:has-text("{says}")')


def planted(visit: Any) -> float:
    """The largest of the planted values."""
    titles = visit.page.eval_on_selector_all(".planted title", "all => all.map(one => one.textContent)")
    return max(abs(float(title.split(" = ")[1])) for title in titles)


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def choose(visit: Any, name: str, content: bytes) -> None:
    visit.page.set_input_files("#file", {"name": name, "mimeType": "", "buffer": content})
    visit.page.wait_for_selector(f'#note:has-text("{name} is asked about")')


def recover(visit: Any) -> None:
    visit.page.click('button[type="submit"]')


def asked(visit: Any) -> list[str]:
    return [url for url in visit.requested if "/v1/sparse-recovery" in url]


def test_a_generated_example_is_recovered(visit: Any) -> None:
    assert visit.page.input_value("#dictionary") == "dct-64x144"
    visit.page.click("#example")
    wait(visit, "1 × 144: 0 certified, 1 predicted")
    found = visit.json()
    assert found["dictionary"]["name"] == "dct-64x144"
    assert visit.text(".badge") == "predicted"
    assert f"{found['support_size'][0]} nonzero" in visit.text(".verdict")
    assert len(visit.page.query_selector_all(".stems circle:not(.planted)")) == found["support_size"][0]
    assert len(visit.page.query_selector_all(".stems circle.planted")) == 3
    hits, of = visit.fact("planted atoms found").split(" of ")
    assert int(hits) <= int(of) == 3
    numbers = [text.text_content() for text in visit.page.query_selector_all(".stems text")]
    assert {"0", "143"} <= set(numbers)
    largest = max(abs(value) for value in found["x"][0])
    assert float(numbers[0]) == pytest.approx(max(largest, planted(visit)), rel=1e-2)
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


def test_a_file_of_numpys_is_sent_as_it_is_and_stays(visit: Any) -> None:
    choose(visit, "a.npz", npz(dictionary=np.eye(2, 3) + 0.1, measurements=np.ones((4, 2))))
    assert "with the dictionary it holds" in visit.text("#note")
    assert visit.page.input_value("#dictionary") == "dct-64x144"
    assert asked(visit) == []
    recover(visit)
    wait(visit, "4 × 3:")
    assert "--data-binary '@a.npz'" in (visit.page.text_content("#curl") or "")
    assert "dictionary=" not in (visit.page.text_content("#curl") or "")
    visit.page.fill("#lambda", "0.5")
    recover(visit)
    visit.page.wait_for_selector('dt:text-is("objective")')
    assert len(visit.json()["objective"]) == 4
    file = io.BytesIO()
    np.save(file, np.ones((2, 64)))
    choose(visit, "b.npy", file.getvalue())
    recover(visit)
    wait(visit, "2 × 144:")
    assert "dictionary=dct-64x144" in (visit.page.text_content("#curl") or "")
    assert visit.page.is_disabled("#measurements")
    visit.page.click("#forget")
    visit.page.fill("#measurements", "1 " * 64)
    recover(visit)
    wait(visit, "1 × 144:")


def test_examples_of_other_dictionaries(visit: Any) -> None:
    visit.page.select_option("#dictionary", "")
    visit.page.click("#example")
    wait(visit, "1 × 24:")
    assert len(visit.page.input_value("#matrix").splitlines()) == 12
    visit.page.fill("#matrix", "1 0 0.6\n0 1 0.8")
    visit.page.click("#example")
    wait(visit, "1 × 3:")
    assert visit.fact("planted atoms found").endswith("of 3")
    assert visit.text("#note") == ""


@pytest.fixture
def matrix(settings: Settings) -> np.ndarray:
    """A registered dictionary, `mine`, with a trained network, `quick`, of three layers."""
    matrix = np.random.default_rng(5).standard_normal((6, 9))
    dictionary = Dictionary.of(matrix)
    for folder, save in (
        ("mine", lambda at: save_dictionary(at, dictionary, name="mine", version="1", description="")),
        (
            "quick",
            lambda at: save_network(
                at,
                initial_network("alista", dictionary, 3, threshold=0.1),
                dictionary,
                {"name": "quick", "version": "1"},
            ),
        ),
    ):
        save(settings.models / folder / "1")
    return matrix


def test_trained_networks_of_the_chosen_dictionary_are_offered(matrix: np.ndarray, visit: Any) -> None:
    quick = '#variant option[value="model:quick"]'
    assert visit.page.query_selector(quick) is None
    visit.page.select_option("#dictionary", "mine")
    assert visit.page.text_content(quick) == "alista (quick)"
    visit.page.select_option("#variant", "model:quick")
    assert visit.page.input_value("#layers") == "3"
    visit.page.fill("#measurements", " ".join(map(str, matrix[:, 2])))
    recover(visit)
    wait(visit, "1 × 9:")
    assert visit.json()["model"]["name"] == "quick"
    visit.page.click("#example")
    wait(visit, "1 × 144:")
    assert "does not know the atoms of mine" in visit.text("#note")
    assert visit.page.input_value("#dictionary") == "dct-64x144"
    assert visit.page.input_value("#variant") == "hyperlista"
    assert visit.page.input_value("#layers") == "16"


def test_what_is_wrong_is_said(visit: Any) -> None:
    for field, text, says in (
        ("#measurements", "1 2 <b>three</b>", "measurements, row 1: “<b>three</b>” is not a number"),
        ("#measurements", "", "There are no measurements"),
        ("#measurements", "1 2\n3", "row 2 has 1 numbers, row 1 has 2"),
        ("#lambda", "0,1", "λ: “0,1” is not a number"),
        ("#gap", "small", "duality gap: “small” is not a number"),
    ):
        visit.page.fill("#measurements", "1 2 3")
        visit.page.fill(field, text)
        recover(visit)
        visit.page.wait_for_selector(f'#shown:has-text("{says}")')
        assert visit.text("#answer") == "No answer"
        assert visit.text("#status") == "This cannot be asked"
        assert not visit.page.is_visible("#source")
        visit.page.fill(field, "")
    visit.page.select_option("#dictionary", "")
    visit.page.fill("#matrix", "1 0\n0 one")
    visit.page.fill("#measurements", "1 2")
    recover(visit)
    visit.page.wait_for_selector('#shown:has-text("rows of A, row 2: “one” is not a number")')
    assert visit.page.query_selector("#result b") is None
    assert asked(visit) == []


def test_what_the_server_refuses_is_said(visit: Any) -> None:
    visit.page.fill("#measurements", "1 2 3")
    recover(visit)
    wait(visit, "The parts of the question do not fit together")
    assert json.loads(visit.page.text_content("#raw"))["status"] == 422
    assert visit.page.is_visible("#source")
    visit.page.fill("#lambda", "0")
    recover(visit)
    visit.page.wait_for_selector('#shown:has-text("λ must be a positive number, not 0")')


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


def test_an_answer_that_cannot_be_drawn_is_said(visit: Any) -> None:
    visit.page.route("**/v1/sparse-recovery", lambda route: route.fulfill(json={"x": None}))
    visit.page.click("#example")
    visit.page.wait_for_selector('#shown:has-text("The page could not draw the answer")')
    visit.complaints.clear()
