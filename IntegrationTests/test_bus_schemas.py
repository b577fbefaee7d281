"""What is on the bus is what docs/schemas says: every exchange, taken with a client that nobody here wrote."""

import contextlib
import json
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from bus import SCHEMAS, BusConsumer, read_ply, table, validator
from phone import Phone, Player
from rabbitmq import Broker
from server import wait_until

# Made by services that find something in pictures; here by the truth of a simulated flight.
RESULTS = {
    "processed_frames_exchange", "api_results_exchange", "slam_results_exchange", "trajectory_data_exchange",
    "ply_fanout_exchange",
}
IMU = {
    "type": "imu_data", "timestamp": 1, "accelerometer": {"x": 0.1, "y": 0.2, "z": 9.81},
    "gyroscope": {"x": 0, "y": 0.01, "z": -0.02}, "vendor": {"kept": True},
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as node:
        yield node


@pytest.fixture(scope="module")
def consumer(broker) -> Iterator[BusConsumer]:
    with BusConsumer(broker.url, set(table())) as taking:
        yield taking
        assert taking.error is None


@contextlib.contextmanager
def simulated_flight(binary: Path, server_url: str, broker_url: str, seconds: float = 4):
    """`simulate --flight --results-to`, ended with the block."""
    flight = subprocess.Popen(
        [binary, "simulate", "--flight", "--seed", "3", "--to", server_url, "--duration", str(seconds),
         "--stream", "sky", "--results-to", broker_url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield flight
        _, errors = flight.communicate(timeout=seconds + 40)
        assert flight.returncode == 0, errors
    finally:
        flight.kill()
        flight.wait()


def test_every_exchange_of_the_server_is_documented(make_server, broker):
    make_server("--bus", broker.url)
    found = wait_until(lambda: {
        name for name, kind, durable in (
            line.split("\t") for line in broker.control("list_exchanges", "name", "type", "durable").splitlines()[0:])
        if name.endswith("_exchange") and (kind, durable) == ("fanout", "true")}, 15, "exchanges")
    assert found == set(table())


def test_schemas_are_well_formed_and_each_is_documented():
    text = (SCHEMAS / "README.md").read_text()
    for path in SCHEMAS.glob("*.schema.json"):
        schema = json.loads(path.read_text())
        validator(path.name.removesuffix(".schema.json")).check_schema(schema)
        assert schema["$id"] == path.name and f"({path.name})" in text
    links = set(re.findall(r"\(([\w.]+\.json)\)", text))
    assert links == {path.name for path in SCHEMAS.glob("*.json")}


def test_results_of_a_flight(server, binary, broker, consumer):
    with simulated_flight(binary, server.ws_url, broker.url):
        for exchange in sorted(RESULTS):
            for message in consumer.wait_for(exchange, 2 if exchange == "ply_fanout_exchange" else 1):
                message.validate()
                assert message.headers["stream"] == "sky"
    frames = [message.json for message in consumer.messages("processed_frames_exchange")]
    numbers = [frame["frame_number"] for frame in frames]
    assert numbers == sorted(set(numbers)) and len(numbers) > 10
    poses = {m.json["frame_number"]: m.json for m in consumer.messages("slam_results_exchange")}
    assert set(poses) == set(numbers)
    assert [m.body for m in consumer.messages("slam_results_exchange")] == [
        m.body for m in consumer.messages("trajectory_data_exchange")]
    # The mask of each object is as large as it says, inside its box.
    seen = set()
    for item in (item for frame in frames for item in frame["objects"]):
        columns, rows, area = mask_extent(item["mask"])
        assert area == item["area"] and item["mask_shape"] == item["mask"]["size"]
        assert [columns[0], rows[0], columns[1] + 1, rows[1] + 1] == item["box"]
        seen.add(item["id"])
    identified = [message.json["object_id"] for message in consumer.messages("api_results_exchange")]
    assert sorted(identified) == sorted(seen)
    vertices = read_ply(consumer.messages("ply_fanout_exchange")[-1].body)
    assert len(vertices) > 500 and len({vertex[3:] for vertex in vertices}) > 50
    # Points lie where the flight is: in front of some pose, in the world's metres.
    x, y, z = zip(*(vertex[:3] for vertex in vertices))
    assert max(x) - min(x) > 10 and max(y) - min(y) > 10 and min(z) > -30 and max(z) < 200


def mask_extent(mask: dict) -> tuple[tuple[int, int], tuple[int, int], int]:
    """First and last column and row of a mask, and its pixels: COCO's compressed run lengths, read here."""
    height, _ = mask["size"]
    runs, value, shift = [], 0, 0
    for character in mask["counts"].encode():
        group = character - 48
        value |= (group & 31) << shift
        shift += 5
        if not group & 32:
            if group & 16:
                value |= -1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    columns, rows, area, place = [], [], 0, 0
    for index, run in enumerate(runs):
        if index % 2 and run:
            area += run
            last = place + run - 1
            columns += [place // height, last // height]
            rows += [0, height - 1] if place // height != last // height else [place % height, last % height]
        place += run
    return (min(columns), max(columns)), (min(rows), max(rows)), area


def test_telemetry_of_a_phone(make_server, broker, consumer):
    server = make_server("--bus", broker.url)
    consumer.wait_for("restart_exchange")[-1].validate()
    with connect(f"{server.ws_url}/ws/phone", compression=None, proxy=None) as phone:
        now = time.time_ns()
        for index in range(20):
            phone.send(json.dumps(IMU | {"timestamp": now + index * 5_000_000}))
        phone.send(json.dumps({"type": "analysis_mode", "data": "yolo"}))
        phone.send(json.dumps({"type": "imu_data", "timestamp": now, "battery": 71}))
        phone.send(json.dumps({"type": "vendor_special", "value": [1, 2]}))
        phone.send(struct.pack(">Q", now) + jpeg())
        samples = consumer.wait_for("imu_data_exchange", 20)
        for message in samples:
            message.validate()
        assert [message.json["timestamp"] for message in samples[-20:]] == [now + i * 5_000_000 for i in range(20)]
        assert samples[-1].json["vendor"] == {"kept": True}
        for exchange in ("analysis_mode_exchange", "video_frames_exchange", "phone_messages_exchange"):
            for message in consumer.wait_for(exchange):
                message.validate()
        picture = consumer.messages("video_frames_exchange")[-1]
        assert (picture.headers["width"], picture.headers["height"]) == (64, 48) and picture.body == jpeg()


def test_commands_of_a_viewer_cross_the_bus_unchanged(make_server, broker, consumer):
    server = make_server("--bus", broker.url)
    with connect(f"{server.ws_url}/ws/viewer", compression=None, proxy=None) as viewer:
        text = '{"type":"movement", "x":0.5,"y":-1, "timestamp":"1795363561520000000"}'
        viewer.send(text)
        message = consumer.wait_for("control_commands_exchange")[-1]
        message.validate()
        assert message.body.decode() == text


def test_events_of_a_stream(make_server, broker, consumer, clip):
    server = make_server("--bus", broker.url, "--bus-video", "--publisher-grace", "0.2", command="up")
    before = len(consumer.messages("events_exchange"))
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) >= 60, 15, "two seconds of video")
        units = consumer.wait_for("video_stream_exchange", 30)
        for message in units:
            message.validate()
            assert int(message.headers["chunk_size"]) == len(message.body)
            assert message.body.startswith(b"\0\0\0\1") and message.headers["stream"] == "drone"
        consumer.wait_for("stream_announcements_exchange")[-1].validate()
    wanted = {"stream_started", "stream_stopped", "recording_segment_closed", "session_ended"}
    wait_until(
        lambda: wanted <= {message.json["type"] for message in consumer.messages("events_exchange")[before:]}, 20,
        f"events {wanted}")
    for message in consumer.messages("events_exchange"):
        message.validate()


def jpeg() -> bytes:
    """A small picture, made by ffmpeg."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=1", "-frames:v", "1", "-f", "mjpeg",
         "-bitexact", "-"], capture_output=True, check=True, timeout=20).stdout
