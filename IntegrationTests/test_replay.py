"""Recordings on the page, in step with what was found out while they were recorded."""

import json
import time

from playwright.sync_api import Page, expect

from finder import Finder, moving_box  # noqa: F401  (a fixture)
from pages import drawing_browser, open_dashboard, publishing  # noqa: F401
from server import Server, wait_until
from telemetry import TelemetryPhone, sample


class Surveyor(Finder):
    """Tells also where the camera is, and once a second from the second second on what is where in the world."""

    def publish(self, channel, frame: int, stamp: int) -> None:
        super().publish(channel, frame, stamp)
        # It looks down, goes along x, and is in another map from the third second on.
        pose = [[1, 0, 0, frame / 10], [0, -1, 0, 0], [0, 0, -1, 10], [0, 0, 0, 1]]
        self.send(channel, "slam_results_exchange", {
            "frame_number": frame, "timestamp": stamp / 1e6, "stream": "drone", "is_keyframe": False, "pose": pose,
            "map": 1 if frame < 75 else 2, "scale": "trustworthy"}, stamp)
        if frame % 30 == 0 and frame > 0:
            things = {30: [7], 60: [7, 8]}.get(frame, [])
            objects = [{
                "id": each, "label": "car", "track_ids": [1], "position": [4, each - 8, 10], "metric": True, "map": 1,
                "covariance": [1, 0, 0, 0, 1, 0, 0, 0, 1], "method": "ground", "velocity": [0, 0, 0],
                "wgs84": {"latitude": 47.5 + (each - 6) * 1e-4, "longitude": 8.5002, "altitude": 400},
                "first_seen": stamp / 1e6, "last_seen": stamp / 1e6, "observations": 9, "size": [4, 1.5],
            } for each in things]
            self.send(channel, "world_objects_exchange", {"stream": "drone", "objects": objects}, stamp)


# How many pixels of the map have the colours of the objects 7 and 8.
MAP_COLOURS = """() => {
  const canvas = document.querySelector('#replay .map-canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const counts = [0, 0];
  for (let at = 0; at < data.length; at += 4) {
    [[67, 60, 221], [221, 113, 60]].forEach((colour, index) => {
      if (colour.every((value, channel) => Math.abs(data[at + channel] - value) <= 4)) counts[index] += 1;
    });
  }
  return counts;
}"""


def test_replay_shows_objects_of_the_world_at_their_time(make_server, moving_box, broker, open_dashboard):
    server = make_server("--bus", broker.url, command="up", settings={"server": {"grace_seconds": 1}})
    with Surveyor(server, broker.url, len(moving_box.units), 0.05), TelemetryPhone(server.ws_url, "drone") as phone:
        with publishing(server, moving_box):
            begun = time.monotonic()
            while time.monotonic() - begun < 5:
                phone.send(sample(time.time_ns(), gps={"latitude": 47.5, "longitude": 8.5, "accuracy": 2}))
                time.sleep(0.1)
    recording = finished_recording(server)
    lines = [json.loads(line) for line in server.get(f"/api/recordings/{recording['id']}/results").body.splitlines()]
    lists = [[each["id"] for each in line["objects"]] for line in lines if line["type"] == "world_objects"]
    assert lists[:3] == [[7], [7, 8], []]
    assert {line["map"] for line in lines if line["type"] == "pose"} == {1, 2}
    page = open_dashboard(f"{server.url}/#/recordings/{recording['id']}")
    expect(page.locator("#replay-note")).to_contain_text("objects in the world")
    expect(page.locator("#replay .map-canvas")).to_be_visible()
    replay, labels = page.locator("#replay"), page.locator("#replay .scene-labels span")
    for frame, things in ((70, ["car 7", "car 8"]), (10, []), (45, ["car 7"]), (100, [])):
        seek(page, frame)
        if frame == 70:
            page.locator("#replay").get_by_role("button", name="Show everything").click()
        if frame == 10:
            assert replay.get_attribute("data-places") == "0"
        expect(replay).to_have_attribute("data-places", str(len(things)))
        assert sorted(labels.all_inner_texts()) == things
        shown = page.evaluate(MAP_COLOURS)
        assert [count >= 40 for count in shown] == [name in things for name in ("car 7", "car 8")], (frame, shown)


def finished_recording(server: Server) -> dict:
    def finished() -> list[dict]:
        return [each for each in server.json("/api/recordings")["recordings"] if not each["active"]]

    wait_until(finished, 20, "the recording is finished")
    [recording] = finished()
    return recording


def seek(page: Page, frame: int) -> None:
    """Shows a frame of a recording."""
    page.locator("#playback").evaluate(
        """(video, seconds) => new Promise((resolve) => {
          video.addEventListener('seeked', () => setTimeout(resolve, 400), { once: true });
          video.currentTime = seconds;
        })""", (frame + 0.5) / 30)


def test_recording_is_replayed_with_what_was_found(make_server, moving_box, broker, open_dashboard):
    server = make_server("--bus", broker.url, command="up", settings={"server": {"grace_seconds": 1}})
    with Finder(server, broker.url, len(moving_box.units), 0.05), TelemetryPhone(server.ws_url, "drone") as phone:
        with publishing(server, moving_box):
            begun = time.monotonic()
            while time.monotonic() - begun < 6:
                place = {"latitude": 47.5, "longitude": 8.5, "altitude": 400, "accuracy": 2}
                phone.send(sample(time.time_ns(), gps=place))
                time.sleep(0.01)
    recording = finished_recording(server)
    lines = [json.loads(line) for line in server.get(f"/api/recordings/{recording['id']}/results").body.splitlines()]
    kinds = {line["type"] for line in lines}
    assert {"start", "objects", "imu", "gps"} <= kinds
    assert server.get("/api/recordings/20200101_000000/results").status == 404
    page = open_dashboard(f"{server.url}/#/recordings/{recording['id']}")
    expect(page.locator("#replay-note")).to_contain_text("objects")
    expect(page.locator("#replay-note")).to_contain_text("motion sensors")
    expect(page.locator("#replay .plot")).to_have_count(2)
    expect(page.locator("#replay .map-canvas")).to_be_visible()
    gaps = []
    for frame in (20, 45, 85, 100):
        seek(page, frame)
        seen = page.evaluate("""() => {
          const video = document.querySelector('#playback');
          const bounds = (source, isInside) => {
            const canvas = new OffscreenCanvas(640, 360);
            const context = canvas.getContext('2d');
            context.drawImage(source, 0, 0, 640, 360);
            const { data } = context.getImageData(0, 0, 640, 360);
            let [left, right] = [640, -1];
            for (let at = 0; at < 640 * 360; at += 1) {
              if (!isInside(data, 4 * at)) continue;
              left = Math.min(left, at % 640); right = Math.max(right, (at % 640) + 1);
            }
            return [left, right];
          };
          return [
            bounds(video, (data, at) => data[at + 1] > 128),
            bounds(document.querySelector('.replay-stage .objects'), (data, at) =>
              data[at + 3] > 128 && Math.max(data[at], data[at + 1], data[at + 2]) > 128),
          ];
        }""")
        gaps.append(max(abs(a - b) for a, b in zip(*seen)))
    print("replay: the drawn box is off by", gaps, "px")
    assert max(gaps) <= 2
