"""What is drawn over the live picture of the page: it belongs to the picture that shows."""

import statistics

import pytest

from finder import STEP, Finder, moving_box  # noqa: F401  (a fixture)
from pages import NETWORK_COMPLAINTS, drawing_browser, open_dashboard, publishing, wait_playing  # noqa: F401

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
    assert near > 0.9 and within > 0.95
