"""`/metrics` as Prometheus reads it."""

import re
from urllib.request import urlopen

SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (NaN|[+-]?Inf|[-+0-9.e]+)$')

NAMES_OF_DASHBOARDS = (
    "h264_consumers_connected", "h264_frames_relayed_total", "h264_bytes_relayed_total", "video_bandwidth_mbps",
    "consumer_queue_size", "consumer_frames_dropped_total", "rtsp_server_healthy", "rtsp_queue_size",
    "rtsp_restarts_total", "frames_dropped_total", "frames_processed_total",
)


def scrape(server) -> str:
    with urlopen(f"{server.url}/metrics", timeout=5) as answer:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return answer.read().decode()


def test_every_line_is_a_comment_or_a_sample(server):
    lines = scrape(server).splitlines()
    wrong = [line for line in lines if not line.startswith(("# HELP ", "# TYPE ")) and not SAMPLE.match(line)]
    assert wrong == []


def test_names_of_dashboards_are_there_without_labels(server):
    names = {line.split(" ")[0] for line in scrape(server).splitlines()}
    assert set(NAMES_OF_DASHBOARDS) <= names


def test_all_labels_are_in_the_catalogue(server):
    """A value that the catalogue does not know would show as `other`, an unknown family without help."""
    text = scrape(server)
    assert '="other"' not in text
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert families == set(re.findall(r"^# HELP (\S+)", text, re.MULTILINE))
