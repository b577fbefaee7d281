"""Rerun: whether its own tools take what is written and sent, and what becomes of a viewer that goes away."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from phone import Phone, Player
from server import unused_port, wait_until
from telemetry import Client, sample as imu_sample

REPOSITORY = Path(__file__).resolve().parent.parent
# Its own environment: it is large, and only some machines have it.
PYTHON = Path(os.environ.get("RERUN_PYTHON") or REPOSITORY / ".venv-rerun" / "bin" / "python")
# The program itself: what stands in bin/ starts another process, which outlives its end.
RERUN = next(PYTHON.parent.parent.glob("lib/python3*/site-packages/rerun_cli/rerun"), PYTHON.parent / "rerun")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RERUN.exists(), reason="rerun-sdk is not installed: see requirements-rerun.txt"),
]


def rerun(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([RERUN, *arguments], capture_output=True, text=True, timeout=60)


def verify(file: Path, has_end: bool = True):
    """Rerun itself reads all of a file; one that was cut has no end that says where everything is."""
    result = rerun("rrd", "verify", *([] if has_end else ["--check-footers=false"]), file)
    assert result.returncode == 0, result.stderr
    assert "1 file verified without error" in result.stdout + result.stderr


def golden(name: str, path: Path) -> Path:
    path.write_bytes(bytes.fromhex((REPOSITORY / "Tests" / name).read_text()))
    return path


def taken_apart(file: Path, *arguments: str) -> list[dict]:
    result = subprocess.run(
        [PYTHON, Path(__file__).with_name("rrd.py"), file, *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def chunks(file: Path, entity: str | None = None) -> list[dict]:
    """The chunks, of an entity or all, as `rrd.py` has them, in the order of the file."""
    return [chunk for chunk in taken_apart(file) if entity in (None, chunk["entity"])]


def manifests(file: Path) -> list[dict]:
    """What the end of a file says, as `rrd.py` has it, but for where chunks are."""
    found = taken_apart(file, "--manifests")
    for manifest in found:
        for name in ("chunk_byte_offset", "chunk_byte_size", "chunk_byte_size_uncompressed"):
            assert all(value > 0 for value in manifest["table"].pop(name)["values"])
    return found


def rows(found: list[dict], column: str) -> list:
    return [value for chunk in found for value in chunk["columns"].get(column, [])]


class Viewer:
    """A sink that writes what it is sent into a file, as a viewer shows it. `close()` ends and completes it."""

    def __init__(self, port: int, file: Path):
        self.port, self.file = port, file
        self.log = file.with_suffix(".log").open("w")
        self.process = subprocess.Popen(
            [RERUN, "--save", file, "--port", str(port), "--bind", "127.0.0.1"], stdout=self.log,
            stderr=subprocess.STDOUT, env={**os.environ, "RERUN_ANALYTICS": "0"})

    def close(self, by: signal.Signals = signal.SIGINT):
        self.process.send_signal(by)
        self.process.wait(timeout=20)
        self.log.close()

    def has(self, entity: str, at_least: int = 1) -> bool:
        """Whether so many rows of an entity are in the file."""
        whole = self.file.exists() and self.file.stat().st_size > 12
        return whole and sum(chunk["rows"] for chunk in chunks(self.file, entity)) >= at_least


@pytest.fixture
def viewer(tmp_path):
    """Starts viewers on a port; each is ended."""
    started: list[Viewer] = []

    def start(port: int) -> Viewer:
        started.append(Viewer(port, tmp_path / f"received{len(started)}.rrd"))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.close(signal.SIGKILL)


def test_arrow_is_what_pyarrow_reads(tmp_path):
    stream = golden("ArrowIPCTests/Golden/everything.hex", tmp_path / "everything.arrows")
    program = """
import sys, pyarrow
table = pyarrow.ipc.open_stream(open(sys.argv[1], "rb")).read_all()
table.validate(full=True)
print(table.schema.metadata, *[column.to_pylist() for column in table.columns[2:]])
"""
    result = subprocess.run([PYTHON, "-c", program, stream], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == (
        "{b'first': b'eins', b'id': b'abcd', b'z': b''} "
        "[[True, False, True, True, False, False, True, True, True], []] [[''], ['größe', 'x']] "
        "[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], []] [[], [0.5, -0.0, inf]] "
        "[{'width': 640, 'kind': None}, {'width': 7, 'kind': None}] [[1, 2, 65535], []]")


@pytest.fixture
def sample(binary, tmp_path) -> Path:
    """A file with everything that is ever sent in it, and a layout."""
    path = tmp_path / "sample.rrd"
    result = subprocess.run([binary, "bench", "rerun", "--sample", path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return path


@pytest.mark.parametrize("name", ["session", "layout", "whole"])
def test_files_of_the_unit_tests_are_valid(name, tmp_path):
    verify(golden(f"RerunLogTests/Golden/{name}.hex", tmp_path / f"{name}.rrd"), has_end=name == "whole")


def test_end_of_a_file_is_that_which_rerun_writes(sample, tmp_path):
    """Rerun reads the messages of a file and writes them anew, with an end of its own: it says the same."""
    for ours in (sample, golden("RerunLogTests/Golden/whole.hex", tmp_path / "whole.rrd")):
        verify(ours)
        theirs = ours.with_suffix(".anew.rrd")
        assert rerun("rrd", "filter", "--drop-entity", "/nothing", "--output", theirs, ours).returncode == 0
        assert manifests(theirs) == manifests(ours)


def test_file_that_was_cut_opens(sample, tmp_path):
    cut = tmp_path / "cut.rrd"
    # In the middle of a message, as after `kill -9`.
    cut.write_bytes(sample.read_bytes()[:100_001])
    assert 10 < len(chunks(cut)) < len(chunks(sample))
    verify(cut, has_end=False)
    assert rerun("rrd", "verify", cut).returncode != 0


def test_what_is_sent_arrives(binary, viewer, tmp_path):
    """The same messages in a file and over gRPC; Rerun finds no difference, and finds one where there is one."""
    sink, sent = viewer(unused_port()), tmp_path / "sent.rrd"
    result = subprocess.run(
        [binary, "bench", "rerun", "--sample", sent, "--to", f"rerun+http://127.0.0.1:{sink.port}/proxy"],
        capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    wait_until(lambda: sink.has("/world/objects"), 20, "the last message is in the file")
    sink.close()
    verify(sent)
    result = rerun("rrd", "compare", "--unordered", sent, sink.file)
    assert result.returncode == 0, result.stdout + result.stderr
    assert rerun("rrd", "compare", "--unordered", golden("RerunLogTests/Golden/session.hex", tmp_path / "other.rrd"),
                 sink.file).returncode != 0


def test_viewer_that_is_killed_gets_everything_anew(make_server, make_clip, viewer):
    port = unused_port()
    server = make_server("--rerun", f"127.0.0.1:{port}")
    with Phone(server.ws_url) as phone:
        player = Player(phone, make_clip())
        first = viewer(port)
        wait_until(lambda: first.has("/frame", 30), 40, "a second of video has arrived", 0.5)
        sensors = Client(server.ws_url, "/ws/phone", stream="drone")
        start = time.time_ns()
        for number in range(100):
            sensors.send(imu_sample(start + number * 5_000_000))
        wait_until(lambda: first.has("/telemetry/gyroscope", 100), 20, "readings have arrived", 0.5)
        first.close(signal.SIGKILL)
        second = viewer(port)
        wait_until(lambda: second.has("/frame", 30), 40, "video has arrived at the viewer that came back", 0.5)
        assert server.metric("worldsystem_rerun_connected") == 1
        player.stop()
        sensors.socket.close()
        second.close()
    recordings = set()
    for one in (first, second):
        verify(one.file, has_end=False)
        video = chunks(one.file, "/frame")
        assert any(chunk["is_static"] for chunk in video), "the codec is there"
        numbers = rows([chunk for chunk in video if not chunk["is_static"]], "frame")
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no frame is missing"
        assert rows(video, "VideoStream:sample")[0].startswith("0000000167"), "the video begins with parameter sets"
        assert chunks(one.file, "/__properties"), "the recording has a name"
        recordings |= {chunk["recording"] for chunk in video}
    assert len(recordings) == 1, "it is the same recording"


def test_server_without_a_viewer_works_as_ever(make_server, make_clip):
    server = make_server("--rerun", f"127.0.0.1:{unused_port()}")
    away = 'worldsystem_rerun_events_dropped_total{reason="away"}'
    with Phone(server.ws_url) as phone:
        player = Player(phone, make_clip())
        wait_until(lambda: (server.metric(away) or 0) > 20, 20, "frames come in, and nobody is there to see them")
        player.stop()
    assert server.metric("worldsystem_rerun_connected") in (None, 0)


def test_addresses_are_checked(binary, tmp_path):
    result = subprocess.run(
        [binary, "serve", "--port", "0", "--rtsp-port", "0", "--data", tmp_path, "--rerun", "http://host:1"],
        capture_output=True, text=True, timeout=20)
    assert result.returncode == 64
    assert "is no address of a viewer" in result.stderr


@pytest.fixture
def flight(make_server) -> Path:
    """A recorded session with video, sensors, poses and points."""
    server = make_server(
        "--demo", command="up", settings={"simulator": {"width": 640, "height": 360, "frames_per_second": 15}},
        environment={"WORLDSYSTEM_DETECT": "true", "WORLDSYSTEM_SLAM": "true", "SLAM_FRAME_SKIP": "2"})
    wait_until(lambda: (server.metric("worldsystem_slam_map_points") or 0) > 20, 120, "a map", 0.5)
    # Clouds come every few seconds.
    frames = server.metric("worldsystem_recording_frames_total")
    wait_until(lambda: server.metric("worldsystem_recording_frames_total") > frames + 90, 60, "six seconds more", 0.5)
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/metadata.json")]
    return session


def test_sessions_open_as_mcap_and_as_rrd(binary, flight, tmp_path):
    """The file that every session has, and the one that is made of it: the same video, poses and points in both."""
    frames = json.loads((flight / "metadata.json").read_text())["total_frames"]
    converted, exported = tmp_path / "converted.rrd", tmp_path / "exported.rrd"
    assert rerun("mcap", "check", flight / "session.mcap").returncode == 0
    result = rerun("mcap", "convert", flight / "session.mcap", "--application-id", "session", "--output", converted)
    assert result.returncode == 0, result.stderr
    result = subprocess.run(
        [binary, "sessions", "export", flight, "--format", "rrd", "--output", exported], capture_output=True, text=True,
        timeout=120)
    assert result.returncode == 0, result.stderr
    counts = []
    for file, entities in (
        (converted, {"video": "/camera/video", "pose": "/tf", "points": "/points"}),
        (exported, {"video": "/frame", "pose": "/world/camera", "points": "/world/points"}),
    ):
        verify(file)
        columns = {"video": "VideoStream:sample", "pose": "Transform3D:translation", "points": "Points3D:positions"}
        counts.append({
            what: sum(chunk["rows"] for chunk in chunks(file, entity) if columns[what] in chunk["names"])
            for what, entity in entities.items()
        })
    assert counts[0] == counts[1]
    assert counts[0]["video"] == frames and counts[0]["pose"] > 20 and counts[0]["points"] > 0
    cameras = rows(chunks(exported, "/world/camera"), "Pinhole:resolution")
    # One before SLAM knows it, and then what SLAM finds.
    assert cameras and all(each == [[640, 360]] for each in cameras), "the camera has the size of the pictures"
    # Rows stand together: a chunk for each would be mostly names.
    assert len(chunks(exported, "/world/camera")) <= counts[0]["pose"] / 5
