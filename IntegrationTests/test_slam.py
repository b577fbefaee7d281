"""SLAM on files and on live video, seen by whoever reads what it writes."""

import json
import math
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from server import DEFAULTS

DATA = Path(os.environ.get("WORLDSYSTEM_TEST_DATA", Path(__file__).parents[2] / "shared/data")) / "slam"
EUROC = DATA / "euroc_mh01_30s"
needs_euroc = pytest.mark.skipif(not EUROC.exists(), reason="test data is absent: set WORLDSYSTEM_TEST_DATA")


def slam(binary: Path, *args: object, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess:
    return subprocess.run(
        [binary, "slam", *map(str, args)], cwd=cwd, env={"PATH": os.environ["PATH"]} | DEFAULTS,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def short_euroc(tmp_path_factory) -> Path:
    """The first ten seconds, in which the drone moves."""
    folder = tmp_path_factory.mktemp("euroc")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", EUROC / "video.mp4", "-frames:v", "200", "-c", "copy", folder / "video.mp4"],
        check=True)
    (folder / "times.txt").write_text("".join((EUROC / "times.txt").read_text().splitlines(True)[:201]))
    return folder


def positions(path: Path) -> dict[float, tuple[float, ...]]:
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return {float(line[0]): tuple(map(float, line[1:4])) for line in lines}


@needs_euroc
def test_a_file_gives_the_same_files_every_time(binary, short_euroc, tmp_path):
    outputs = []
    for turn in ("a", "b"):
        folder = tmp_path / turn
        folder.mkdir()
        result = slam(
            binary, "--from", short_euroc / "video.mp4", "--times", short_euroc / "times.txt",
            "--camera", EUROC / "camera.json", "--imu", EUROC / "imu.csv", "--trajectory", "path.txt",
            "--map", "map.ply", "--colmap", "colmap", "--data", "data", cwd=folder)
        assert result.returncode == 0, result.stderr
        outputs.append([(folder / name).read_bytes() for name in (
            "path.txt", "map.ply", "colmap/cameras.txt", "colmap/images.txt", "colmap/points3D.txt")])
    assert outputs[0] == outputs[1]
    folder = tmp_path / "a"
    path = positions(folder / "path.txt")
    assert len(path) >= 190
    header, _, body = (folder / "map.ply").read_bytes().partition(b"end_header\n")
    count = int(header.split(b"element vertex ")[1].split()[0])
    assert b"property uchar blue\nproperty float confidence\n" in header
    assert count > 20_000 and len(body) == 19 * count
    colours = {body[19 * index + 12 : 19 * index + 15] for index in range(0, count, 97)}
    assert len(colours) > 20
    confidences = [struct.unpack_from("<f", body, 19 * index + 15)[0] for index in range(0, count, 97)]
    assert all(0 < confidence <= 1 for confidence in confidences)
    images = [line for line in (folder / "colmap/images.txt").read_text().splitlines() if not line.startswith("#")]
    kept = {file.name for file in (folder / "data").glob("*/keyframes/keyframe_*.jpg")}
    named = {line.split()[9] for line in images[::2]}
    assert len(named) >= 5 and named <= kept
    poses = {file.name for file in (folder / "data").glob("*/keyframes/pose_*.npy")}
    assert len(poses) == len(kept)


@needs_euroc
def test_without_depth_the_map_has_landmarks_alone(binary, short_euroc, tmp_path):
    result = slam(
        binary, "--from", short_euroc / "video.mp4", "--camera", EUROC / "camera.json", "--no-dense",
        "--map", "map.ply", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    header, _, body = (tmp_path / "map.ply").read_bytes().partition(b"end_header\n")
    count = int(header.split(b"element vertex ")[1].split()[0])
    assert 300 < count < 10_000 and len(body) == 15 * count and b"confidence" not in header


@needs_euroc
def test_the_other_trajectory_formats(binary, short_euroc, tmp_path):
    for name, fields, separator in (("path.csv", 8, ","), ("path.kitti", 12, None)):
        result = slam(
            binary, "--from", short_euroc / "video.mp4", "--camera", EUROC / "camera.json", "--skip", "2",
            "--trajectory", name, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        lines = [line for line in (tmp_path / name).read_text().splitlines() if not line.startswith("#")]
        assert len(lines) >= 90 and all(len(line.split(separator)) == fields for line in lines)


@needs_euroc
def test_a_map_outlives_its_process(binary, short_euroc, tmp_path):
    """What one run saved another finds itself in: its path is metric without sensors, in the same axes."""
    fixes, to_metres = fixes_along_the_truth()
    (tmp_path / "gps.csv").write_text(fixes)
    common = (
        "--from", short_euroc / "video.mp4", "--times", short_euroc / "times.txt", "--camera", EUROC / "camera.json")
    first = slam(
        binary, *common, "--imu", EUROC / "imu.csv", "--map", "yard.wsmap", "--trajectory", "a.txt", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    saved = (tmp_path / "yard.wsmap").read_bytes()
    assert saved.startswith(b"WSMAP") and [file.name for file in tmp_path.glob("*.part")] == []
    second = slam(binary, *common, "--map", "yard.wsmap", "--trajectory", "b.txt", "--colmap", "colmap", cwd=tmp_path)
    assert second.returncode == 0 and "relocalised" in second.stderr, second.stderr
    a, b = positions(tmp_path / "a.txt"), positions(tmp_path / "b.txt")
    assert len(b) == 200 and max(math.dist(a[time], b[time]) for time in a.keys() & b.keys()) < 0.03
    assert (tmp_path / "yard.wsmap").stat().st_size > len(saved)
    assert "run-0/keyframe_" in (tmp_path / "colmap/images.txt").read_text()

    # Twenty times as large as it is: satellites tell the place of a path of some metres to nobody.
    result = slam(
        binary, *common, "--gps", "gps.csv", "--positions", "places.csv", "--map", "earth.wsmap", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for name in ("places.csv", "again.csv"):
        header, *lines = (tmp_path / name).read_text().splitlines()
        assert header == "timestamp,latitude,longitude,altitude" and len(lines) >= 190
        errors = [to_metres(*map(float, line.split(","))) for line in lines]
        assert max(error for error in errors if error is not None) < 0.6
        if name == "places.csv":
            result = slam(binary, *common, "--positions", "again.csv", "--map", "earth.wsmap", cwd=tmp_path)
            assert result.returncode == 0, result.stderr


def fixes_along_the_truth():
    """`gps.csv` as if the drone had flown twenty times as far, and how far a position is from that."""
    latitude, longitude, altitude = 47.397742, 8.545594, 488.0
    squared = 0.00669437999014
    root = math.sqrt(1 - squared * math.sin(math.radians(latitude)) ** 2)
    north = 6_378_137 * (1 - squared) / root**3 + altitude
    east = (6_378_137 / root + altitude) * math.cos(math.radians(latitude))
    rows = [line.split() for line in (EUROC / "groundtruth.txt").read_text().splitlines() if not line.startswith("#")]
    truth = {row[0][:14]: [20 * float(value) for value in row[1:4]] for row in rows}
    lines = []
    for row in rows[::4]:
        x, y, z = truth[row[0][:14]]
        place = f"{latitude + math.degrees(y / north):.9f},{longitude + math.degrees(x / east):.9f},{altitude + z}"
        lines.append(f"{row[0]},{place},0,0,0.05")

    def error(time, lat, lon, alt):
        place = truth.get(f"{time:.9f}"[:14])
        found = (math.radians(lon - longitude) * east, math.radians(lat - latitude) * north, alt - altitude)
        return place and math.dist(found, place)

    return "\n".join(lines) + "\n", error


def test_wrong_files_are_named(binary, tmp_path):
    (tmp_path / "video.mp4").write_bytes(b"none")
    (tmp_path / "camera.json").write_text('{"model":"pinhole"}')
    (tmp_path / "imu.csv").write_text("1,2\n")
    (tmp_path / "gps.csv").write_text("1,97,8,400\n")
    (tmp_path / "map.wsmap").write_bytes(b"WSMAP\0\r\n" + bytes(30))
    for args, words in (
        (["--camera", "camera.json"], ("camera.json", "fx")),
        (["--camera", "absent.json"], ("absent.json",)),
        (["--imu", "imu.csv"], ("imu.csv", "line 1")),
        (["--gps", "gps.csv"], ("gps.csv", "line 1", "latitude")),
        (["--map", "map.wsmap"], ("map.wsmap", "version 0")),
        (["--map", "absent/map.wsmap"], ("absent/map.wsmap",)),
        (["--from", "ws://127.0.0.1:1/x", "--imu", "imu.csv"], ("--imu",)),
        (["--from", "ws://127.0.0.1:1/x", "--gps", "gps.csv"], ("--gps",)),
    ):
        result = slam(binary, *(["--from", "video.mp4"] if "--from" not in args else []), *args, cwd=tmp_path)
        assert result.returncode == 64 and result.stderr.count("\n") == 1, result.stderr
        assert all(word in result.stderr for word in words), result.stderr


@needs_euroc
def test_an_unknown_place_is_said_to_be(binary, short_euroc, tmp_path):
    result = slam(
        binary, "--from", short_euroc / "video.mp4", "--skip", "4", "--positions", "places.csv", cwd=tmp_path)
    assert result.returncode == 1 and "places.csv" in result.stderr and "--gps" in result.stderr
    assert not (tmp_path / "places.csv").exists()


def test_live_states_reach_the_metrics(binary, server, tmp_path):
    """A simulated flight over the network: states are told, and the end is clean."""
    port = 9_300 + os.getpid() % 500
    environment = {"PATH": os.environ["PATH"]} | DEFAULTS
    source = f"{server.ws_url}/ws/h264_stream?stream=sky"
    with subprocess.Popen(
        [binary, "simulate", "--flight", "--stream", "sky", "--to", server.ws_url, "--duration", "25"],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as flight, subprocess.Popen(
        [binary, "slam", "--from", source, "--metrics", str(port), "--trajectory", "path.txt", "--map",
         "sky.wsmap"],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as service:
        try:
            deadline = time.monotonic() + 60
            tracking = False
            while not tracking and time.monotonic() < deadline:
                text = subprocess.run(
                    ["curl", "-s", f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True).stdout
                tracking = 'worldsystem_slam_state{state="tracking"} 1' in text
                time.sleep(0.5)
            assert tracking, "never tracked"
            time.sleep(2)
        finally:
            service.send_signal(signal.SIGINT)
            service.communicate(timeout=30)
            flight.send_signal(signal.SIGINT)
            flight.wait(timeout=20)
    assert service.returncode == 0
    assert len(positions(tmp_path / "path.txt")) > 5
    assert (tmp_path / "sky.wsmap").read_bytes().startswith(b"WSMAP"), "kept when it is told to stop"
