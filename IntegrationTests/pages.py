"""The dashboard in a headless Chromium that draws in three dimensions, for the tests of its panels."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clips import Clip
from phone import Phone, Player
from server import Server

DESKTOP = {"width": 1440, "height": 900}
# Software that draws in the place of a graphics card complains of itself.
GRAPHICS_COMPLAINTS = re.compile(
    r"GL Driver Message|GPU stall|[Ss]wift[Ss]hader|CONTEXT_LOST|WebGL2 not available|willReadFrequently")
# Of reading a picture back where software draws in place of a graphics card.
SOFTWARE_GRAPHICS = re.compile(r"GL Driver Message .*GPU stall due to ReadPixels")
NETWORK_COMPLAINTS = re.compile(r"Failed to load resource|WebSocket connection to .* failed|net::ERR_")


@pytest.fixture(scope="module")
def drawing_browser() -> Iterator[Browser]:
    executable = os.environ.get("WORLDSYSTEM_CHROMIUM") or shutil.which("chromium")
    assert executable, "no chromium; install Debian's package"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[
            "--no-sandbox", "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required"])
        yield browser
        browser.close()


@pytest.fixture
def open_dashboard(drawing_browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own. At the end the console must hold no error, nor a violated policy."""
    contexts, complaints, allowed = [], [], [GRAPHICS_COMPLAINTS]

    def open_one(url: str, *, allow: re.Pattern | None = None, script: str | None = None, **options) -> Page:
        context = drawing_browser.new_context(**({"viewport": DESKTOP} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if allow:
            allowed.append(allow)
        if script:
            page.add_init_script(script)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(f"{error}\n{error.stack}"))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    unexpected = [text for text in complaints if not any(pattern.search(text) for pattern in allowed)]
    assert unexpected == [], unexpected


@pytest.fixture
def page(server, open_dashboard) -> Page:
    """A page of a server without streams, for tests that put something of their own into it."""
    page = open_dashboard(server.url)
    # What comes later would take the place of that.
    page.wait_for_selector("#stage")
    return page


@contextmanager
def publishing(server: Server, clip: Clip, token: str | None = None) -> Iterator[Player]:
    """A phone that plays the clip over and over."""
    with Phone(server.ws_url, token=token) as phone, Player(phone, clip) as player:
        yield player
        assert player.error is None, player.error


def wait_playing(page: Page) -> None:
    expect(page.locator("#stage")).to_have_attribute("data-state", "playing", timeout=20_000)
