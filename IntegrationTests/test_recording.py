"""The recorder against the real binary: what is on the disk while it runs, after it ends, and when things break."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from consumer import Consumer
from phone import Phone, Player
from server import Server, wait_until

PAUSED = "worldsystem_recording_paused"


def sessions(data: Path) -> list[Path]:
    """The folders of sessions, oldest first."""
    return sorted(path.parent for path in data.glob("*/metadata.json"))


def metadata(session: Path) -> dict:
    return json.loads((session / "metadata.json").read_text())


def frames_in(video: Path) -> int:
    """Frames that ffmpeg decodes without the smallest complaint."""
    result = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", "-i", video, "-fps_mode", "passthrough",
         "-f", "framecrc", "-"],
        capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, ""), f"{video.name}: {result.stderr}"
    return sum(not line.startswith("#") for line in result.stdout.splitlines())


def times_in(video: Path) -> list[float]:
    """Presentation times of the frames, seconds from the first."""
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", video],
        capture_output=True, text=True, timeout=60, check=True)
    return [float(line.split(",")[0]) for line in result.stdout.split()]


def duration_of(video: Path) -> float:
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", video],
        capture_output=True, text=True, timeout=60, check=True)
    return float(result.stdout)


def wait_recorded(server: Server, count: int, timeout: float = 15) -> None:
    wait_until(
        lambda: (server.metric("worldsystem_recording_frames_total") or 0) >= count, timeout, f"{count} frames")


def test_a_session_is_video_stills_and_metadata(make_server, clip):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_recorded(server, 100)
        recording = server.json("/api/recordings")["recordings"][0]
        assert recording["active"] and recording.get("end_time") is None and recording["stream"] == "drone"
        # What is on the disk plays while it is being written, over HTTP too, and by ranges.
        file = recording["files"][0]["name"]
        part = server.get(f"/recordings/{recording['id']}/{file}", headers={"Range": "bytes=4-7"})
        assert (part.status, part.body) == (206, b"ftyp")
        (server.data / "copy.mp4").write_bytes(server.get(f"/recordings/{recording['id']}/{file}").body)
        assert frames_in(server.data / "copy.mp4") >= 70
    server.stop()

    (session,) = sessions(server.data)
    about = metadata(session)
    count = about["total_frames"]
    assert session.name == about["session_id"] == recording["id"]
    assert count >= 100 and count <= len(player.sent) and about["missed_frames"] == 0
    assert frames_in(session / "video.mp4") == count
    numbers = list(range(1, count + 1, 30))
    assert [frame["frame_number"] for frame in about["frames"]] == numbers
    assert [frame["path"] for frame in about["frames"]] == [f"frame_{number:06}.jpg" for number in numbers]
    for frame in about["frames"]:
        still = (session / frame["path"]).read_bytes()
        assert still.startswith(b"\xff\xd8") and still.endswith(b"\xff\xd9")
    assert sorted(path.name for path in session.iterdir()) == sorted(
        ["metadata.json", "session.mcap", "video.mp4"] + [f"frame_{number:06}.jpg" for number in numbers])
    assert abs(about["start_time"] - player.started_us / 1e6) < 1
    assert abs(about["end_time"] - about["start_time"] - (count - 1) / 30) < 0.3


def test_times_are_those_of_the_capture(make_server, clip):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone:
        phone.send_parameter_sets(clip)
        # Pictures 20 ms and 60 ms apart by turns, as a phone in bad light takes them.
        started, stamps = time.monotonic(), []
        for index, unit in enumerate(clip.units[:60]):
            stamps.append(index * 40_000 + (index % 2) * 20_000)
            time.sleep(max(0, stamps[-1] / 1e6 - (time.monotonic() - started)))
            phone.send_unit(unit, stamps[-1])
        wait_recorded(server, 60)
    server.stop()
    (session,) = sessions(server.data)
    times = times_in(session / "video.mp4")
    assert len(times) == 60
    # The clock mapping may follow a fast packet by a tenth of the time; it never makes up a rhythm.
    steps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert all(abs(step - (0.06 if index % 2 == 0 else 0.02)) < 0.01 for index, step in enumerate(steps))


def test_segments_begin_at_key_frames_and_lose_nothing(make_server, clip):
    server = make_server(command="up", environment={"VIDEO_CHUNK_DURATION_SECONDS": "2"})
    with Phone(server.ws_url) as phone, Player(phone, clip, loop=True) as player:
        wait_until(lambda: len(player.sent) >= 210, 15, "seven seconds of video")
        player.stop()
        wait_recorded(server, len(player.sent))
    server.stop()
    (session,) = sessions(server.data)
    names = sorted(path.name for path in session.glob("*.mp4"))
    assert names == [f"video_{index:03}.mp4" for index in range(len(names))] and len(names) >= 3
    files = metadata(session)["files"]
    assert [file["name"] for file in files] == names
    assert [frames_in(session / name) for name in names] == [file["frames"] for file in files]
    assert sum(file["frames"] for file in files) == len(player.sent)
    for file in files[:-1]:
        assert file["frames"] == 60
        assert abs(duration_of(session / file["name"]) - 2) < 0.2
    for earlier, later in zip(files, files[1:]):
        assert abs(later["start_time"] - earlier["start_time"] - 2) < 0.2


def test_kill_9_loses_less_than_a_second(make_server, clip):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) >= 135, 15, "four and a half seconds of video")
        server.kill9()
        sent = len(player.sent)
    (session,) = sessions(server.data)
    assert metadata(session)["end_time"] is None
    # As it was left, nothing repaired: it plays, and at most a second is missing.
    assert sent - frames_in(session / "video.mp4") <= 30

    server.start()
    wait_until(lambda: metadata(session)["end_time"] is not None, 10, "the session is completed")
    about = metadata(session)
    count = frames_in(session / "video.mp4")
    assert about["total_frames"] == count and sent - count <= 30
    assert abs(duration_of(session / "video.mp4") - count / 30) < 0.3
    recording = server.json("/api/recordings")["recordings"][0]
    assert not recording["active"] and abs(recording["duration_s"] - count / 30) < 0.3


def test_another_resolution_is_another_file(resized):
    files = metadata(resized)["files"]
    assert [(file["width"], file["frames"]) for file in files] == [(320, 30), (640, 30), (320, 30)]
    assert [frames_in(resized / file["name"]) for file in files] == [30, 30, 30]


def test_a_publisher_that_comes_back_goes_on_in_the_same_session(make_server, clip):
    server = make_server("--publisher-grace", "4", command="up")
    for _ in range(2):
        with Phone(server.ws_url) as phone, Player(phone, clip) as player:
            wait_until(lambda: len(player.sent) >= 40, 10, "more than a second of video")
            player.stop()
            phone.cut()
        time.sleep(1)
    assert len(server.json("/api/recordings")["recordings"]) == 1
    # Gone for good: the grace period passes, and the session is complete.
    recording = wait_until(
        lambda: next((found for found in server.json("/api/recordings")["recordings"] if not found["active"]), None),
        15, "the session has ended")
    assert recording["end_time"] is not None and recording["total_frames"] >= 75
    with Phone(server.ws_url) as phone, Player(phone, clip):
        wait_until(lambda: len(server.json("/api/recordings")["recordings"]) == 2, 10, "another session")


@pytest.fixture
def small_disk(make_small_disk) -> Path:
    """A folder on a file system of 24 MiB."""
    return make_small_disk(24)


@pytest.mark.parametrize("min_free_mebibytes", [0, 8])
def test_a_full_disk_pauses_recording_and_not_the_stream(
    binary, small_disk, make_clip, tmp_path, min_free_mebibytes
):
    clip = make_clip(size="640x360", seconds=3, kbps=6_000, noise=True)
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({"recording": {"min_free_mebibytes": min_free_mebibytes}}))
    filler = small_disk / "filler"
    filler.write_bytes(bytes((16 - min_free_mebibytes) << 20))
    server = Server(binary, small_disk, command="up", args=("--config", str(settings)), log=tmp_path / "server.log")
    server.start()
    try:
        with Phone(server.ws_url) as phone, Player(phone, clip), Consumer(server.ws_url, format="packets") as consumer:
            wait_until(lambda: server.metric(PAUSED) == 1, 60, "recording has paused")
            relayed = len(consumer.frames)
            consumer.wait_until(lambda _: len(consumer.frames) >= relayed + 60, 10, "the live stream goes on")
            assert server.metric(PAUSED) == 1
            before = server.metric("worldsystem_recording_frames_total")
            filler.unlink()
            wait_until(lambda: server.metric(PAUSED) == 0, 10, "recording goes on")
            wait_recorded(server, int(before) + 60)
        errors = [line for line in server.log_text().splitlines() if "recording pauses" in line]
        assert len(errors) == 1, server.log_tail()
    finally:
        server.stop()
    (session,) = sessions(small_disk)
    about = metadata(session)
    assert len(about["files"]) >= 2 and about["missed_frames"] > 0
    counts = [frames_in(session / file["name"]) for file in about["files"]]
    assert counts == [file["frames"] for file in about["files"]] and sum(counts) == about["total_frames"]


def test_record_follows_a_server_and_ends_on_ctrl_c(server, binary, clip, tmp_path):
    data = tmp_path / "sessions"
    recorder = subprocess.Popen(
        [binary, "record", "--from", f"{server.ws_url}/ws/h264_stream?stream=drone", "--data", data],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        with Phone(server.ws_url) as phone, Player(phone, clip) as player:
            wait_until(lambda: sessions(data) and metadata(sessions(data)[0])["total_frames"] >= 60, 20, "two seconds")
            recorder.send_signal(signal.SIGINT)
            _, errors = recorder.communicate(timeout=10)
            assert player.error is None
        assert recorder.returncode == 0, errors
    finally:
        recorder.kill()
        recorder.wait()
    (session,) = sessions(data)
    about = metadata(session)
    assert about["end_time"] is not None and about["stream"] == "drone"
    assert frames_in(session / "video.mp4") == about["total_frames"]


def test_record_reads_a_file_with_b_frames(binary, test_data, tmp_path):
    source = test_data / "videos" / "21_biker.mp4"
    subprocess.run(
        [binary, "record", "--from", source, "--data", tmp_path / "sessions"], check=True, capture_output=True,
        timeout=60)
    (session,) = sessions(tmp_path / "sessions")
    assert frames_in(session / "video.mp4") == metadata(session)["total_frames"] == 239
    wanted = times_in(source)
    first = min(wanted)
    assert times_in(session / "video.mp4") == pytest.approx([at - first for at in wanted], abs=1e-5)
    assert len(list(session.glob("frame_*.jpg"))) == 8


def test_old_recordings_make_room(make_server, clip):
    # 0.0005 GiB are some 530 kB: a session of two seconds fits, three do not.
    server = make_server(command="up", settings={"recording": {"keep_gibibytes": 0.0005}}, start=False)
    sizes = []
    for _ in range(3):
        server.start()
        with Phone(server.ws_url) as phone, Player(phone, clip):
            wait_recorded(server, 60)
        server.stop()
        sizes.append(sum(path.stat().st_size for path in sessions(server.data)[-1].iterdir()))
    before = sessions(server.data)
    server.start()
    kept = sessions(server.data)
    assert kept == before[-len(kept) :], "the newest are kept"
    total, expected = 0, 0
    for size in reversed(sizes):
        total += size
        expected += total <= 0.0005 * (1 << 30)
    assert len(kept) == expected and 0 < len(kept)
