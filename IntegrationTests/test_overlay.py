"""What is drawn over the live picture of the page: it belongs to the picture that shows."""

import json
import math
import statistics
import subprocess
from pathlib import Path

import pytest

from finder import HEIGHT, STEP, WIDTH, Finder, moving_box  # noqa: F401  (a fixture)
from pages import NETWORK_COMPLAINTS, drawing_browser, open_dashboard, publishing, wait_playing  # noqa: F401
from server import Server

# Where the white box is in the picture and where the box is that is drawn over it, whenever the screen is drawn anew.
WATCH_BOXES = """
(millis) => new Promise((resolve) => {
  const bounds = (canvas, isInside) => {
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [left, top, right, bottom] = [width, height, -1, -1];
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        if (!isInside(data, 4 * (y * width + x))) continue;
        left = Math.min(left, x); right = Math.max(right, x + 1);
        top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
      }
    }
    return right < 0 ? null : [left, top, right, bottom];
  };
  const samples = [];
  const until = performance.now() + millis;
  let last = '';
  const look = () => {
    const picture = bounds(document.querySelector('#stage .picture'), (data, at) => data[at + 1] > 128);
    const layer = document.querySelector('#stage .objects');
    // The line is bright; what is behind the name is dark.
    const isLine = (data, at) => data[at + 3] > 128 && Math.max(data[at], data[at + 1], data[at + 2]) > 128;
    const drawn = bounds(layer, isLine);
    if (picture && JSON.stringify(picture) !== last) samples.push({ picture, drawn });
    last = JSON.stringify(picture);
    if (performance.now() < until) setTimeout(() => requestAnimationFrame(look), 20);
    else resolve(samples);
  };
  look();
})
"""


def deviations(samples: list[dict]) -> list[float]:
    """The largest distance of an edge that is drawn from the edge in the picture; the name's line above is left out."""
    found = []
    for each in samples:
        if each["drawn"]:
            pairs = zip(each["picture"], each["drawn"])
            # The name stands above: of the drawn box left, right and bottom are compared.
            gaps = [abs(seen - drawn) for seen, drawn in pairs]
            found.append(max(gaps[0], gaps[2], gaps[3]))
    return found


@pytest.mark.parametrize(("delay", "every"), [(0.12, 1), (0.2, 3)], ids=["every frame", "every third frame"])
def test_overlay_is_in_step_with_the_picture(make_server, broker, moving_box, open_dashboard, delay, every):
    server = make_server("--bus", broker.url)
    with Finder(server, broker.url, len(moving_box.units), delay, every):
        with publishing(server, moving_box):
            page = open_dashboard(server.url, allow=NETWORK_COMPLAINTS)
            wait_playing(page)
            page.wait_for_timeout(4000)
            gaps = deviations(page.evaluate(WATCH_BOXES, 6000))
    near = sum(gap <= 2 for gap in gaps) / max(1, len(gaps))
    within = sum(gap <= STEP + 2 for gap in gaps) / max(1, len(gaps))
    print(f"{len(gaps)} pictures: median {statistics.median(gaps):.1f} px, largest {max(gaps):.1f} px, "
          f"{near:.1%} within 2 px, {within:.1%} within a frame")
    assert len(gaps) > 25, f"only {len(gaps)} pictures had a box"
    # Where not every frame was looked at, boxes in between are off for the frame in which the box turns round.
    assert near == 1 if every == 1 else near > 0.9
    assert within == 1


# Frames a second of the flight.
RATE = 20


class Teller(Finder):
    """Publishes the truth of a simulated flight for each frame that the server relays, as a detector would."""

    def __init__(self, server: Server, broker_url: str, truth: Path, delay: float):
        self.truth, self.read = truth / "objects.jsonl", 0
        # What is true of each frame, in their order.
        self.lines: list[dict] = []
        super().__init__(server, broker_url, 0, delay)

    def find(self, frame: int) -> list[dict]:
        # The truth of a frame is written before the frame is sent.
        self.read_on()
        return [each | {"mask_shape": each["mask"]["size"]} for each in self.lines[frame]["objects"]]

    def read_on(self) -> None:
        with self.truth.open("rb") as file:
            file.seek(self.read)
            content = file.read()
        whole = content[:content.rfind(b"\n") + 1]
        self.read += len(whole)
        self.lines += [json.loads(line) for line in whole.splitlines()]

    def check_order(self) -> None:
        """No frame was missed: once clocks are known, times of capture go on as those of the flight do."""
        self.read_on()
        for frame in range(RATE, len(self.stamps)):
            captured = (self.stamps[frame] - self.stamps[frame - 1]) / 1e6
            flown = self.lines[frame]["timestamp"] - self.lines[frame - 1]["timestamp"]
            assert abs(captured - flown) < 0.5 / RATE, f"frame {frame} came {captured} s after the last, not {flown} s"


# Notes of every picture that shows its capture time in microseconds, and each box that is drawn over it with its name.
NOTE_DRAWING = """
(() => {
  const { drawImage, clearRect, strokeRect, fillText } = CanvasRenderingContext2D.prototype;
  const isLayer = (context) => context.canvas.matches('#stage .objects');
  let [micros, boxes] = [null, []];
  Object.assign(CanvasRenderingContext2D.prototype, {
    drawImage(image, ...rest) {
      if (image instanceof VideoFrame && this.canvas.matches('#stage .picture')) micros = image.timestamp;
      return drawImage.call(this, image, ...rest);
    },
    clearRect(...area) {
      if (isLayer(this)) boxes = [];
      return clearRect.apply(this, area);
    },
    strokeRect(left, top, width, height) {
      if (isLayer(this)) boxes.push({ box: [left, top, left + width, top + height] });
      return strokeRect.call(this, left, top, width, height);
    },
    fillText(text, ...rest) {
      if (isLayer(this) && boxes.length > 0) boxes.at(-1).name ??= text;
      return fillText.call(this, text, ...rest);
    },
  });
  window.noteDrawing = (millis) => new Promise((resolve) => {
    const samples = [];
    const until = performance.now() + millis;
    const look = () => {
      // What the screen shows now was drawn before this.
      if (micros !== null && micros !== samples.at(-1)?.micros) samples.push({ micros, boxes });
      if (performance.now() < until) requestAnimationFrame(look);
      else resolve(samples);
    };
    look();
  });
})();
"""

GEOMETRY = """() => ['.picture', '.objects'].map((name) => {
  const canvas = document.querySelector('#stage ' + name);
  const { x, y, width, height } = canvas.getBoundingClientRect();
  return [canvas.width, canvas.height, x, y, width, height];
})"""


def gap(drawn: dict[str, list[float]], truth: list[dict]) -> float:
    """The largest distance of an edge that is drawn from the true one; infinite where other things are drawn."""
    true = {f"{each['label']} {each['id']}": each["box"] for each in truth}
    if drawn.keys() != true.keys():
        return math.inf
    return max((abs(a - b) for name, box in drawn.items() for a, b in zip(box, true[name], strict=True)), default=0)


def test_overlay_is_the_truth_of_the_frame_of_a_flight_that_shows(
        make_server, binary, broker, open_dashboard, tmp_path):
    server = make_server("--bus", broker.url)
    config = tmp_path / "flight.yaml"
    config.write_text(f"simulator:\n  width: {WIDTH}\n  height: {HEIGHT}\n  frames_per_second: {RATE}\n")
    with Teller(server, broker.url, tmp_path / "truth", 0.12) as teller, subprocess.Popen(
        [binary, "simulate", "--flight", "--seed", "1", "--to", server.ws_url, "--truth", tmp_path / "truth",
         "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as flight:
        try:
            page = open_dashboard(server.url, allow=NETWORK_COMPLAINTS, script=NOTE_DRAWING)
            wait_playing(page)
            page.wait_for_timeout(4000)
            samples = page.evaluate("noteDrawing(8000)")
            picture, layer = page.evaluate(GEOMETRY)
        finally:
            flight.terminate()
            flight.wait(10)
    teller.check_order()
    assert picture == layer and picture[:2] == [WIDTH, HEIGHT], "the layer lies on the picture, pixel on pixel"
    shown = [(each["micros"], {box["name"]: box["box"] for box in each["boxes"]}) for each in samples]
    gaps, nearest = [], []
    for stamp, drawn in shown:
        # Of the frame that shows, and of the nearest of it, the one before and the one behind.
        number = teller.stamps.index(stamp)
        around = [gap(drawn, line["objects"]) for line in teller.lines[max(0, number - 1):number + 2]]
        gaps.append(gap(drawn, teller.lines[number]["objects"]))
        nearest.append(min(around))
    own = sum(each <= 2 for each in gaps) / len(gaps)
    print(f"{len(gaps)} pictures, {statistics.mean(len(drawn) for _, drawn in shown):.1f} boxes each: {own:.1%} within "
          f"2 px of their own frame, median {statistics.median(gaps):.2f} px, largest {max(gaps):.2f} px; "
          f"largest of a frame beside {max(nearest):.2f} px")
    assert len(gaps) >= 60 and statistics.mean(len(drawn) for _, drawn in shown) > 3
    assert max(nearest) <= 2, "pictures show the truth of their frame, or of one beside"
    assert own > 0.98, "and nearly all that of their own"
    before = [gap(drawn, teller.lines[teller.stamps.index(stamp) - 2]["objects"]) for stamp, drawn in shown]
    assert statistics.median(before) > 2, "what is two frames old would be seen"
