"""Dashboard and alerts on a real Prometheus that scrapes a real server at work: a flight, a recorder, consumers, a
viewer, a broker and a webhook. Every query must be answered; those whose numbers are known must have them."""

import json
import math
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from websockets.sync.client import connect

from conftest import REPOSITORY
from consumer import Consumer
from prometheus import Prometheus
from rabbitmq import Broker
from server import CONFIGURATION, TOKENS, Server, unused_port, wait_until

DASHBOARD = REPOSITORY / "deploy/grafana/dashboards/worldsystem.json"
RULES = REPOSITORY / "deploy/prometheus/rules"
PANELS_ASKED_FOR = {
    "RTSP health", "Video bandwidth now", "Video bandwidth average", "RTSP queue size", "RTSP queue usage",
    "Frames dropped", "Restarts", "Frame rate per service", "Latency per service", "Frame age", "IMU rate",
    "Clock offset",
}
pytestmark = pytest.mark.timeout(300)


def dashboard_queries() -> dict[str, list[str]]:
    """The queries of each panel, by its title."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in panels if "targets" in panel}


class Webhook(BaseHTTPRequestHandler):
    """Takes every event."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def prometheus(binary, tmp_path_factory) -> Iterator[Prometheus]:
    """Prometheus after it has seen everything at work for some seconds."""
    folder = tmp_path_factory.mktemp("observed")
    tokens, view = folder / "tokens", folder / "view-token"
    tokens.write_text("".join(f"{role}: {token}\n" for role, token in TOKENS.items()))
    tokens.chmod(0o600)
    view.write_text(TOKENS["view"] + "\n")
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker"))
        sink = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        stack.callback(sink.server_close)
        stack.callback(sink.shutdown)
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        (folder / "data").mkdir()
        settings = folder / "settings.yaml"
        # Small pictures, so that a debug build keeps up too.
        settings.write_text("simulator: {width: 128, height: 96, frames_per_second: 30, megabits_per_second: 1}\n")
        server = Server(
            binary, folder / "data", command="up",
            args=("--demo", "--token-file", str(tokens), "--config", str(settings)),
            environment={
                "RABBITMQ_URL": broker.url, "WORLDSYSTEM_WEBHOOKS": f"http://127.0.0.1:{sink.server_port}/",
                "NTP_SERVER": f"127.0.0.1:{unused_port()}", "WORLDSYSTEM_DETECT": "true"})
        server.start()
        stack.callback(server.stop)
        storage_port = start_storage(stack, binary, folder, server)
        watch(stack, server)
        targets = {
            "worldsystem-server": f"127.0.0.1:{server.port}", "worldsystem-storage": f"127.0.0.1:{storage_port}"}
        seen = stack.enter_context(Prometheus(folder / "prometheus", targets, view))
        bandwidth = 'video_bandwidth_mbps{job="worldsystem-server"} > 0'
        wait_until(lambda: seen.query(bandwidth), 60, "bandwidth is measured")
        wait_until(lambda: seen.query("worldsystem:frame_age_seconds:p99_1m > 0"), 60, "rules are computed")
        yield seen


def start_storage(stack: ExitStack, binary, folder, server: Server) -> int:
    """The storage service in a process of its own; the port of its metrics."""
    port = unused_port()
    environment = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}
    log = stack.enter_context((folder / "storage.log").open("wb"))
    process = subprocess.Popen(
        [binary, "record", "--from", f"{server.ws_url}/ws/h264_stream?stream=drone", "--data", folder / "storage",
         "--metrics", f"127.0.0.1:{port}"],
        env=environment | {"WORLDSYSTEM_TOKEN": TOKENS["view"]}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(process.wait, 15)
    stack.callback(process.terminate)
    return port


def watch(stack: ExitStack, server: Server) -> None:
    """Consumers by WebSocket and RTSP, and a viewer that steers."""
    for _ in range(3):
        stack.enter_context(Consumer(server.ws_url, token=TOKENS["view"], stream="drone"))
    player = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i",
         f"rtsp://viewer:{TOKENS['view']}@127.0.0.1:{server.rtsp_port}/drone", "-c", "copy", "-f", "null", "-"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(player.wait, 15)
    stack.callback(player.kill)
    viewer = stack.enter_context(
        connect(f"{server.ws_url}/ws/viewer", additional_headers={"Authorization": f"Bearer {TOKENS['control']}"},
                proxy=None))
    threading.Thread(target=lambda: deque(viewer, maxlen=0), daemon=True).start()
    viewer.send(json.dumps({"type": "movement", "x": 0.5, "y": 0}))


def test_prometheus_reaches_server_and_storage(prometheus):
    targets = prometheus.targets()
    for job in ("worldsystem-server", "worldsystem-storage"):
        assert targets[job]["health"] == "up", targets[job]["lastError"]


@pytest.mark.parametrize("panel", dashboard_queries())
def test_panel_has_numbers(prometheus, panel):
    for query in dashboard_queries()[panel]:
        wait_until(lambda query=query: prometheus.query(query), 15, f"an answer to {query}", interval=0.5)


def test_panels_that_were_asked_for_are_there():
    assert PANELS_ASKED_FOR <= set(dashboard_queries())


@pytest.mark.parametrize(
    ("panel", "low", "high"),
    [
        ("RTSP health", 1, 1), ("Streams", 1, 1), ("Consumers", 4, 6), ("Video bandwidth now", 0.05, 5),
        ("Video bandwidth average", 0.01, 5), ("Frame rate", 0.1, 31), ("RTSP queue usage", 0, 1),
        ("Frame rate per service", 0.1, 31), ("Latency per service", 0, 1), ("Frame age", 0, 10),
        ("IMU rate", 20, 1000), ("Processor", 0.0001, 16),
    ])
def test_numbers_are_what_is_going_on(prometheus, panel, low, high):
    for query in dashboard_queries()[panel]:
        values = [value for _, value in prometheus.query(query) if not math.isnan(value)]
        assert values and all(low <= value <= high for value in values), f"{query}: {values}"


def alerts() -> dict[str, str]:
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


@pytest.mark.parametrize("alert", alerts())
def test_alert_can_be_asked(prometheus, alert):
    prometheus.query(alerts()[alert])


def test_rules_are_loaded_and_healthy(prometheus):
    rules = [rule for group in prometheus.get("/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules if rule["type"] == "alerting"} == set(alerts())
    assert [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] == "err"] == []


def test_nothing_is_wrong_with_a_server_at_work(prometheus):
    """Nobody answers as a time server here, and a rate over a minute is low in the first; all else is as it should."""
    firing = {name for name, expression in alerts().items() if prometheus.query(expression)}
    assert firing <= {"WorldSystemClockUnsynchronised", "WorldSystemFrameRateLow"}


def test_every_metric_of_rules_and_dashboard_exists():
    """A name that nothing exposes would give a panel that is empty, or an alert that never fires."""
    catalogue = (REPOSITORY / "Sources/Observability/Metrics").glob("*Metrics*.swift")
    known = {name for file in catalogue for name in re.findall(r'"([a-z0-9_]+)"', file.read_text())} | {"up"}
    recording = yaml.safe_load((RULES / "recording.yml").read_text())["groups"][0]["rules"]
    known |= {rule["record"] for rule in recording}
    expressions = [*alerts().values(), *(rule["expr"] for rule in recording)]
    expressions += [query for queries in dashboard_queries().values() for query in queries]
    used = {name for expression in expressions for name in metrics_of(expression)}
    assert len(used) > 40 and used - known == set()


def metrics_of(expression: str) -> set[str]:
    """The metrics that a query names: words with an underscore that are no function, label or text."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\bby \([^)]*\)', " ", expression)
    names = re.findall(r"\b[a-z][a-z0-9]*(?:[_:][a-z0-9_:]+)+\b(?! *\()", bare)
    return {re.sub(r"_bucket$", "", name) for name in names}
