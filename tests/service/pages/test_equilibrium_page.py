"""The page for games in a real browser: what a person sees and does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from service.settings import Settings
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network

SIDE, PAIRS = 3, 2


@pytest.fixture
def games(settings: Settings) -> None:
    """`a-duel`, of four actions, and `a-town`, of nine crossings, untrained networks."""
    torch.manual_seed(0)
    weights = MatrixGame.draw_game(4, 2, seed=3).weights
    box = np.array([-5.0, 10.0]), np.array([5.0, 30.0])
    duel = SkewNetwork(MatrixGame(4, 2, weights, context_box=box), hidden=4)
    town = LatencyNetwork(draw_city(SIDE, PAIRS, 1, seed=2), hidden=4)
    for name, network in (("a-duel", duel), ("a-town", town)):
        card = {"name": name, "version": "1"}
        save_equilibrium_network(settings.models / name / "1", network, card)


@pytest.fixture
def visit(games: None, visits: Callable[..., Any]) -> Any:
    """The page, once it knows which games there are."""
    opened = visits("equilibrium")
    opened.page.wait_for_selector('#model option[value="a-town"]', state="attached")
    return opened


def ask(visit: Any, game: str, says: str) -> None:
    visit.page.select_option("#model", game)
    visit.page.click('button[type="submit"]')
    visit.page.wait_for_selector(f'#status:has-text("{says}")')


def test_a_strategy_as_bars(visit: Any) -> None:
    ask(visit, "a-duel", "predicted, exploitability at most")
    found = visit.json()
    assert found["model"]["name"] == "a-duel"
    widths = visit.page.eval_on_selector_all(
        ".strategy i", "all => all.map(one => parseFloat(one.style.width))"
    )
    np.testing.assert_allclose(widths, 100 * np.array(found["equilibrium"][0]), atol=1e-3)
    assert not visit.page.is_visible("#whose")
    assert "curl -d" in (visit.page.text_content("#curl") or "")


def test_flows_on_a_map_of_all_pairs_and_of_one(visit: Any) -> None:
    visit.page.fill("#gap", "1e-3")
    ask(visit, "a-town", "relative Wardrop gap at most")
    found = visit.json()
    assert found["gap"][0] <= 1e-3
    flows = np.array(found["equilibrium"][0]).reshape(found["equilibrium_shape"])
    assert len(visit.page.query_selector_all(".flows circle")) == SIDE**2

    def used(flow: np.ndarray) -> int:
        return int((flow >= 1e-3 * flow.max()).sum())

    assert len(visit.page.query_selector_all(".flows polygon")) == used(flows.sum(axis=0))
    visit.page.select_option("#pair", "1")
    assert len(visit.page.query_selector_all(".flows polygon")) == used(flows[1])
    assert len(visit.page.query_selector_all(".flows circle.end")) == 2
    labels = [label.inner_text().split("\n")[0] for label in visit.page.query_selector_all("#context label")]
    assert labels[0].startswith("demand ")
    assert any(label.startswith("weather") for label in labels)


def test_another_context_is_asked_at_once(visit: Any) -> None:
    visit.page.select_option("#model", "a-duel")
    visit.page.click("#draw")
    visit.page.wait_for_selector('#status:has-text("exploitability at most")')
    asked = json.loads((visit.page.text_content("#curl") or "").split("'")[1])
    values = visit.page.eval_on_selector_all("#context input", "all => all.map(one => Number(one.value))")
    assert asked["contexts"] == values
    said = visit.page.eval_on_selector_all("#context output", "all => all.map(one => Number(one.value))")
    assert said == values


def test_sliders_have_the_games_own_box(visit: Any, games: None) -> None:
    def sliders(game: str) -> list[list[float]]:
        visit.page.select_option("#model", game)
        found: list[list[float]] = visit.page.eval_on_selector_all(
            "#context input", "all => all.map(one => [one.min, one.max, one.value].map(Number))"
        )
        return found

    assert sliders("a-duel") == [[-5, 5, 0], [10, 30, 20]]
    assert sliders("a-town") == [[0.5, 1.5, 1]] * PAIRS + [[0, 1, 0]] * 2


def test_what_is_not_proved_has_no_tick(visit: Any) -> None:
    visit.page.fill("#gap", "1e-300")
    ask(visit, "a-town", "solved, relative Wardrop gap at most")
    assert visit.text(".badge") == "solved, not to the gap"
    assert "a gap of 1e-300 is not proved for 1 of 1" in visit.text("#shown")


def test_numbers_of_a_context_are_named_and_explained(visit: Any) -> None:
    visit.page.select_option("#model", "a-duel")
    labels = [label.inner_text().split("\n")[0] for label in visit.page.query_selector_all("#context label")]
    assert labels == ["d1", "d2"]
    visit.page.select_option("#model", "a-town")
    assert "0 is fine, 1 the worst" in visit.text("#meaning")


def test_of_a_game_that_is_not_known_nothing_is_claimed(
    settings: Settings, visits: Callable[..., Any]
) -> None:
    network = SkewNetwork(MatrixGame(4, 2), hidden=4)
    save_equilibrium_network(settings.models / "b-duel" / "1", network, {"name": "b-duel", "version": "1"})
    visit = visits("equilibrium")
    visit.page.wait_for_selector('#model option[value="b-duel"]', state="attached")
    ask(visit, "b-duel", "predicted, exploitability not known")
    assert "at most" not in visit.text("#shown")
    assert visit.text(".verdict").endswith("exploitability not known")


def test_an_answer_that_cannot_be_drawn_is_said(visit: Any) -> None:
    visit.page.route("**/v1/equilibrium", lambda route: route.fulfill(json={"another": "version"}))
    ask(visit, "a-duel", "The page could not draw the answer")
    assert "Reload it." in visit.text("#shown")
    visit.complaints.clear()


def test_what_is_wrong_is_said(visit: Any) -> None:
    visit.page.fill("#gap", "small")
    visit.page.click('button[type="submit"]')
    visit.page.wait_for_selector('#shown:has-text("gap: “small” is not a number")')
    assert not visit.page.is_visible("#source")
    visit.page.fill("#gap", "-1")
    visit.page.click('button[type="submit"]')
    visit.page.wait_for_selector('#shown:has-text("gap: a positive number")')
    assert json.loads(visit.page.text_content("#raw"))["status"] == 422


def test_it_fits_a_phone(games: None, visits: Callable[..., Any]) -> None:
    visit = visits("equilibrium", viewport={"width": 320, "height": 640}, color_scheme="dark")
    visit.page.wait_for_selector('#model option[value="a-town"]', state="attached")
    ask(visit, "a-town", "at most")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_script_it_says_how_to_ask(visits: Callable[..., Any]) -> None:
    visit = visits("equilibrium", java_script_enabled=False)
    assert "curl -d" in visit.text("main")
    assert not visit.page.is_visible("#form")
