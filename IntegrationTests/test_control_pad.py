"""The control pad of the dashboard: what a phone is commanded, and that it stops when nobody holds on."""

import json

import pytest
from playwright.sync_api import expect

from clips import Clip
from pages import NETWORK_COMPLAINTS, drawing_browser, open_dashboard, publishing, wait_playing  # noqa: F401
from server import TOKENS, wait_until
from telemetry import TelemetryPhone


@pytest.fixture
def flight(make_clip) -> Clip:
    return make_clip(size="640x360", seconds=4, gop=30)


class Commands:
    """What a phone is commanded: `(seconds, message)`."""

    def __init__(self, phone: TelemetryPhone):
        self.phone = phone

    def of(self, kind: str) -> list[tuple[float, dict]]:
        return [(at, message) for at, text in self.phone.received if (message := json.loads(text))["type"] == kind]

    def is_zero(self) -> bool:
        """The newest of each kind is zero."""
        movement, rotation = self.of("movement"), self.of("rotation")
        return bool(movement and rotation) and all(
            message.get(axis) == 0
            for message, axes in ((movement[-1][1], "xy"), (rotation[-1][1], ("yaw", "z"))) for axis in axes)

    def zeros(self) -> int:
        """Zeros of movement at the end."""
        count = 0
        for _, message in reversed(self.of("movement")):
            if message["x"] or message["y"]:
                break
            count += 1
        return count


def test_control_pad_steers_only_while_it_is_held(server, flight, open_dashboard):
    with publishing(server, flight), TelemetryPhone(server.ws_url, "drone") as phone:
        page = open_dashboard(server.url)
        wait_playing(page)
        page.keyboard.press("c")
        state, commands = page.locator("#pad-state"), Commands(phone)
        expect(state).to_contain_text("Off")
        page.keyboard.down("Space")
        page.keyboard.up("Space")
        page.wait_for_timeout(300)
        assert not commands.of("movement"), "nothing is sent while it is not armed"
        page.get_by_role("button", name="Arm", exact=True).click()
        expect(state).to_contain_text("Armed")
        page.keyboard.down("KeyW")
        page.wait_for_timeout(300)
        page.keyboard.up("KeyW")
        assert not commands.of("movement"), "nothing is sent while nobody holds on"

        page.keyboard.down("Space")
        expect(state).to_contain_text("Steering")
        page.keyboard.down("KeyW")
        page.keyboard.down("KeyE")
        page.wait_for_timeout(1500)
        movement = [message for _, message in commands.of("movement")]
        assert movement[-1]["y"] == 1 and movement[-1]["x"] == 0
        assert commands.of("rotation")[-1][1]["yaw"] == 1
        assert movement[-1]["timestamp"].isdigit()
        rate = len(movement) / 1.5
        assert 10 < rate < 26, f"{rate} commands a second"
        page.keyboard.up("Space")
        wait_until(commands.is_zero, what="zero when Space is let go")
        page.wait_for_timeout(700)
        assert 3 <= commands.zeros() <= 6, "zero is repeated a few times"
        count = len(phone.texts)
        page.wait_for_timeout(400)
        assert len(phone.texts) == count, "then nothing is sent"
        page.keyboard.up("KeyW")
        page.keyboard.up("KeyE")

        for what in ("window.dispatchEvent(new Event('blur'))", "window.dispatchEvent(new Event('pagehide'))"):
            page.keyboard.down("Space")
            page.keyboard.down("KeyD")
            wait_until(lambda: commands.of("movement")[-1][1]["x"] == 1, what="steering again")
            page.evaluate(what)
            wait_until(commands.is_zero, what=f"zero after {what}")
            expect(state).to_contain_text("Armed")
            page.keyboard.up("KeyD")
            page.keyboard.up("Space")

        box = page.locator('[data-stick="Move"]').bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=4)
        wait_until(lambda: commands.of("movement")[-1][1]["x"] > 0.9, what="the stick steers")
        page.mouse.up()
        wait_until(commands.is_zero, what="zero when the stick is let go")

        page.get_by_role("button", name="Camera on/off").click()
        wait_until(lambda: commands.of("camera"), what="the camera is switched")
        page.keyboard.press("Escape")
        expect(state).to_contain_text("Off")


def test_control_pad_is_off_after_a_lost_connection(make_server, flight, open_dashboard):
    server = make_server()
    with publishing(server, flight):
        page = open_dashboard(server.url, allow=NETWORK_COMPLAINTS)
        wait_playing(page)
        page.keyboard.press("c")
        page.get_by_role("button", name="Arm", exact=True).click()
        page.keyboard.down("Space")
        expect(page.locator("#pad-state")).to_contain_text("Steering")
    server.stop()
    expect(page.locator("#pad-state")).to_contain_text("Off")
    expect(page.locator("#pad [role=alert]")).to_contain_text("has to do so itself")
    server.start()
    with TelemetryPhone(server.ws_url, "drone") as phone:
        commands = Commands(phone)
        wait_until(commands.is_zero, 20, what="the zero that is owed, once the server is back")


def test_control_pad_asks_for_a_control_token(guarded, flight, open_dashboard):
    with publishing(guarded, flight, token=TOKENS["publish"]):
        page = open_dashboard(f"{guarded.url}/#token={TOKENS['view']}", allow=NETWORK_COMPLAINTS)
        wait_playing(page)
        page.keyboard.press("c")
        page.get_by_role("button", name="Arm", exact=True).click()
        page.keyboard.down("Space")
        expect(page.locator("#pad [role=alert]")).to_contain_text("needs a control token")
        expect(page.locator("#pad-state")).to_contain_text("Off")
        page.keyboard.up("Space")
        page.get_by_label("Control token").fill(TOKENS["control"])
        page.get_by_role("button", name="Use").click()
        with TelemetryPhone(guarded.ws_url, "drone", token=TOKENS["publish"]) as phone:
            commands = Commands(phone)
            wait_until(lambda: page.locator("#link-state").get_attribute("data-state") == "online", what="online")
            page.wait_for_timeout(500)
            page.get_by_role("button", name="Arm", exact=True).click()
            page.keyboard.down("Space")
            wait_until(lambda: commands.of("movement"), what="commands with the control token")
            page.keyboard.up("Space")
