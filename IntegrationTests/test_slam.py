"""SLAM on files and on live video, seen by whoever reads what it writes."""

import json
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
    assert len(named) >= 5 and len(kept & named) >= len(named) - 1
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


def test_wrong_files_are_named(binary, tmp_path):
    (tmp_path / "video.mp4").write_bytes(b"none")
    (tmp_path / "camera.json").write_text('{"model":"pinhole"}')
    (tmp_path / "imu.csv").write_text("1,2\n")
    for args, words in (
        (["--camera", "camera.json"], ("camera.json", "fx")),
        (["--camera", "absent.json"], ("absent.json",)),
        (["--imu", "imu.csv"], ("imu.csv", "line 1")),
        (["--from", "ws://127.0.0.1:1/x", "--imu", "imu.csv"], ("--imu",)),
    ):
        result = slam(binary, *(["--from", "video.mp4"] if "--from" not in args else []), *args, cwd=tmp_path)
        assert result.returncode == 64 and result.stderr.count("\n") == 1, result.stderr
        assert all(word in result.stderr for word in words), result.stderr


def test_live_states_reach_the_metrics(binary, server, tmp_path):
    """A simulated flight over the network: states are told, and the end is clean."""
    port = 9_300 + os.getpid() % 500
    environment = {"PATH": os.environ["PATH"]} | DEFAULTS
    source = f"{server.ws_url}/ws/h264_stream?stream=sky"
    with subprocess.Popen(
        [binary, "simulate", "--flight", "--stream", "sky", "--to", server.ws_url, "--duration", "25"],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as flight, subprocess.Popen(
        [binary, "slam", "--from", source, "--metrics", str(port), "--trajectory", "path.txt"],
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
