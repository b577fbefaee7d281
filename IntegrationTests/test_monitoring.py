"""`/health` and `/metrics` of `worldsystem record`, which is no server otherwise."""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from phone import Phone, Player
from server import Server, wait_until


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body; status 0 while nobody answers."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except (URLError, OSError):
        return 0, ""


@contextmanager
def recorder(binary: Path, server: Server, folder: Path, *args: str):
    """`worldsystem record` of the server's default stream; must end cleanly."""
    command = [binary, "record", "--from", f"{server.ws_url}/ws/h264_stream", "--data", folder, *args]
    with (folder.parent / "recorder.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
        process.terminate()
        assert process.wait(15) == 0, (folder.parent / "recorder.log").read_text()
    finally:
        process.kill()
        process.wait()


def test_recorder_serves_its_health_and_metrics(binary, server, clip, free_port, tmp_path):
    with Phone(server.ws_url) as phone, Player(phone, clip), recorder(
        binary, server, tmp_path / "data", "--metrics", str(free_port)
    ):
        wait_until(lambda: 'processed_total{service="recorder"}' in get(free_port, "/metrics")[1], 20, "frames count")
        status, body = get(free_port, "/health")
        report = json.loads(body)
        assert status == 200 and report["timestamp"] > 1.7e9
        assert (report["status"], report["service"]) == ("healthy", "worldsystem-recorder")
        text = get(free_port, "/metrics")[1]
        assert "\nworldsystem_recording_frames_total " in text and "\nprocess_start_time_seconds " in text
        assert get(free_port, "/")[0] == 404


def test_recorder_that_cannot_write_is_unhealthy(binary, server, clip, free_port, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("recording: {min_free_mebibytes: 1000000000}\n")
    with Phone(server.ws_url) as phone, Player(phone, clip), recorder(
        binary, server, tmp_path / "data", "--metrics", f"127.0.0.1:{free_port}", "--config", str(settings)
    ):
        wait_until(lambda: get(free_port, "/health")[0] == 503, 20, "the recorder says that it is paused")
        report = json.loads(get(free_port, "/health")[1])
        assert report["status"] == "unhealthy" and report["reason"]


def test_taken_port_and_nonsense_are_told(binary, server, tmp_path):
    def record(address: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [binary, "record", "--from", f"{server.ws_url}/ws/h264_stream", "--data", tmp_path / "data", "--metrics",
             address], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)

    taken = record(f"127.0.0.1:{server.port}")
    assert taken.returncode == 1 and taken.stderr.splitlines()[-1].startswith("worldsystem: ")
    assert str(server.port) in taken.stderr.splitlines()[-1]
    nonsense = record("storage:port")
    assert nonsense.returncode == 64 and "--metrics takes HOST:PORT" in nonsense.stderr
