"""MCAP files: what Python's reader makes of them, whether Foxglove's SDK writes the same, and what a kill leaves."""

import json
import subprocess
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.records import DataEnd, Message, Statistics
from mcap.stream_reader import StreamReader
from mcap_protobuf.decoder import DecoderFactory

from phone import Phone, Player
from server import wait_until
from telemetry import Client, sample as imu_sample

TOPICS = {
    "/camera/video": "foxglove.CompressedVideo", "/camera/calibration": "foxglove.CameraCalibration",
    "/tf": "foxglove.FrameTransform", "/camera/pose": "foxglove.PoseInFrame", "/points": "foxglove.PointCloud",
    "/gps": "foxglove.LocationFix", "/scene": "foxglove.SceneUpdate",
    "/camera/annotations": "foxglove.ImageAnnotations", "/log": "foxglove.Log", "/imu": "worldsystem.IMU",
    "/camera/pose_state": "worldsystem.PoseState",
}


@pytest.fixture(params=["none", "lz4", "zstd"])
def sample(request, binary, tmp_path) -> Path:
    """A file with every kind of message and record."""
    path = tmp_path / f"{request.param}.mcap"
    result = subprocess.run(
        [binary, "bench", "mcap", "--sample", path, "--compressions", request.param], capture_output=True, text=True,
        timeout=60)
    assert result.returncode == 0, result.stderr
    return path


def decoded(path: Path) -> list[tuple]:
    """Schema, channel, message and decoded message of all messages, by the index, with every checksum verified."""
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        return list(reader.iter_decoded_messages())


def check_whole(path: Path) -> Statistics:
    """Reads a file from its start, and by its index; both give the same messages.

    :returns: the statistics of the file.
    """
    with path.open("rb") as stream:
        records = list(StreamReader(stream, validate_crcs=True).records)
    in_order = [record for record in records if isinstance(record, Message)]
    assert any(isinstance(record, DataEnd) and record.data_section_crc != 0 for record in records)
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        by_index = [message for _, _, message in reader.iter_messages()]
    key = lambda message: (message.log_time, message.channel_id, message.sequence, message.data)  # noqa: E731
    assert sorted(map(key, by_index)) == sorted(map(key, in_order))
    statistics = summary.statistics
    assert statistics.message_count == len(in_order) == sum(statistics.channel_message_counts.values())
    assert statistics.chunk_count == len(summary.chunk_indexes)
    assert statistics.channel_count == len(summary.channels) and statistics.schema_count == len(summary.schemas)
    for channel_id, count in statistics.channel_message_counts.items():
        sequences = [message.sequence for message in in_order if message.channel_id == channel_id]
        assert len(sequences) == count and sequences == list(range(count))
    for index in summary.chunk_indexes:
        times = [m.log_time for m in in_order if index.message_start_time <= m.log_time <= index.message_end_time]
        assert times and min(times) == index.message_start_time and max(times) == index.message_end_time
    return statistics


def test_python_reads_every_record(sample):
    statistics = check_whole(sample)
    assert statistics.message_count == 330 and statistics.attachment_count == 1 and statistics.metadata_count == 1
    messages = decoded(sample)
    assert {channel.topic: schema.name for schema, channel, _, _ in messages} == TOPICS
    with sample.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        (attachment,) = reader.iter_attachments()
        (metadata,) = reader.iter_metadata()
    assert (attachment.name, attachment.data) == ("note.txt", b"a note")
    assert metadata.metadata == {"stream": "drone"}


def test_values_are_what_was_written(sample):
    first = {}
    for _, channel, message, value in decoded(sample):
        first.setdefault(channel.topic, (message, value))
    message, video = first["/camera/video"]
    assert message.log_time == 1_700_000_000_000_000_000
    assert (video.timestamp.seconds, video.format, video.data) == (1_700_000_000, "h264", b"\0\0\0\1\x65\0")
    calibration = first["/camera/calibration"][1]
    assert list(calibration.K) == [900, 0, 640, 0, 901, 360, 0, 0, 1] and calibration.width == 1280
    assert len(calibration.P) == 12 and calibration.distortion_model == "plumb_bob"
    fix = first["/gps"][1]
    assert fix.HasField("heading") and fix.heading == 0 and fix.velocity.z == 3 and fix.position_covariance_type == 1
    cloud = first["/points"][1]
    assert [field.name for field in cloud.fields] == ["x", "y", "z", "red", "green", "blue", "alpha"]
    assert cloud.point_stride * 100 == len(cloud.data) and cloud.pose.HasField("position")
    entity = first["/scene"][1].entities[0]
    assert entity.lifetime.seconds == 1 and entity.lifetime.nanos == 500_000_000 and entity.lines[0].type == 1
    assert first["/scene"][1].deletions[0].type == 1
    annotations = first["/camera/annotations"][1]
    assert annotations.points[0].type == 2 and len(annotations.points[0].points) == 3
    assert annotations.texts[0].text == "person 1" and annotations.circles[0].diameter == 5
    assert first["/log"][1].level == 3 and first["/log"][1].line == 3
    imu = first["/imu"][1]
    assert imu.linear_acceleration.z == 9.81 and imu.magnetic_field.z == -40 and imu.orientation.w == 1
    state = first["/camera/pose_state"][1]
    assert (state.frame_id, state.map, state.is_metric, state.is_keyframe) == ("world", 2, True, True)
    assert first["/tf"][1].rotation.w == 0.8 and first["/camera/pose"][1].pose.position.y == 0.5


def test_schemas_are_those_of_the_foxglove_sdk(sample):
    foxglove = pytest.importorskip("foxglove.messages")
    checked = 0
    for schema in {schema.name: schema for schema, _, _, _ in decoded(sample)}.values():
        assert schema.encoding == "protobuf"
        if schema.name.startswith("foxglove."):
            theirs = getattr(foxglove, schema.name.removeprefix("foxglove.")).get_schema()
            assert (theirs.name, theirs.encoding, theirs.data) == (schema.name, schema.encoding, schema.data)
            checked += 1
    assert checked == 9


def test_messages_are_those_that_the_foxglove_sdk_writes(sample):
    """What was decoded, written again by Foxglove's SDK, is the same bytes."""
    foxglove = pytest.importorskip("foxglove.messages")
    stamp = foxglove.Timestamp(1_700_000_000, 0)
    first = {}
    for _, channel, message, _ in decoded(sample):
        first.setdefault(channel.topic, message.data)
    assert first["/camera/video"] == foxglove.CompressedVideo(
        timestamp=stamp, frame_id="camera", data=b"\0\0\0\1\x65\0", format="h264").encode()
    pose = foxglove.Pose(
        position=foxglove.Vector3(x=0, y=0.5, z=-1), orientation=foxglove.Quaternion(x=0, y=0, z=0.6, w=0.8))
    assert first["/camera/pose"] == foxglove.PoseInFrame(timestamp=stamp, frame_id="world", pose=pose).encode()
    assert first["/tf"] == foxglove.FrameTransform(
        timestamp=stamp, parent_frame_id="world", child_frame_id="camera", translation=pose_position(foxglove),
        rotation=foxglove.Quaternion(x=0, y=0, z=0.6, w=0.8)).encode()
    assert first["/log"] == foxglove.Log(
        timestamp=stamp, level=foxglove.LogLevel.Warning, message="line 0", name="sample", file="f", line=3).encode()


def pose_position(foxglove):
    return foxglove.Vector3(x=0, y=0.5, z=-1)


def session_file(data: Path) -> Path:
    (path,) = data.glob("*/session.mcap")
    return path


def topics(path: Path) -> dict[str, list]:
    found: dict[str, list] = {}
    for _, channel, message, value in decoded(path):
        found.setdefault(channel.topic, []).append((message, value))
    return found


def test_a_live_session_is_one_file(make_server, clip, tmp_path):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        # What a phone says in front of the first frame that is recorded belongs to no session.
        wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) > 0, 10, "the first frame")
        motion = Client(server.ws_url, "/ws/phone")
        for index in range(200):
            place = {"gps": {"latitude": 47.5, "longitude": 8.5, "altitude": 400, "accuracy": 3}}
            motion.send(imu_sample(1_000_000_000 + index * 5_000_000, **(place if index % 50 == 0 else {})))
        wait_until(lambda: len(player.sent) >= 120, 15, "four seconds of video")
        player.stop()
        wait_until(
            lambda: server.metric("worldsystem_recording_frames_total") >= len(player.sent), 15, "the last frame")
    server.stop()
    path = session_file(server.data)
    check_whole(path)
    found = topics(path)
    video = found["/camera/video"]
    assert len(video) == len(player.sent)
    assert [message.log_time for message, _ in video] == sorted({message.log_time for message, _ in video})
    assert all(value.format == "h264" and value.frame_id == "camera" for _, value in video)
    # A decoder takes it as it is.
    raw = tmp_path / "video.h264"
    raw.write_bytes(b"".join(value.data for _, value in video))
    counted = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames",
         "-of", "csv=p=0", raw], capture_output=True, text=True, timeout=60)
    assert (counted.stdout.strip().rstrip(","), counted.stderr) == (str(len(video)), "")
    assert len(found["/imu"]) == 200 and len(found["/gps"]) == 4
    assert found["/imu"][0][1].linear_acceleration.z == 9.81 and found["/gps"][0][1].latitude == 47.5
    assert any("begins" in value.message for _, value in found["/log"])
    # Motion and video are on one clock.
    assert abs(found["/imu"][0][0].log_time - video[0][0].log_time) < 30e9


def test_a_flight_with_its_path_is_one_file(make_server):
    server = make_server("--demo", command="up")
    wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) >= 240, 60, "eight seconds of flight")
    server.stop()
    found = topics(session_file(server.data))
    assert {"/camera/video", "/imu", "/gps", "/log"} <= set(found)
    poses = found.get("/camera/pose", [])
    assert len(poses) == len(found.get("/tf", []))
    if poses:
        times = {message.log_time for message, _ in found["/camera/video"]}
        assert all(message.log_time in times for message, _ in poses)
        assert found["/camera/path"][0][1].entities[0].id == "path"


def test_kill_9_loses_less_than_a_second_and_the_next_start_completes_the_file(make_server, clip):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) >= 135, 15, "four and a half seconds of video")
        server.kill9()
    path = session_file(server.data)
    cut = path.read_bytes()
    server.start()
    wait_until(lambda: path.read_bytes()[-8:] == b"\x89MCAP0\r\n" and len(path.read_bytes()) > len(cut), 15, "the end")
    server.stop()
    check_whole(path)
    video = topics(path)["/camera/video"]
    # The video file writes fragments of 0.4 s, this one chunks of a second.
    frames = json.loads((path.parent / "metadata.json").read_text())["total_frames"]
    assert len(video) >= 30 and frames - len(video) <= 35


def test_without_mcap_there_is_no_file(make_server, clip):
    server = make_server("--no-mcap", command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip):
        wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) >= 30, 15, "a second of video")
    server.stop()
    assert list(server.data.glob("*/video.mp4")) and not list(server.data.glob("*/session.mcap"))


def test_a_file_is_recorded_as_the_same_bytes_each_time(binary, clip, tmp_path):
    source = tmp_path / "clip.h264"
    source.write_bytes(clip.annexb)
    files = []
    for name in ("first", "second"):
        data = tmp_path / name
        result = subprocess.run(
            [binary, "record", "--from", source, "--data", data], capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        check_whole(session_file(data))
        files.append([(m.log_time, m.data) for m, _ in topics(session_file(data))["/camera/video"]])
    assert [data for _, data in files[0]] == [data for _, data in files[1]] and len(files[0]) == len(clip.units)
