"""A real browser that asks a real server.

Every test that opens a page also holds that nothing is requested from another host, and that the browser
complains of nothing but refused questions.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from service.http.app import create_app
from service.http.engine import Engine
from service.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
PATIENCE = 10.0
ASKED = ("/v1/predict", "/v1/sparse-recovery", "/v1/reconstruct", "/v1/equilibrium")
"""Addresses that may refuse a question."""


class Server:
    """The app on a free port, in a thread of its own."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        config = uvicorn.Config(create_app(settings, engine), port=0, log_level="warning", http="h11")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> str:
        """Its address, once it answers."""
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while not self._server.started:
            assert self._thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        host, port = self._server.servers[0].sockets[0].getsockname()
        return f"http://{host}:{port}/"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)


class Visit:
    """The page, opened, and what the browser requested and complained of since."""

    def __init__(self, page: Page, address: str, at: str = "") -> None:
        self.page, self.address = page, address
        self.requested: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address + at)

    def choose(self, name: str, content: bytes) -> None:
        self.page.set_input_files("#file", {"name": name, "mimeType": "", "buffer": content})
        self.wait_for(name)

    def wait_for(self, name: str) -> None:
        """Wait for what is said of that file."""
        self.page.wait_for_selector(f'#drop:not([aria-busy]) ~ #status:has-text("{name}: ")')

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def fact(self, name: str) -> str:
        """What stands beside a name in the answer's lists."""
        return self.text(f'dt:text-is("{name}") + dd')

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.page.text_content("#raw") or "")
        return document

    def foreign(self) -> list[str]:
        own = (self.address, f"blob:{self.address}")
        return [url for url in self.requested if not url.startswith(own)]

    def _note(self, message: ConsoleMessage) -> None:
        asked = any(address in message.location["url"] for address in ASKED)
        ours = asked or "CONNECTION_REFUSED" in message.text
        refused = "Failed to load resource" in message.text and ours
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of these browsers is installed: {', '.join(BROWSERS)}")
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def server(settings: Settings, fake: Any, make_engine: Callable[..., Engine]) -> Iterator[Server]:
    made = Server(settings, make_engine(settings, fake))
    yield made
    made.stop()


@pytest.fixture
def visits(browser: Browser, server: Server) -> Iterator[Callable[..., Visit]]:
    """Opens the page at an address; other arguments are the browser context's (screen, script, ...)."""
    opened: list[Visit] = []

    def open_page(at: str = "", **context: Any) -> Visit:
        opened.append(Visit(browser.new_context(**context).new_page(), server.start(), at))
        return opened[-1]

    yield open_page
    for visit in opened:
        visit.page.context.close()
        assert visit.foreign() == []
        assert visit.complaints == []


@pytest.fixture
def visit(visits: Callable[..., Visit]) -> Visit:
    return visits()
