"""The page for people and the API's documentation: served whole, from this host alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from graphs.readers import read_file
from service.http.equilibrium_shapes import EquilibriumAnswerShape
from service.http.reconstruction_shapes import ReconstructionAnswerShape, ReconstructionResultShape
from service.http.schemas import ProblemShape
from service.http.site import EXAMPLES, PAGES
from service.http.sparse_shapes import SparseAnswerShape, SparseDictionaryShape, SparseModelShape
from solvers.linear.trivial import interval_verdict


class Links(HTMLParser):
    """Collects what a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def links(text: str) -> list[str]:
    parser = Links()
    parser.feed(text)
    return parser.found


def scripts() -> str:
    return "".join(file.read_text() for file in sorted(PAGES.glob("*.js")))


@pytest.mark.parametrize(
    ("page", "script"),
    [
        ("/", "pages/page.js"),
        ("/sparse", "pages/sparse.js"),
        ("/reconstruct", "pages/reconstruct.js"),
        ("/equilibrium", "pages/equilibrium.js"),
    ],
)
def test_the_pages_and_everything_they_name_are_served(api: Any, page: str, script: str) -> None:
    reply = api.get(page)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in reply.headers["content-security-policy"]
    found = links(reply.text)
    assert {script, "pages/page.css", "docs"} <= set(found)
    for address in found:
        assert api.get(f"/{address.removeprefix('./')}").status_code == 200, address


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.html")))
def test_the_pages_work_under_their_own_policy(page: str) -> None:
    html = (PAGES / page).read_text()
    assert not re.search(r"\son\w+=|style=|<style|javascript:", html)
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", scripts())


@pytest.mark.parametrize("file", sorted(path.name for path in PAGES.iterdir() if path.is_file()))
def test_nothing_comes_from_another_host(file: str) -> None:
    text = (PAGES / file).read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(\s*//|src=\"//", text)


def test_the_documentation_comes_from_this_host(api: Any) -> None:
    reply = api.get("/docs")
    assert reply.status_code == 200
    found = links(reply.text) + re.findall(r"url: '([^']*)'", reply.text)
    assert "/openapi.json" in found
    for address in found:
        assert address.startswith("/")
        assert not address.startswith("//")
        assert api.get(address).status_code == 200, address


@pytest.mark.parametrize(
    "address", ["/", "/sparse", "/reconstruct", "/equilibrium", "/pages/page.js", "/docs"]
)
def test_no_page_names_another_host(api: Any, address: str) -> None:
    text = api.get(address).text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|[\"'(]//", text)


def test_the_documentation_asks_no_validator(api: Any) -> None:
    assert '"validatorUrl": null' in api.get("/docs").text


@pytest.mark.parametrize("address", ["/", "/pages/page.js"])
def test_browsers_keep_the_page_and_ask_whether_it_is_new(api: Any, address: str) -> None:
    first = api.get(address)
    assert first.headers["cache-control"] == "no-cache"
    again = api.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get(address, headers={"If-None-Match": '"old"'}).status_code == 200
    head = api.run(api.http.head(address))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))


def test_every_example_button_has_its_file(api: Any) -> None:
    named = re.findall(r'data-example="([^"]+)"', (PAGES / "index.html").read_text())
    assert sorted(named) == sorted(path.name for path in EXAMPLES.iterdir())
    for name in named:
        assert api.post("/v1/predict", api.get(f"/pages/examples/{name}").content, None).status_code == 200


def test_the_examples_are_what_their_names_say() -> None:
    assert interval_verdict(read_file(EXAMPLES / "infeasible.mps")) == "infeasible"
    knapsack = read_file(EXAMPLES / "knapsack.json")
    assert knapsack.integers == knapsack.columns == 4
    assert knapsack.maximize


def test_the_script_reads_only_members_that_answers_have(api: Any, lp: bytes) -> None:
    script = "".join((PAGES / name).read_text() for name in ("page.js", "rendering.js"))
    answer = api.post("/v1/predict?solution=true", lp).json()
    for name in re.findall(r"\banswer\.(\w+)", script):
        assert name in answer
    for name in re.findall(r"\bcertificate\.(\w+)", script):
        assert name in answer["certificate"]
    for name in re.findall(r"\bsize\.(\w+)", script):
        assert name in answer["instance"]
    for name in re.findall(r"\bproblem\.(\w+)", script):
        assert name in ProblemShape.model_fields


def test_the_sparse_page_reads_only_members_that_codes_have(api: Any) -> None:
    script = "".join((PAGES / name).read_text() for name in ("sparse.js", "stems.js"))
    for parts, names in (
        ("codes", SparseAnswerShape),
        ("model", SparseModelShape),
        ("dictionary", SparseDictionaryShape),
    ):
        found = set(re.findall(rf"\b{parts}\.(\w+)", script))
        assert found
        assert found <= set(names.model_fields)
    listed = {entry["name"] for entry in api.get("/v1/models").json()["models"]}
    assert set(re.findall(r'BUNDLED = "([^"]+)"', script)) <= listed


def test_the_pages_of_pictures_and_games_read_only_members_that_answers_have() -> None:
    for files, parts in (
        (
            ("reconstruct.js", "reconstruct-answers.js"),
            {"answer": ReconstructionAnswerShape, "result": ReconstructionResultShape},
        ),
        (("equilibrium.js", "equilibrium-answers.js"), {"answer": EquilibriumAnswerShape}),
    ):
        script = "".join((PAGES / name).read_text() for name in files)
        for part, shape in parts.items():
            found = set(re.findall(rf"\b{part}\??\.(\w+)", script))
            assert found
            assert found <= set(shape.model_fields)


def test_every_picture_to_try_is_drawn() -> None:
    named = re.findall(r'data-picture="([^"]+)"', (PAGES / "reconstruct.html").read_text())
    script = (PAGES / "reconstruct-pictures.js").read_text()
    assert re.findall(r"PICTURES = {([^}]*)}", script)[0].replace(" ", "").split(",") == named
