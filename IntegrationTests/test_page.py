"""The page in a real headless Chromium: what people see, and that it mends itself."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from clips import Clip, count_frames
from pages import SOFTWARE_GRAPHICS
from phone import Phone, Player
from server import TOKENS, Server, wait_until

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
VIEW_TOKEN, PUBLISH_TOKEN = TOKENS["view"], TOKENS["publish"]
# What the browser itself says when a server is away or refuses; the tests that cause it allow it.
NETWORK_COMPLAINTS = re.compile(r"Failed to load resource|WebSocket connection to .* failed|net::ERR_")

# Mean brightness of 16 × 9 fields of the live picture.
READ_PICTURE = """
() => {
  const picture = document.querySelector('#stage .picture');
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0, 16, 9);
  const { data } = context.getImageData(0, 0, 16, 9);
  return Array.from({ length: 144 }, (_, at) => (data[4 * at] + data[4 * at + 1] + data[4 * at + 2]) / 3);
}
"""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    executable = os.environ.get("WORLDSYSTEM_CHROMIUM") or shutil.which("chromium")
    assert executable, "no chromium; install Debian's package"
    browser = playwright.chromium.launch(
        executable_path=executable, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"])
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own. At the end the console must hold no error, nor a violated policy."""
    contexts, complaints, allowed = [], [], [SOFTWARE_GRAPHICS]

    def open_one(url: str, *, allow: re.Pattern | None = None, viewport: dict = DESKTOP, **options) -> Page:
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if allow:
            allowed.append(allow)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    unexpected = [text for text in complaints if not any(pattern.search(text) for pattern in allowed)]
    assert unexpected == []


@contextmanager
def publishing(server: Server, clip: Clip, stream: str | None = None, token: str | None = None) -> Iterator[Player]:
    """A phone that plays the clip over and over."""
    with Phone(server.ws_url, stream, token=token) as phone, Player(phone, clip) as player:
        yield player
        assert player.error is None, player.error


@pytest.fixture
def flight(make_clip) -> Clip:
    """Four seconds of 640×360 at 30 fps that never stand still."""
    return make_clip(size="640x360", seconds=4, gop=30)


def stat(page: Page, name: str) -> str:
    return page.locator(f'#overlay [data-stat="{name}"]').text_content()


def wait_playing(page: Page) -> None:
    expect(page.locator("#stage")).to_have_attribute("data-state", "playing", timeout=15_000)


def check_moving_picture(page: Page) -> None:
    """The picture shows something, and something else a moment later."""
    first = page.evaluate(READ_PICTURE)
    assert max(first) - min(first) > 40, f"the picture is uniform: {min(first)} to {max(first)}"
    page.wait_for_timeout(600)
    second = page.evaluate(READ_PICTURE)
    change = sum(abs(a - b) for a, b in zip(first, second)) / len(first)
    assert change > 1, f"the picture stands still: mean change {change}"


def age_millis(page: Page) -> int:
    """The frame age that is shown, once there is one."""
    wait_until(lambda: re.search(r"\d+ ms", stat(page, "age")), what="a frame age")
    return int(re.search(r"(\d+) ms", stat(page, "age"))[1])


def test_live_picture_moves_and_is_measured(server, flight, open_page):
    with publishing(server, flight):
        page = open_page(server.url)
        wait_playing(page)
        check_moving_picture(page)
        assert stat(page, "decoder") == "WebCodecs"
        assert stat(page, "resolution") == "640 × 360"
        assert stat(page, "codec") == server.stream()["codec"]
        wait_until(lambda: stat(page, "consumers") == "1", what="one viewer")
        # Capture, network, relay, decoding and drawing on one machine; software decoding on a busy one takes its time.
        assert 0 <= age_millis(page) < 1000
        wait_until(lambda: re.fullmatch(r"(2[5-9]|3[0-3]) fps", stat(page, "fps")), what="about 30 fps")
        megabits = 8 * len(flight.annexb) / flight.duration_us
        shown = float(stat(page, "bandwidth").split()[0])
        assert 0.5 * megabits < shown < 1.6 * megabits + 0.1, f"shown {shown}, sent {megabits:.2f} Mb/s"
        expect(page.locator("#version")).to_contain_text(server.json("/api/server")["version"])


def test_frame_age_is_right_for_senders_that_count_from_zero(server, flight, open_page):
    with Phone(server.ws_url) as phone:
        phone.send_parameter_sets(flight)
        page = open_page(server.url)
        started = time.monotonic()
        while time.monotonic() - started < 4:
            index = int((time.monotonic() - started) * 30)
            unit = flight.units[index % len(flight.units)]
            phone.send_unit(unit, index * 33_333)
            page.wait_for_timeout(max(0, (started + (index + 1) / 30 - time.monotonic()) * 1000))
        assert 0 <= age_millis(page) < 1000


def test_joining_a_long_group_catches_up_at_once(server, make_clip, open_page):
    clip = make_clip(size="640x360", seconds=12, gop=360)
    with publishing(server, clip) as player:
        wait_until(lambda: len(player.sent) > 210, what="seven seconds into the group")
        page = open_page(server.url)
        wait_playing(page)
        wait_until(lambda: age_millis(page) < 1000, 4, "the present, before the next key frame")
        assert len(player.sent) < 360, "a key frame came before the picture: this shows nothing"
        check_moving_picture(page)


def test_streams_are_listed_and_chosen(server, make_clip, flight, open_page):
    other = make_clip(size="480x270", seconds=4)
    with publishing(server, flight), publishing(server, other, "second"):
        page = open_page(server.url)
        wait_playing(page)
        rows = page.locator("#streams [data-stream]")
        expect(rows).to_have_count(2)
        expect(page.locator('#streams [data-stream="drone"] a')).to_have_attribute("aria-current", "true")
        page.locator('#streams [data-stream="second"] a').click()
        expect(page).to_have_url(re.compile(r"#/live/second$"))
        expect(page.locator('#streams [data-stream="second"] a')).to_have_attribute("aria-current", "true")
        wait_until(lambda: stat(page, "resolution") == "480 × 270", what="the second stream's picture")
        expect(page).to_have_title("second, live – WorldSystem")
        page.locator('#streams [data-stream="drone"] a').focus()
        page.keyboard.press("Enter")
        wait_until(lambda: stat(page, "resolution") == "640 × 360", what="the first stream's picture, by keyboard")


def test_what_is_looked_for_is_shown_and_chosen(make_server, flight, open_page):
    server = make_server(command="up", environment={"WORLDSYSTEM_DETECT": "true"})
    with publishing(server, flight):
        page = open_page(server.url)
        wait_playing(page)
        panel, facts = page.locator("#detection"), page.locator("#detection-facts")
        expect(panel.locator("select")).to_have_value("motion")
        expect(facts).to_contain_text("ms a frame")
        objects = page.get_by_role("button", name="Objects (O)")
        expect(objects).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("o")
        expect(objects).to_have_attribute("aria-pressed", "false")
        panel.locator("select").select_option("none")
        panel.get_by_role("button", name="Apply").click()
        expect(facts).to_have_text("Nobody looks for objects.")
        expect(objects).to_be_hidden()
        assert server.json("/api/detection")["mode"] == "none"
        panel.locator("select").select_option("motion")
        panel.get_by_role("button", name="Apply").click()
        expect(facts).to_contain_text("ms a frame")


def test_no_panel_where_nobody_looks_for_objects(server, flight, open_page):
    with publishing(server, flight):
        page = open_page(server.url)
        wait_playing(page)
        expect(page.locator("#detection")).to_be_hidden()
        expect(page.get_by_role("button", name="Objects (O)")).to_be_hidden()


def test_waits_for_a_publisher_and_shows_it_at_once(make_server, flight, open_page):
    server = make_server(settings={"server": {"grace_seconds": 1}})
    page = open_page(server.url)
    expect(page.locator("#stage-message")).to_contain_text("Waiting for a publisher")
    with publishing(server, flight):
        wait_playing(page)
        check_moving_picture(page)
    expect(page.locator("#stage")).to_have_attribute("data-state", "waiting")
    expect(page.locator("#stage-message")).to_contain_text("publisher is gone")
    page.wait_for_timeout(2000)  # Past the grace period: the server has let its viewers go.
    with publishing(server, flight):
        wait_playing(page)


def test_resolution_change_shows(server, make_clip, flight, open_page):
    large = make_clip(size="960x540", seconds=3)
    page = open_page(server.url)
    with Phone(server.ws_url) as phone:
        with Player(phone, flight):
            wait_until(lambda: stat(page, "resolution") == "640 × 360", what="the first size")
        with Player(phone, large):
            wait_until(lambda: stat(page, "resolution") == "960 × 540", what="the second size")
            check_moving_picture(page)


def test_media_source_fallback_plays(server, make_clip, flight, open_page):
    large = make_clip(size="960x540", seconds=3)
    with Phone(server.ws_url) as phone:
        with Player(phone, flight):
            page = open_page(server.url + "/?player=mse")
            wait_playing(page)
            check_moving_picture(page)
            assert stat(page, "decoder") == "Media Source"
            assert 0 <= age_millis(page) < 3000
            wait_until(lambda: re.fullmatch(r"(2[0-9]|3[0-9]) fps", stat(page, "fps")), what="about 30 fps")
        with Player(phone, large):
            wait_until(lambda: stat(page, "resolution") == "960 × 540", what="a new initialization segment is played")
            check_moving_picture(page)


def test_media_source_takes_over_where_webcodecs_is_missing(server, flight, browser):
    # As on an origin that is not secure: plain http to another machine.
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script("delete globalThis.VideoDecoder")
    page = context.new_page()
    with publishing(server, flight):
        page.goto(server.url)
        wait_playing(page)
        assert stat(page, "decoder") == "Media Source"
    context.close()


def test_says_that_the_server_is_lost_and_recovers(server, flight, open_page):
    page = open_page(server.url, allow=NETWORK_COMPLAINTS)
    with publishing(server, flight):
        wait_playing(page)
    server.stop()
    expect(page.locator("#banner")).to_be_visible(timeout=10_000)
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(page.locator("#link-state")).to_have_attribute("data-state", "lost")
    expect(page.locator("#stage-message")).to_contain_text("Server lost")
    server.start()
    with publishing(server, flight):
        expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
        wait_playing(page)
        check_moving_picture(page)


def test_asks_for_the_token_and_keeps_it_for_the_tab(guarded, flight, open_page):
    with publishing(guarded, flight, token=PUBLISH_TOKEN):
        page = open_page(guarded.url, allow=NETWORK_COMPLAINTS)
        dialog = page.locator("#sign-in")
        expect(dialog).to_be_visible()
        page.get_by_role("textbox", name="Token").fill("wrong-token-0000001")
        page.get_by_role("button", name="Watch").click()
        expect(page.locator("#sign-in-error")).to_contain_text("Not with this token")
        page.get_by_role("textbox", name="Token").fill(PUBLISH_TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-error")).to_contain_text("view")
        page.get_by_role("textbox", name="Token").fill(VIEW_TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        wait_playing(page)
        page.reload()
        wait_playing(page)
        page.get_by_role("button", name="Sign out").click()
        expect(dialog).to_be_visible()


@pytest.mark.parametrize("address", ["/#token={}", "/?token={}", "/?token={}#/live/drone"])
def test_takes_the_token_out_of_the_address(guarded, flight, open_page, address):
    with publishing(guarded, flight, token=PUBLISH_TOKEN):
        page = open_page(guarded.url + address.format(VIEW_TOKEN))
        wait_playing(page)
        assert "token" not in page.url


@pytest.mark.parametrize("path", ["/", "/#/recordings", "/?player=mse"])
def test_fits_a_phone(server, flight, open_page, path):
    with publishing(server, flight):
        page = open_page(server.url + path, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
        if "recordings" not in path:
            wait_playing(page)
        page.wait_for_timeout(300)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow == 0
        for target in page.locator("button:visible, .tab:visible").all():
            box = target.bounding_box()
            assert min(box["width"], box["height"]) >= 32, f"too small to tap: {target} {box}"


def brightness(page: Page) -> float:
    """Of the page's ground, 0 to 255."""
    channels = re.findall(r"[\d.]+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    return sum(map(float, channels)) / 3


def test_follows_the_system_theme_and_can_be_switched(server, open_page):
    dark = open_page(server.url, color_scheme="dark")
    light = open_page(server.url, color_scheme="light")
    assert brightness(dark) < 40 < 215 < brightness(light)
    dark.get_by_role("button", name="Switch to light theme").click()
    assert brightness(dark) > 215
    dark.reload()
    assert brightness(dark) > 215
    dark.get_by_role("button", name="Switch to dark theme").click()
    assert brightness(dark) < 40


def test_keyboard_reaches_everything(server, flight, open_page):
    with publishing(server, flight):
        page = open_page(server.url)
        wait_playing(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip-link"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        wait_playing(page)
        names = set()
        for _ in range(12):
            page.keyboard.press("Tab")
            names.add(page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"))
        assert {"Measurements (I)", "Full screen (F)"} <= names
        page.keyboard.press("i")
        expect(page.locator("#overlay")).to_be_hidden()


def test_recordings_play_and_download(make_server, flight, open_page, tmp_path):
    server = make_server(command="up", settings={"server": {"grace_seconds": 1}})
    with publishing(server, flight):
        wait_until(lambda: server.json("/api/recordings")["recordings"], what="a recording begins")
        time.sleep(4)

    def finished() -> list[dict]:
        return [each for each in server.json("/api/recordings")["recordings"] if not each["active"]]

    wait_until(finished, 20, "the recording is finished")
    [recording] = finished()
    page = open_page(server.url + "/#/recordings")
    card = page.locator(f'#recordings [data-recording="{recording["id"]}"]')
    expect(card).to_contain_text("drone")
    expect(card.locator("img")).to_be_visible()
    assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    card.click()
    video = page.locator("#playback")
    expect(video).to_be_visible()
    video.evaluate("video => { video.muted = true; return video.play(); }")
    wait_until(lambda: video.evaluate("video => video.currentTime") > 1, what="playback runs")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [640, 360]
    video.evaluate("video => { video.currentTime = 0.5; }")
    wait_until(lambda: 0.5 <= video.evaluate("video => video.currentTime") < 3, what="playback was moved")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    assert download.value.suggested_filename == f'{recording["id"]}_{recording["files"][0]["name"]}'
    saved = tmp_path / "download.mp4"
    download.value.save_as(saved)
    assert saved.stat().st_size == recording["files"][0]["bytes"]
    frames, width, height = count_frames(saved.read_bytes(), "mp4")
    assert (width, height) == (640, 360) and frames == recording["total_frames"]


def test_assets_are_cached_by_their_content(server):
    page = server.get("/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    tag = page.headers["etag"]
    again = server.get("/", headers={"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert server.get("/js/main.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert server.get("/js/nothing.js").status == 404
    assert server.get("/../Package.swift").status in (400, 404)
