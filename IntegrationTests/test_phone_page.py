"""The page that makes a phone the camera, in a real headless Chromium with a fake camera, end to end."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from consumer import KEY_FRAME, Consumer
from server import TOKENS, Server, unused_port, wait_until
from telemetry import Viewer

PHONE = {"width": 390, "height": 844}
PLACE = {"latitude": 48.1, "longitude": 11.6}
# What the browser itself says when a server is away.
NETWORK_COMPLAINTS = re.compile(r"WebSocket connection to .* failed|net::ERR_")
# A phone that is turned about its axes, one event every 20 ms.
SHAKE = """
() => setInterval(() => dispatchEvent(new DeviceMotionEvent('devicemotion', {
  accelerationIncludingGravity: { x: 0.1, y: 9.7, z: 0.5 }, acceleration: { x: 0, y: 0, z: 0 },
  rotationRate: { alpha: 90, beta: -45, gamma: 180 }, interval: 20,
})), 20)
"""


@pytest.fixture(scope="module")
def phone_browser() -> Iterator[Browser]:
    executable = os.environ.get("WORLDSYSTEM_CHROMIUM") or shutil.which("chromium")
    assert executable, "no chromium; install Debian's package"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
        yield browser
        browser.close()


@pytest.fixture
def open_phone(phone_browser: Browser) -> Iterator:
    """Opens the phone page of a server. At the end the console must hold no error that was not expected."""
    contexts, complaints = [], []

    def open_one(url: str, **options) -> Page:
        granted = ["camera", "geolocation", "accelerometer", "gyroscope"]
        options = {"permissions": granted, "geolocation": PLACE, "viewport": PHONE} | options
        context = phone_browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [text for text in complaints if not NETWORK_COMPLAINTS.search(text)] == []


def start(page: Page, size: str = "640x480") -> None:
    page.locator("#size").select_option(size)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_have_text("Live", timeout=20_000)


def pictures(server: Server, stream: str = "drone", token: str | None = None) -> int:
    """Pictures that a stream has relayed."""
    known = server.stream(stream, token)
    return known["frames_relayed"] if known else 0


def test_a_fake_camera_arrives_as_video_that_decodes(server, open_phone, tmp_path):
    page = open_phone(f"{server.url}/phone")
    with Consumer(server.ws_url, format="packets") as consumer:
        start(page)
        consumer.wait_until(lambda _: len(consumer.frames) >= 75, 30, "75 pictures")
        frames = consumer.frames
    keys = [index for index, frame in enumerate(frames) if frame.kind == KEY_FRAME]
    times = [frame.timestamp_us for frame in frames]
    assert times == sorted(set(times)), "capture times rise"
    # A key frame each second of capture time, give or take a picture; and one when the connection opens.
    gaps = [(times[b] - times[a]) / 1e6 for a, b in zip(keys, keys[1:])]
    assert keys[0] == 0 and len(gaps) > 1 and gaps[0] < 1.2 and all(0.9 < gap < 1.2 for gap in gaps[1:]), gaps
    video = tmp_path / "camera.h264"
    video.write_bytes(b"".join(frame.payload for frame in frames))
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries",
         "stream=codec_name,width,height,has_b_frames,nb_read_frames", "-of", "json", str(video)],
        capture_output=True, text=True, check=True)
    stream = json.loads(probe.stdout)["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"], stream["has_b_frames"]) == ("h264", 640, 480, 0)
    assert int(stream["nb_read_frames"]) >= len(frames) - 1, "every picture decodes"
    assert probe.stderr == ""


def test_sensors_arrive_on_the_clock_of_the_pictures(server, open_phone):
    page = open_phone(f"{server.url}/phone")
    page.evaluate(SHAKE)
    with Viewer(server.ws_url) as viewer, Consumer(server.ws_url, format="packets") as consumer:
        start(page)
        moving = viewer.wait_for(lambda m: m["type"] == "imu_data" and "gyroscope" in m["imu_data"], 15)["imu_data"]
        phone = wait_until(lambda: [p for p in server.json("/api/phones")["phones"] if p.get("gps")], 15, "a place")[0]
        consumer.wait_until(lambda _: len(consumer.frames) >= 10, 20, "pictures")
        frame = consumer.frames[-1]
        latest = viewer.of_type("imu_data")[-1]["imu_data"]
    assert moving["accelerometer"] == {"x": 0.1, "y": 9.7, "z": 0.5}
    assert [moving["gyroscope"][axis] for axis in "xyz"] == pytest.approx([1.5708, -0.7854, 3.1416], abs=1e-3)
    assert {axis: phone["gps"][axis] for axis in PLACE} == PLACE
    assert abs(latest["timestamp"] / 1e9 - frame.timestamp_us / 1e6) < 2, "one clock"
    assert server.metric_sum("worldsystem_telemetry_rejected_total") == 0


def test_commands_of_viewers_show_and_switch_the_camera(server, open_phone):
    page = open_phone(f"{server.url}/phone")
    start(page)
    with Viewer(server.ws_url) as viewer:
        viewer.send('{"type":"movement","x":0.5,"y":-1}')
        expect(page.locator(".phone-commands li")).to_have_text("movement x 0.50 y -1.00")
        viewer.send('{"type":"camera","action":"off"}')
        expect(page.locator(".phone-stage")).to_have_attribute("data-camera", "off")
        viewer.send('{"type":"camera","action":"on"}')
        expect(page.locator(".phone-stage")).to_have_attribute("data-camera", "on")


def test_a_lost_server_gets_the_video_of_meanwhile(make_server, open_phone):
    port, rtsp = unused_port(), unused_port()
    first = make_server(port=port, rtsp_port=rtsp)
    page = open_phone(f"{first.url}/phone")
    start(page)
    wait_until(lambda: pictures(first) > 20, 20, "pictures arrive")
    first.stop()
    expect(page.get_by_role("status")).to_have_text("Connection lost")
    expect(page.get_by_role("alert")).to_contain_text("Video is kept and sent later")
    page.wait_for_timeout(3000)
    second = make_server(port=port, rtsp_port=rtsp)
    expect(page.get_by_role("status")).to_have_text("Live", timeout=15_000)
    back = time.monotonic()
    wait_until(lambda: pictures(second) > 75, 20, "what was kept arrives")
    # At 20 pictures a second these are nearly four seconds of video.
    assert time.monotonic() - back < 2, "the seconds without a server come at once"
    expect(page.get_by_role("alert")).not_to_contain_text("Video is kept")


def test_a_refused_camera_is_explained(server, open_phone):
    page = open_phone(f"{server.url}/phone", permissions=[])
    page.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    }""")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("The camera is not allowed.")
    expect(page.get_by_role("status")).to_have_text("Not sending")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_the_link_of_a_guarded_server_carries_the_token(guarded, open_phone):
    def link(token: str) -> dict:
        return guarded.json("/api/phone-link?stream=roof", token)

    steering, watching = link(TOKENS["control"]), link(TOKENS["view"])
    assert steering["url"] == f"{guarded.url}/phone?stream=roof#token={TOKENS['publish']}"
    assert watching["url"] == f"{guarded.url}/phone?stream=roof" and watching["asks_token"]
    assert TOKENS["publish"] not in json.dumps(watching)
    assert guarded.get("/api/phone-link").status == 401
    page = open_phone(steering["url"])
    start(page)
    assert "token" not in page.url
    wait_until(lambda: pictures(guarded, "roof", TOKENS["view"]) > 5, 20, "pictures arrive")


def test_over_the_self_signed_certificate(make_server, open_phone):
    server = make_server("--tls", "self-signed", tls=True)
    page = open_phone(f"{server.url}/phone", ignore_https_errors=True)
    start(page)
    wait_until(lambda: pictures(server) > 10, 20, "pictures arrive")


def test_the_dashboard_shows_the_code(server, open_phone):
    page = open_phone(f"{server.url}/")
    page.get_by_text("Use a phone as camera").click()
    expect(page.locator("#phone-link code")).to_have_text(f"{server.url}/phone?stream=drone")
    expect(page.locator("#phone-link")).to_contain_text("Only this machine reaches the server.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing reaches beyond the page"
