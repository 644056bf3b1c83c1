"""The page for pictures in a real browser: what a person sees and does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from service.picture_files import write_png
from service.settings import Settings
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.implicit.imaging.stored import save_reconstruction_network

SIDE = 24
OPERATOR = {"kind": "super-resolution", "factor": 4}


@pytest.fixture
def network(settings: Settings) -> None:
    """A network for the one operator that none of the bundled ones is for, as it is before training."""
    torch.manual_seed(0)
    shape = NetworkShape(mode="unrolled", depth=2, residual=ResidualShape(channels=4, dilations=(1, 1)))
    metrics = {"psnr": 30.0, "classical_psnr": 20.0}
    card = {"name": "sharp", "version": "1", "operator": OPERATOR, "data": {"source": "squares alone"}}
    card |= {"metrics": metrics}
    save_reconstruction_network(settings.models / "sharp" / "1", ReconstructionNetwork(shape), card)


@pytest.fixture
def visit(network: None, visits: Callable[..., Any]) -> Any:
    """The page, once it knows which operators there are."""
    return opened(visits)


def opened(visits: Callable[..., Any], **context: Any) -> Any:
    visit = visits("reconstruct", **context)
    visit.page.wait_for_selector("#parameters input")
    return visit


def picture() -> bytes:
    pixels = np.full((SIDE, SIDE), 0.2)
    pixels[6:16, 4:18] = 0.8
    return write_png(pixels)


def choose(visit: Any, name: str, content: bytes, media: str = "image/png") -> None:
    visit.page.set_input_files("#file", {"name": name, "mimeType": media, "buffer": content})


def ask(visit: Any, says: str = " dB") -> None:
    visit.page.click("#submit")
    wait(visit, says)


def wait(visit: Any, says: str) -> None:
    visit.page.wait_for_selector(f'#status:has-text("{says}")')


def captions(visit: Any) -> list[str]:
    return [caption.inner_text() for caption in visit.page.query_selector_all("figcaption")]


def asked(visit: Any) -> list[str]:
    return [url for url in visit.requested if "/v1/reconstruct" in url]


def levels(visit: Any, place: int) -> np.ndarray:
    """The grey levels of a picture that is shown."""
    found = visit.page.eval_on_selector_all(
        ".pictures canvas",
        "(all, place) => [...all[place].getContext('2d').getImageData(0, 0, all[place].width, "
        "all[place].height).data].filter((_, at) => at % 4 === 0)",
        place,
    )
    return np.array(found)


def test_a_picture_of_ones_own_by_every_method(visit: Any) -> None:
    visit.page.select_option("#kind", "super-resolution")
    assert visit.page.input_value("#operator-factor") == "4"
    assert visit.page.is_checked('#methods [value="network"]')
    assert "sharp (proximal, unrolled)" in (visit.page.text_content("#model") or "")
    assert "trained on squares alone" in visit.text("#trained")
    choose(visit, "square.png", picture())
    assert visit.text("#note") == "square.png is asked about."
    assert asked(visit) == []
    visit.page.check('#methods [value="plug-and-play"]')
    ask(visit)
    found = visit.json()
    assert [result["method"] for result in found["results"]] == [
        "zero-filled",
        "total-variation",
        "plug-and-play",
        "network",
    ]
    shown = captions(visit)
    assert [caption.split("\n")[0].removesuffix(" save") for caption in shown] == [
        "truth",
        "measurement",
        "classical inverse",
        "total variation",
        "plug and play",
        "network",
    ]
    for caption, result in zip(shown[2:], found["results"], strict=True):
        assert f"{result['psnr'][0]:.2f} dB, SSIM {result['ssim'][0]:.3f}" in caption
    truth = np.asarray(Image.open(io.BytesIO(picture())), dtype=float)
    np.testing.assert_array_equal(levels(visit, 0), truth.ravel())
    best = max(found["results"], key=lambda result: result["psnr"][0])
    assert f"{best['psnr'][0]:.2f} dB" in visit.text("tr.best")
    assert "Bold: the best PSNR" in visit.text("#shown")
    assert "sharp 1 was trained on: squares alone." in visit.text("main")
    assert visit.page.get_attribute(".measures a", "href") == "v1/models/sharp"
    assert "operator=super-resolution%3Afactor%3D4" in (visit.page.text_content("#curl") or "")
    labels = [canvas.get_attribute("aria-label") for canvas in visit.page.query_selector_all("canvas")]
    assert labels[0] == "truth"
    assert labels[5].startswith("network, PSNR ")


def test_differences_are_shown_four_times_as_strong(visit: Any) -> None:
    visit.page.select_option("#kind", "blur")
    choose(visit, "square.png", picture())
    visit.page.uncheck('#methods [value="total-variation"]')
    ask(visit)
    truth, image = levels(visit, 0), levels(visit, 2)
    visit.page.check("#difference")
    np.testing.assert_array_equal(levels(visit, 2), np.minimum(4 * np.abs(truth - image), 255))
    np.testing.assert_array_equal(levels(visit, 0), truth)
    assert len(asked(visit)) == 1


def test_examples_are_drawn_here_and_asked_at_once(visit: Any) -> None:
    visit.page.select_option("#kind", "inpainting")
    visit.page.fill("#operator-share_kept", "0.6")
    visit.page.fill("#operator-seed", "3")
    visit.page.fill("#noise-seed", "5")
    visit.page.uncheck('#methods [value="total-variation"]')
    for name in ("head", "town", "pond"):
        visit.page.click(f'[data-picture="{name}"]')
        visit.page.wait_for_selector(f'#curl:has-text("@{name}.png")', state="attached")
        found = visit.json()
        assert found["image_shape"] == [128, 128]
        assert found["operator"] == {"kind": "inpainting", "share_kept": 0.6, "seed": 3}
        assert found["seed"] == 5
        assert found["notes"] == []
        assert visit.page.get_attribute(f'[data-picture="{name}"]', "aria-pressed") == "true"
        assert len(np.unique(levels(visit, 0))) > 5


def test_it_begins_where_every_picture_is_sensible(visit: Any) -> None:
    assert visit.page.input_value("#kind") == "inpainting"
    assert visit.page.is_checked('#methods [value="total-variation"]')
    assert not visit.page.is_checked('#methods [value="network"]')
    assert "128 pixels" in visit.text("#kinds")


def test_an_old_error_is_gone_when_a_new_question_is_asked(visit: Any) -> None:
    visit.page.click("#submit")
    visit.page.wait_for_selector('#shown:has-text("There is no picture")')
    choose(visit, "square.png", picture())
    visit.page.route("**/v1/reconstruct*", lambda route: None)  # never answered
    visit.page.click("#submit")
    wait(visit, "Asking")
    assert not visit.page.is_visible("#result")


def test_an_answer_that_cannot_be_drawn_is_said(visit: Any) -> None:
    choose(visit, "square.png", picture())
    visit.page.route("**/v1/reconstruct*", lambda route: route.fulfill(json={"another": "version"}))
    visit.page.click("#submit")
    wait(visit, "The page could not draw the answer")
    assert "Reload it." in visit.text("#shown")
    visit.complaints.clear()


def test_a_kind_without_a_network_offers_none(visit: Any) -> None:
    visit.page.select_option("#kind", "tomography")
    assert "none for this degradation" in visit.text("#methods")
    assert visit.page.is_disabled('#methods [value="network"]')
    assert not visit.page.is_visible("#model")
    visit.page.fill("#operator-angles", "20")
    choose(visit, "square.png", picture())
    ask(visit)
    assert visit.json()["operator"] == {"kind": "tomography", "angles": 20}
    assert "certified" in visit.text(".measures")
    assert "only the truth tells" in visit.text("#shown")


def test_it_is_asked_by_keyboard(visit: Any) -> None:
    visit.page.focus('[data-picture="pond"]')
    visit.page.select_option("#kind", "blur")
    visit.page.focus('[data-picture="pond"]')
    visit.page.keyboard.press("Enter")
    wait(visit, " dB")
    assert visit.page.evaluate("document.activeElement.dataset.picture") == "pond"


def test_what_is_wrong_is_said(visit: Any) -> None:
    visit.page.select_option("#kind", "blur")
    visit.page.click("#submit")
    visit.page.wait_for_selector('#shown:has-text("There is no picture")')
    assert visit.text("#answer") == "No answer"
    assert not visit.page.is_visible("#source")
    choose(visit, "<b>notes</b>.txt", b"hello", "text/plain")
    assert visit.text("#note") == "<b>notes</b>.txt is no PNG or JPEG file."
    choose(visit, "square.png", picture())
    for box in visit.page.query_selector_all("#methods input:checked"):
        box.uncheck()
    visit.page.click("#submit")
    visit.page.wait_for_selector('#shown:has-text("No method is chosen")')
    assert asked(visit) == []


def test_what_the_server_refuses_is_said(visit: Any) -> None:
    visit.page.select_option("#kind", "blur")
    visit.page.eval_on_selector("#form", "form => { form.noValidate = true; }")
    choose(visit, "half.png", picture()[:70])
    ask(visit, "The file does not follow its format")
    assert "cut short" in visit.text("#shown")
    assert json.loads(visit.page.text_content("#raw"))["status"] == 400
    choose(visit, "square.png", picture())
    visit.page.fill("#operator-size", "4")
    ask(visit, "The forward operator is not valid")
    assert not visit.page.is_visible("#compare")


def test_it_fits_a_phone(network: None, visits: Callable[..., Any]) -> None:
    visit = opened(visits, viewport={"width": 320, "height": 640}, color_scheme="dark")
    visit.page.select_option("#kind", "blur")
    choose(visit, "square.png", picture())
    ask(visit)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_script_it_says_how_to_ask(visits: Callable[..., Any]) -> None:
    visit = visits("reconstruct", java_script_enabled=False)
    assert "curl --data-binary" in visit.text("main")
    assert not visit.page.is_visible("#form")
