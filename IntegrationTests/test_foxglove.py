"""Foxglove, live and playing recordings: by a client of its protocol, compared with Foxglove's own server."""

import base64
import json
import struct
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from foxglove_client import SUBPROTOCOL, FoxgloveClient
from phone import Phone, Player
from server import TOKENS, unused_port, wait_until
from telemetry import Client, sample as imu_sample

TOPICS = {
    "/camera/video": "foxglove.CompressedVideo", "/camera/annotations": "foxglove.ImageAnnotations",
    "/imu": "worldsystem.IMU", "/gps": "foxglove.LocationFix", "/tf": "foxglove.FrameTransform",
    "/camera/pose": "foxglove.PoseInFrame", "/camera/path": "foxglove.SceneUpdate", "/points": "foxglove.PointCloud",
    "/log": "foxglove.Log", "/camera/pose_state": "worldsystem.PoseState",
}


def decoder(channel: dict):
    """What decodes the messages of a channel, made of the schema that it names."""
    files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(channel["schema"]))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(channel["schemaName"])).FromString


def is_key_frame(annexb: bytes) -> bool:
    return any(part[:1] and part[0] & 31 == 5 for part in annexb.split(b"\0\0\1"))


def test_says_what_there_is(server):
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove") as client:
        client.hello()
        info, advertised = client.texts
        assert client.socket.subprotocol == SUBPROTOCOL
        assert info["op"] == "serverInfo" and info["capabilities"] == [] and "WorldSystem" in info["name"]
        assert {channel["topic"]: channel["schemaName"] for channel in advertised["channels"]}.items() >= TOPICS.items()
        for channel in advertised["channels"]:
            assert (channel["encoding"], channel["schemaEncoding"]) == ("protobuf", "protobuf")
            assert decoder(channel)(b"") is not None


@pytest.mark.parametrize("offered", [["foxglove.websocket.v1"], ["x", SUBPROTOCOL]])
def test_speaks_both_versions(server, offered):
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove", subprotocols=offered) as client:
        client.hello()
        assert client.socket.subprotocol == offered[-1]


def refused(address: str, **options) -> int:
    with pytest.raises(InvalidStatus) as caught, connect(address, **options):
        pass
    return caught.value.response.status_code


def test_refuses_whom_it_should(server, guarded):
    address = f"{server.ws_url}/ws/foxglove"
    assert refused(address) == 400
    assert refused(address, subprotocols=["chat"]) == 400
    assert refused(address, subprotocols=[SUBPROTOCOL], origin="https://elsewhere.example") == 403
    assert refused(f"{address}?stream=../x", subprotocols=[SUBPROTOCOL]) == 400
    assert refused(f"{address}?session=20200101_000000", subprotocols=[SUBPROTOCOL]) == 404
    assert refused(f"{address}?session=../../etc", subprotocols=[SUBPROTOCOL]) == 404
    with connect(address, subprotocols=[SUBPROTOCOL], origin="https://app.foxglove.dev"):
        pass
    address = f"{guarded.ws_url}/ws/foxglove"
    assert refused(address, subprotocols=[SUBPROTOCOL]) == 401
    assert refused(f"{address}?token={TOKENS['publish']}", subprotocols=[SUBPROTOCOL]) == 403
    with FoxgloveClient(f"{address}?token={TOKENS['view']}") as client:
        client.hello()


def test_a_stream_live(server, clip):
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) >= 20, 10, "video")
        with FoxgloveClient(f"{server.ws_url}/ws/foxglove") as first:
            first.hello()
            first.subscribe("/camera/video", "/imu", "/gps")
            first.read(lambda: len(first.of("/camera/video")) >= 15, 10, "video")
            motion = Client(server.ws_url, "/ws/phone")
            for index in range(20):
                place = {"gps": {"latitude": 47.5, "longitude": 8.5, "altitude": 400, "accuracy": 3}}
                motion.send(imu_sample(1_000_000_000 + index * 5_000_000, **(place if index == 0 else {})))
            first.read(lambda: len(first.of("/imu")) >= 20 and first.of("/gps"), 10, "motion")
            decode = decoder(next(c for c in first.channels.values() if c["topic"] == "/camera/video"))
            video = [(log_time, decode(data)) for log_time, data in first.of("/camera/video")]
            assert is_key_frame(video[0][1].data) and video[0][1].format == "h264"
            for log_time, frame in video:
                assert log_time == frame.timestamp.seconds * 1_000_000_000 + frame.timestamp.nanos
            decode = decoder(next(c for c in first.channels.values() if c["topic"] == "/imu"))
            assert decode(first.of("/imu")[0][1]).linear_acceleration.z == 9.81
            # Who comes later starts at a key frame at once, with the place that is known.
            with FoxgloveClient(f"{server.ws_url}/ws/foxglove") as second:
                second.hello()
                second.subscribe()
                second.read(lambda: second.of("/camera/video") and second.of("/gps"), 0.9, "video and place")
                decode = decoder(next(c for c in second.channels.values() if c["topic"] == "/camera/video"))
                assert is_key_frame(decode(second.of("/camera/video")[0][1]).data)
            first.say(op="unsubscribe", subscriptionIds=[
                number for number, topic in first.subscribed.items() if topic == "/camera/video"])
            first.read_for(0.3)
            before = len(first.of("/camera/video"))
            first.read_for(0.5)
            assert len(first.of("/camera/video")) == before
    assert server.metric("worldsystem_foxglove_messages_total") > 30
    wait_until(lambda: server.metric("worldsystem_foxglove_clients") == 0, 5, "the end of the clients")


SCRIPT = [
    {"op": "subscribe", "subscriptions": [{"id": 7, "channelId": 99}]},
    {"op": "subscribe", "subscriptions": [{"id": 7, "channelId": 1}]},
    {"op": "subscribe", "subscriptions": [{"id": 8, "channelId": 1}]},
    {"op": "unsubscribe", "subscriptionIds": [77]},
    {"op": "getParameters", "parameterNames": [], "id": "x"},
    {"op": "subscribeConnectionGraph"},
    {"op": "advertise", "channels": []},
    {"op": "unsubscribe", "subscriptionIds": [7]},
]


def transcript(address: str) -> list:
    """What a server says to a fixed script; what only its name and its schemas make different is taken out."""
    said: list = []
    with connect(address, subprotocols=[SUBPROTOCOL], max_size=64 << 20) as socket:
        def take(seconds: float) -> None:
            while True:
                try:
                    message = socket.recv(timeout=seconds)
                except TimeoutError:
                    return
                said.append(json.loads(message) if isinstance(message, str) else message.hex())

        take(0.5)
        for step in SCRIPT:
            socket.send(json.dumps(step))
            take(0.2)
        for data in (b"", b"\x09abc", b"\x03\x01"):
            socket.send(data)
            take(0.2)
    for value in said:
        if isinstance(value, dict) and value["op"] == "serverInfo":
            for key in ("name", "metadata", "sessionId"):
                assert value.pop(key)
    return said


def test_the_transcript_is_that_of_foxgloves_own_server(make_server):
    foxglove = pytest.importorskip("foxglove")
    server = make_server()
    ours = transcript(f"{server.ws_url}/ws/foxglove?stream=quiet")
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove") as client:
        client.hello()
        channels = [client.channels[number] for number in sorted(client.channels)]
    context = foxglove.Context()
    for channel in channels:
        foxglove.Channel(
            channel["topic"], message_encoding="protobuf", context=context, schema=foxglove.Schema(
                name=channel["schemaName"], encoding="protobuf", data=base64.b64decode(channel["schema"])))
    theirs = foxglove.start_server(port=unused_port(), context=context, name="x", session_id="s")
    try:
        reference = transcript(f"ws://127.0.0.1:{theirs.port}")
    finally:
        theirs.stop()
    assert len(reference) >= 9
    for mine, other in zip(ours, reference, strict=True):
        if isinstance(other, dict) and other["op"] == "advertise":
            # Their server pads no base64, and numbers channels as they come.
            strip = lambda c: {**c, "schema": base64.b64decode(c["schema"] + "==")}  # noqa: E731
            key = lambda c: c["id"]  # noqa: E731
            assert sorted(map(strip, mine["channels"]), key=key) == sorted(map(strip, other["channels"]), key=key)
        else:
            assert mine == other


@pytest.fixture
def recording(make_server, clip):
    """A server with a session of four seconds, its name, and the messages of its file."""
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) >= 120, 15, "four seconds of video")
    wait_until(lambda: list(server.data.glob("*/session.mcap")), 5, "the file")
    (path,) = server.data.glob("*/session.mcap")
    server.stop()
    with path.open("rb") as stream:
        messages = [(c.topic, m.log_time, m.data) for _, c, m in make_reader(stream).iter_messages()]
    server.start()
    return server, path.parent.name, messages


def test_a_recording_is_played(recording):
    server, session, messages = recording
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove?session={session}") as client:
        client.hello()
        info = client.texts[0]
        assert info["capabilities"] == ["playbackControl"]
        nanos = lambda time: time["sec"] * 1_000_000_000 + time["nsec"]  # noqa: E731
        start, end = nanos(info["dataStartTime"]), nanos(info["dataEndTime"])
        assert (start, end) == (min(m[1] for m in messages), max(m[1] for m in messages))
        # Paused before anything was played, so that nothing is missed: then all of it, four times as fast.
        client.control(play=False, seek=start, request="a")
        client.read(lambda: any(state[4] == "a" for state in client.states), 5, "an answer")
        assert client.states[-1][0] == 1 and client.states[-1][3]
        client.subscribe()
        client.read_for(0.3)
        client.messages.clear()
        client.control(play=True, speed=4, seek=start, request="b")
        client.read(lambda: client.states[-1][0] == 3, 10, "the end")
        assert any(state[4] == "b" and state[0] == 0 and state[2] == 4 for state in client.states)
        assert client.states[-1][1] == end
        assert sorted(client.messages) == sorted(messages)
        times = [log_time for _, log_time, _ in client.messages]
        assert times == sorted(times)


def test_a_jump_starts_at_a_key_frame(recording):
    server, session, messages = recording
    video = [(log_time, data) for topic, log_time, data in messages if topic == "/camera/video"]
    target = video[75][0]
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove?session={session}") as client:
        client.hello()
        client.subscribe("/camera/video")
        client.control(play=False, seek=target, request="jump")
        client.read(lambda: any(state[4] == "jump" for state in client.states), 5, "an answer")
        client.read_for(0.5)
        assert client.states[-1][:2] == (1, target)
        decode = decoder(next(c for c in client.channels.values() if c["topic"] == "/camera/video"))
        shown = client.of("/camera/video")
        # What was played in front of the jump is behind us; the rest is the group of pictures up to the moment.
        group = shown[max(i for i, (_, data) in enumerate(shown) if is_key_frame(decode(data).data)):]
        assert group == [frame for frame in video if group[0][0] <= frame[0] <= target] and group[-1][0] == target


def test_a_session_that_is_recorded_now_is_refused(make_server, clip):
    server = make_server(command="up")
    with Phone(server.ws_url) as phone, Player(phone, clip):
        wait_until(lambda: list(server.data.glob("*/session.mcap")), 10, "the file")
        (path,) = server.data.glob("*/session.mcap")
        with connect(
                f"{server.ws_url}/ws/foxglove?session={path.parent.name}", subprotocols=[SUBPROTOCOL]) as socket:
            with pytest.raises(Exception):
                socket.recv(timeout=5)
            assert socket.close_code == 1008 and "no end" in (socket.close_reason or "")


def test_garbage_does_no_harm(server):
    with FoxgloveClient(f"{server.ws_url}/ws/foxglove") as client:
        client.hello()
        cut = struct.pack("<BBfBQI", 3, 0, 1, 0, 0, 9)
        for message in ("", "{", "[]", '{"op":1}', b"", b"\x03", b"\xff" * 100, cut):
            client.socket.send(message)
        client.read(lambda: len(client.texts) >= 9, 5, "answers")
        assert all(text["op"] == "status" and text["level"] == 2 for text in client.texts[2:])
        client.subscribe()
        client.read_for(0.2)
        assert Path("/proc", str(server.process.pid)).exists()
