"""The page for people in a real browser that asks a real server: what a person sees and does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphs.prediction import Verdict
from service.http.site import EXAMPLES

MALFORMED = "NAME TINY\nROWS\n N COST\nCOLUMNS\n\tÄ\tCOST\t1,5\nENDATA\n".encode()


def test_a_chosen_file_is_answered(visit: Any, fake: Any, lp: bytes) -> None:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    visit.choose("tiny.mps", lp)
    assert visit.text("#status") == "tiny.mps: optimal, certified"
    assert visit.text(".verdict strong") == "optimal"
    assert visit.text(".verdict .badge") == "✓ certified"
    assert visit.fact("objective") == "1 ✓ certified"
    assert visit.fact("instance") == "TINY: 1 row, 2 columns, 2 nonzeros"
    assert visit.fact("confidence") == "70.0 %"
    assert visit.fact("model") == "fake 1"
    assert visit.fact("integrality residual") == "0"
    assert visit.json()["certificate"]["statement"] in visit.text("#shown")
    assert visit.text(".bars").split("\n") == [
        "optimal",
        "70.0 %",
        "infeasible",
        "15.0 %",
        "unbounded",
        "15.0 %",
    ]
    widths = [
        fill.evaluate("element => element.style.width") for fill in visit.page.query_selector_all(".bar i")
    ]
    assert [round(float(width.rstrip("%"))) for width in widths] == [70, 15, 15]


def test_another_policy_asks_anew_and_shows_the_solver(visit: Any, lp: bytes) -> None:
    visit.choose("tiny.mps", lp)
    visit.page.select_option("#policy", "solve")
    visit.page.wait_for_selector('#status:has-text("tiny.mps: optimal, solved")')
    assert visit.fact("objective") == "1 ✓ solved"
    assert visit.fact("solver").startswith("HiGHS")
    assert visit.fact("its status") == "optimal"
    assert "policy=solve" in (visit.page.text_content("#curl") or "")
    assert "solve " in visit.fact("time")
    assert visit.json()["lane"] == "solve"
    visit.page.select_option("#policy", "certify")
    visit.page.wait_for_selector('#status:has-text("tiny.mps: optimal, certified")')
    assert "Exact solver" not in visit.text("#shown")


def test_what_cannot_hold_together_is_named(visit: Any, lp: bytes) -> None:
    visit.page.select_option("#policy", "solve")
    visit.choose("tiny.mps", lp.replace(b"RHS NEED 1.0", b"RHS NEED 9.0"))
    assert visit.text("#status") == "tiny.mps: infeasible, solved"
    assert "NEED (≥ 9)" in visit.text("#shown")


def test_a_predicted_objective_stands_beside_what_was_proved(visit: Any, lp: bytes) -> None:
    visit.choose("tiny.mps", lp)
    assert visit.fact("objective") == "3 predicted"  # the network said 42
    assert visit.fact("proved range") == "0 to 3"


def test_an_abstention_says_so(visit: Any, fake: Any) -> None:
    fake.verdict, fake.share = Verdict.ABSTAIN, 0.4
    visit.choose("odd.json", odd_integers())
    assert visit.text("#status") == "odd.json: abstain"
    assert "The network declines to say: it is not sure enough." in visit.text(".verdict")
    assert visit.page.query_selector(".badge") is None
    assert "None was found: nothing is proved." in visit.text("#shown")
    assert visit.fact("confidence") == "40.0 %"


def test_a_malformed_file_is_shown_where_it_is_wrong(visit: Any) -> None:
    visit.choose("wrong.mps", MALFORMED)
    assert visit.text("#answer") == "No answer"
    assert "Line 5, column 9: " in visit.text("#shown")
    assert "Hint: " in visit.text("#shown")
    assert visit.text("mark") == "1,5"
    assert visit.text(".wrong") == "5 │  Ä COST 1,5"
    assert visit.json()["status"] == 400


def test_a_list_is_said_to_be_one(visit: Any) -> None:
    visit.choose("many.json", b"[" + odd_integers() + b"]")
    assert visit.text("#status") == "many.json: A list of instances"
    assert "every item is answered" in visit.text("#shown")


def test_what_comes_from_a_file_is_never_markup(visit: Any, lp: bytes) -> None:
    visit.choose("<i>a's.mps", lp.replace(b"TINY", b"<img/src=x>"))
    assert visit.fact("instance").startswith("<img/src=x>: ")
    assert visit.page.query_selector("#result img, #status i, #curl i") is None
    assert r"curl --data-binary @'<i>a'\''s.mps' -H" in (visit.page.text_content("#curl") or "")


def test_every_example_is_answered(visit: Any) -> None:
    for example in sorted(EXAMPLES.iterdir()):
        visit.page.click(f'[data-example="{example.name}"]')
        visit.wait_for(example.name)
        assert visit.text(".verdict strong") == visit.json()["verdict"]
        assert visit.page.get_attribute("dd a", "href") == f"pages/examples/{example.name}"
    visit.page.click('[data-example="infeasible.mps"]')
    visit.wait_for("infeasible.mps")
    assert visit.text("#status") == "infeasible.mps: infeasible, certified"


def test_the_keyboard_is_enough(visit: Any, fake: Any) -> None:
    fake.solution = [6.0, 4.0]
    press = visit.page.keyboard.press
    press("Tab")
    assert visit.page.evaluate("document.activeElement.id") == "file"
    press("Tab")
    press("Enter")
    visit.wait_for("optimal.mps")
    assert visit.page.query_selector("th") is None
    visit.page.focus("#solution")
    press("Space")
    visit.page.wait_for_selector("th")
    assert visit.text(".box").split() == ["TABLES", "6", "CHAIRS", "4"]
    visit.page.focus("summary")
    press("Enter")
    visit.page.wait_for_selector("#raw:visible")
    assert "solution=true" in visit.text("#curl")


def test_a_file_may_be_dropped_anywhere(visit: Any, lp: bytes) -> None:
    dropped = visit.page.evaluate_handle(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.mps"));
            return transfer;
        }""",
        lp.decode(),
    )
    visit.page.dispatch_event("footer", "dragover", {"dataTransfer": dropped})
    assert visit.page.query_selector("#drop.over")
    visit.page.dispatch_event("footer", "drop", {"dataTransfer": dropped})
    visit.wait_for("dropped.mps")
    assert visit.page.query_selector("#drop.over") is None
    assert visit.fact("instance").startswith("TINY")


def test_the_answer_can_be_saved(visit: Any, lp: bytes) -> None:
    visit.choose("tiny.mps", lp)
    visit.page.click("summary")
    with visit.page.expect_download() as download:
        visit.page.click("#save")
    assert download.value.suggested_filename == "answer.json"
    assert json.loads(Path(download.value.path()).read_bytes()) == visit.json()


def test_a_server_that_has_gone_is_said_to_be_gone(visit: Any, server: Any, lp: bytes) -> None:
    server.stop()
    visit.choose("tiny.mps", lp)
    assert "The server cannot be reached" in visit.text("#shown")


def test_it_fits_a_phone(visits: Callable[..., Any]) -> None:
    visit = visits(viewport={"width": 320, "height": 640}, color_scheme="dark")
    visit.page.click('[data-example="unbounded.mps"]')
    visit.wait_for("unbounded.mps")
    top = visit.page.evaluate("document.querySelector('.verdict').getBoundingClientRect().top")
    assert 0 <= top < 640
    visit.page.click("summary")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_script_it_says_how_to_ask(visits: Callable[..., Any]) -> None:
    visit = visits(java_script_enabled=False)
    assert "curl --data-binary" in visit.text("main")
    assert not visit.page.is_visible("#drop")
    assert not visit.page.is_visible("button")


def odd_integers() -> bytes:
    """x − y = 0.5 in integers: the network's word is all there is."""
    document = {
        "sense": "minimize",
        "objective": {"coefficients": [1, 1]},
        "constraints": {
            "matrix": {"start": [0, 2], "index": [0, 1], "value": [1, -1]},
            "lower": [0.5],
            "upper": [0.5],
        },
        "variables": {"lower": [None, None], "upper": [None, None], "integer": [True, True]},
    }
    return json.dumps(document).encode()


def test_an_answer_that_cannot_be_drawn_is_said(visit: Any, lp: bytes) -> None:
    visit.page.route("**/v1/predict*", lambda route: route.fulfill(json={"verdict": "optimal"}))
    visit.choose("tiny.mps", lp)
    assert "The page could not draw the answer" in visit.text("#shown")
    assert visit.text("#answer") == "No answer"
    visit.complaints.clear()
