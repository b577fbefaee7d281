"""Viewers against the real server: what they are shown, and how they steer."""

import itertools
import json
import time

import pika
import pytest
from websockets.exceptions import InvalidStatus

from server import TOKENS, wait_until
from telemetry import StalledPhone, TelemetryPhone, Viewer, sample

COMMANDS = [
    '{"type":"joystick","left":[0.1,0.2],"right":[0,0]}', '{ "type":"movement", "x":0.5, "y":-1, "extra":"kept" }',
    '{"type":"rotation","yaw":-0.25,"z":1}', '{"type":"camera","action":"toggle"}',
    '{"type":"flightmode","action":"hover","timestamp":"1763855474123456789"}',
]


def test_commands_reach_every_phone_as_they_came(server):
    with TelemetryPhone(server.ws_url) as one, TelemetryPhone(server.ws_url, "b") as two:
        with Viewer(server.ws_url) as viewer:
            for command in COMMANDS:
                viewer.send(command)
            for phone in (one, two):
                wait_until(lambda: len(phone.texts) == len(COMMANDS), 5, "all commands are there")
                assert phone.texts == COMMANDS
        assert server.metric_sum("worldsystem_telemetry_commands_total") == len(COMMANDS)
        assert server.metric("worldsystem_telemetry_command_latency_seconds_count") == 2 * len(COMMANDS)


def test_commands_to_one_stream_reach_its_phones_only(server):
    with TelemetryPhone(server.ws_url) as one, TelemetryPhone(server.ws_url, "b") as two:
        with Viewer(server.ws_url, stream="b") as viewer, Viewer(server.ws_url) as everybody:
            viewer.send(COMMANDS[3])
            wait_until(lambda: two.texts == [COMMANDS[3]], 5, "the command is there")
            everybody.send(COMMANDS[4])
            wait_until(lambda: two.texts == [COMMANDS[3], COMMANDS[4]], 5, "the second command is there")
            wait_until(lambda: one.texts, 5, "the first phone got a command")
            assert one.texts == [COMMANDS[4]]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ('{"type":"movement","x":1.5}', "range"), ('{"type":"camera","action":"explode"}', "range"),
        ('{"type":"launch"}', "unknown_command"), ("{", "malformed"), ("[]", "not_an_object"),
        ('{"type":"imu_data"}', "unknown_command"),
    ])
def test_what_is_no_command_is_answered_and_not_passed_on(server, command, reason):
    with TelemetryPhone(server.ws_url) as phone, Viewer(server.ws_url) as viewer:
        viewer.send(command)
        assert viewer.wait_for(lambda message: message["type"] == "error")["reason"] == reason
        viewer.send(COMMANDS[0])
        wait_until(lambda: phone.texts == [COMMANDS[0]], 5, "the next command is there")


def test_a_stalled_phone_delays_nobody(server):
    stalled = StalledPhone(server.ws_url)
    try:
        with TelemetryPhone(server.ws_url) as phone, Viewer(server.ws_url) as viewer:
            wait_until(lambda: len(server.json("/api/phones")["phones"]) == 2, 5, "both phones are there")
            filler = "x" * 2_000
            latencies = []
            for index in range(1_500):
                at = time.monotonic()
                viewer.send(json.dumps({"type": "movement", "x": 0, "n": index, "filler": filler}))
                if index % 10 == 0:
                    phone.wait_for(lambda message: message.get("n") == index, 5, f"command {index}")
                    latencies.append(time.monotonic() - at)
                time.sleep(0.0022)
            assert max(latencies) < 0.1, f"{max(latencies) * 1000:.0f} ms"
            reports = server.json("/api/phones")["phones"]
            dropped = [report["commands_dropped"] for report in reports]
            # Its own buffers hold some; beyond, the newest replaces the one before. So it does, now and then, for a
            # phone whose event loop is busy.
            assert dropped[0] > 1_000 and dropped[1] < 100, dropped
            assert reports[0]["commands_waiting"] == 1
            assert server.metric('worldsystem_telemetry_commands_dropped_total{reason="replaced"}') == sum(dropped)
    finally:
        stalled.close()


def test_commands_need_a_control_token(guarded):
    for token in (None, TOKENS["publish"]):
        with pytest.raises(InvalidStatus):
            Viewer(guarded.ws_url, token=token)
    with TelemetryPhone(guarded.ws_url, token=TOKENS["publish"]) as phone:
        with Viewer(guarded.ws_url, token=TOKENS["view"]) as viewer:
            viewer.send(COMMANDS[1])
            assert viewer.wait_for(lambda message: message["type"] == "error")["reason"] == "not_permitted"
        with Viewer(guarded.ws_url, token=TOKENS["control"]) as pilot:
            pilot.send(COMMANDS[2])
            wait_until(lambda: phone.texts, 5, "the command is there")
            assert phone.texts == [COMMANDS[2]]


def test_samples_are_thinned_unless_all_are_asked_for(server):
    with Viewer(server.ws_url) as viewer, Viewer(server.ws_url, imu="all") as curious:
        with TelemetryPhone(server.ws_url) as phone:
            began = time.monotonic()
            first = time.time_ns()
            for index in range(400):
                time.sleep(max(0, began + index * 0.005 - time.monotonic()))
                phone.send(sample(first + index * 5_000_000))
            curious.wait_count(400, "imu_data")
            seconds = time.monotonic() - began
            last = first + 399 * 5_000_000
            wait_until(lambda: viewer.sample_times()[-1:] == [last], 5, "the newest sample is shown in the end")
    shown = viewer.sample_times()
    assert 60 <= len(shown) <= 60 * seconds + 3
    assert shown == sorted(shown)


def test_phones_and_events_are_shown(server):
    with Viewer(server.ws_url) as viewer:
        with TelemetryPhone(server.ws_url) as phone:
            phone.send({"type": "analysis_mode", "data": "yolo"})
            phone.send(sample(time.time_ns(), battery=55))
            status = viewer.wait_for(lambda message: message.get("event") == "status")
            assert status["battery"] == 0.55
        viewer.wait_for(lambda message: message.get("event") == "disconnected")
        event = viewer.wait_for(
            lambda message: message["type"] == "event" and message["event"]["type"] == "phone_disconnected")
        assert event["event"]["stream"] == "drone"
        assert viewer.of_type("analysis_mode") == [{"type": "analysis_mode", "stream": "drone", "data": "yolo"}]
        viewer.send("ping")
        wait_until(lambda: "pong" in viewer.received[-1][1], 5, "pong")


def test_a_viewer_that_does_not_read_costs_others_nothing(server):
    with Viewer(server.ws_url, reads=False, imu="all"), Viewer(server.ws_url, imu="all") as viewer:
        with TelemetryPhone(server.ws_url) as phone:
            filler = "y" * 20_000
            first = time.time_ns()
            for index in range(1_000):
                phone.send(sample(first + index * 5_000_000, filler=filler))
                if index % 50 == 49:
                    viewer.wait_count(index + 1 - 10, "imu_data")
            viewer.wait_count(1_000, "imu_data", timeout=20)
        # 20 MB: more than its buffers and its queue of 4 MiB take.
        assert server.metric('worldsystem_telemetry_viewer_messages_dropped_total{reason="slow"}') > 0


def test_two_servers_share_phones_and_viewers(make_server, broker):
    exchanges = {
        f"{topic}_EXCHANGE": f"two_servers_{topic.lower()}"
        for topic in ("IMU_DATA", "CONTROL_COMMANDS", "EVENTS", "PHONE_MESSAGES", "ANALYSIS_MODE")
    }
    here, there = (make_server("--bus", broker.url, environment=exchanges) for _ in range(2))
    with Viewer(here.ws_url, imu="all") as viewer:
        with TelemetryPhone(there.ws_url) as far, TelemetryPhone(here.ws_url) as near:
            stamps = itertools.count(time.time_ns(), 5_000_000)

            def arrives():
                far.send(sample(next(stamps)))
                return viewer.of_type("imu_data")

            wait_until(arrives, 20, "a sample of the other server's phone is shown", interval=0.2)

            def steers():
                viewer.send(COMMANDS[3])
                return far.texts

            wait_until(steers, 20, "a command reaches the other server's phone", interval=0.2)
            wait_until(lambda: len(far.texts) == len(near.texts), 10, "each phone gets each command once")
            assert set(far.texts) == set(near.texts) == {COMMANDS[3]}


def test_results_of_services_elsewhere_are_shown(make_server, broker):
    pose = [[1, 0, 0, 0.25], [0, 1, 0, -3], [0, 0, 1, 12.5], [0, 0, 0, 1]]
    bodies = {
        "TRAJECTORY_DATA": {"frame_number": 7, "timestamp": 1.5, "pose": pose, "is_keyframe": True},
        "PROCESSED_FRAMES": {"frame_number": 7, "timestamp": 1.5, "objects": []},
        "API_RESULTS": {"object_id": 3, "timestamp": 1.5, "results": {"what": "a kite"}},
        "RESTART": {"type": "restart"},
    }
    exchanges = {f"{topic}_EXCHANGE": f"shown_{topic.lower()}" for topic in bodies}
    server = make_server("--bus", broker.url, environment=exchanges)
    connection = pika.BlockingConnection(pika.URLParameters(broker.url + "%2F"))
    try:
        channel = connection.channel()
        with Viewer(server.ws_url) as viewer:

            def shown():
                for topic, body in bodies.items():
                    name = exchanges[f"{topic}_EXCHANGE"]
                    channel.exchange_declare(name, "fanout", durable=True)
                    channel.basic_publish(name, "", json.dumps(body).encode())
                channel.basic_publish(exchanges["TRAJECTORY_DATA_EXCHANGE"], "", b"no JSON")
                kinds = {message["type"] for message in viewer.messages}
                return kinds >= {"trajectory_update", "detections", "identification", "restart"}

            wait_until(shown, 20, "each result is shown", interval=0.2)
            (trajectory, *_) = viewer.of_type("trajectory_update")
            assert trajectory == {"type": "trajectory_update"} | bodies["TRAJECTORY_DATA"]
            assert viewer.of_type("detections")[0]["detections"] == bodies["PROCESSED_FRAMES"]
            assert viewer.of_type("identification")[0]["identification"] == bodies["API_RESULTS"]
            assert viewer.of_type("restart")[0] == {"type": "restart"}
    finally:
        connection.close()


def test_bad_queries_are_refused(server):
    for query in ({"stream": "../x"}, {"imu": "some"}):
        with pytest.raises(InvalidStatus) as refusal:
            Viewer(server.ws_url, **query)
        assert refusal.value.response.status_code == 400
    assert server.get("/ws/viewer").status == 426
    assert server.get("/ws/phone").status == 426
