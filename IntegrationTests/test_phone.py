"""Phones against the real server: samples, files, pictures, and what no phone should send."""

import json
import os
import random
import struct
import subprocess
import time

import pytest
from websockets.exceptions import InvalidStatus

from server import TOKENS, wait_until
from telemetry import TelemetryPhone, Viewer, jpeg, sample

# Small pictures, so that a build of any kind renders in time. Making the world takes a debug build long.
SMALL_FLIGHT = {"simulator": {"width": 160, "height": 96}}
WORLD_TIMEOUT = 90

# Beyond the 2^53 that a floating-point number counts to.
EPOCH = 1_763_855_474_123_456_789


def test_samples_reach_a_viewer_as_they_came(server):
    with Viewer(server.ws_url, imu="all") as viewer, TelemetryPhone(server.ws_url) as phone:
        body = '{ "type":"imu_data", "timestamp":%d, "accelerometer":{"x":1e-3,"y":0,"z":9.80665},' % EPOCH
        body += '"gyroscope":{"x":0,"y":0,"z":0}, "unknown":[1,2,{"kept":"ü"}] }'
        phone.send(body)
        viewer.wait_count(1, "imu_data")
        text = next(text for text in viewer.texts if text.startswith('{"type":"imu_data"'))
        assert text == '{"type":"imu_data","stream":"drone","imu_data":' + body + "}"


def test_repetitions_are_dropped_and_order_is_restored(server):
    order = random.Random(7)
    with Viewer(server.ws_url, imu="all") as viewer, TelemetryPhone(server.ws_url) as phone:
        times = [EPOCH + index * 5_000_000 for index in range(400)]
        # Blocks of 8 samples, 40 ms, are shuffled and sent at once; each fourth sample is sent again.
        for start in range(0, len(times), 8):
            block = times[start:start + 8]
            block = order.sample(block, len(block)) + block[::4]
            for stamp in block:
                phone.send(sample(stamp))
        wait_until(lambda: len(viewer.sample_times()) >= len(times), 10, "all samples are shown")
        assert viewer.sample_times() == times
        (report,) = server.json("/api/phones")["phones"]
        assert report["duplicates"] == 100
        assert report["late"] == 0
        assert server.metric('worldsystem_telemetry_samples_dropped_total{reason="duplicate"}') == 100


def test_a_regular_stream_is_not_delayed(server):
    with Viewer(server.ws_url, imu="all") as viewer, TelemetryPhone(server.ws_url) as phone:
        sent = []
        for index in range(200):
            sent.append(time.monotonic())
            phone.send(sample(EPOCH + index * 5_000_000))
            time.sleep(0.005)
        viewer.wait_count(200, "imu_data")
        arrived = [at for at, text in viewer.received if '"imu_data"' in text]
        delays = sorted(after - before for before, after in zip(sent[20:], arrived[20:]))
        # The window is 50 ms: a stream that had to wait for it would show here.
        assert delays[len(delays) // 2] < 0.025, f"median {delays[len(delays) // 2] * 1000:.1f} ms"


def test_a_clock_that_is_set_back_does_not_silence_a_phone(server):
    with Viewer(server.ws_url, imu="all") as viewer, TelemetryPhone(server.ws_url) as phone:
        phone.send_samples(50, EPOCH)
        viewer.wait_count(50, "imu_data")
        phone.send_samples(50, EPOCH - 7_200_000_000_000)
        viewer.wait_count(98, "imu_data")
        assert server.metric("worldsystem_telemetry_phone_clock_restarts_total") == 1


def test_the_list_of_phones_says_how_they_are(server):
    assert server.json("/api/phones") == {"phones": []}
    gps = {"latitude": 48.1, "longitude": 11.5, "altitude": 520.5, "accuracy": 3, "speed": 1.5, "heading": 90}
    with TelemetryPhone(server.ws_url, "second") as phone:
        phone.send_samples(100, EPOCH)
        phone.send(sample(EPOCH + 500_000_000, gps=gps, battery=81, attitude={"w": 1, "x": 0, "y": 0, "z": 0}))

        def seen():
            (report,) = server.json("/api/phones")["phones"]
            return report if report.get("battery") else None

        report = wait_until(seen, 5, "the last sample is known")
        assert report["stream"] == "second"
        assert report["peer"].startswith("127.0.0.1:")
        assert report["messages"]["imu"]["total"] == 101
        assert report["messages"]["imu"]["rate_hz"] == pytest.approx(200, rel=1e-6)
        assert report["messages"]["imu"]["jitter_ms"] == pytest.approx(0, abs=1e-6)
        assert report["battery"] == 0.81
        assert report["gps"] == gps
        assert report["attitude"] == [1, 0, 0, 0]
        assert report["clock_offset_s"] == pytest.approx(time.time() - EPOCH / 1e9, abs=5)
    wait_until(lambda: server.json("/api/phones") == {"phones": []}, 5, "the phone is gone")


def test_what_cannot_be_understood_ends_nothing(server):
    bad = [
        "", "{", "[]", "null", '{"type":"imu_data"}', '{"type":"imu_data","timestamp":NaN}', '{"no":"type"}',
        '{"type":"imu_data","timestamp":1,"accelerometer":{"x":1e999,"y":0,"z":0},"gyroscope":{"x":0,"y":0,"z":0}}',
        "{\"type\":\"x\",\"a\":" + "[" * 5_000 + "]" * 5_000 + "}", '{"type":"x","filler":"%s"}' % ("y" * 100_000),
    ]
    with Viewer(server.ws_url, imu="all") as viewer, TelemetryPhone(server.ws_url) as phone:
        for message in bad:
            phone.send(message)
        for message in (b"", b"1234567", struct.pack(">Q", 5) + b"no picture"):
            phone.send(message)
        phone.send('{"type":"hello","n":1}')
        phone.send(sample(EPOCH))
        viewer.wait_count(1, "imu_data")
        (message,) = viewer.of_type("phone_message")
        assert message["message"] == {"type": "hello", "n": 1}
        assert server.metric_sum("worldsystem_telemetry_messages_rejected_total") == len(bad) + 3
        assert server.metric('worldsystem_telemetry_messages_total{type="unknown"}') == 1


def test_pictures_are_taken(server):
    with TelemetryPhone(server.ws_url) as phone:
        for index in range(5):
            phone.send(struct.pack(">Q", EPOCH + index * 33_000_000) + jpeg(640, 480, filler=100_000))
        wait_until(
            lambda: server.metric('worldsystem_bus_messages_published_total{topic="video_frames_exchange"}') == 5, 5,
            "the pictures are on the bus")


def upload_answers(phone: TelemetryPhone, count: int) -> list[dict]:
    return phone.wait_count(count, "file_upload_result")


def test_files_are_written_whole_and_never_replaced(server):
    content = "t,x\n" + "".join(f"{index},ü\n" for index in range(10_000))
    with TelemetryPhone(server.ws_url) as phone:
        phone.send({"type": "file_upload", "fileName": "log.csv", "fileContent": content})
        phone.send({"type": "file_upload_start", "fileName": "log.csv"})
        parts = [content[start:start + 9_000] for start in range(0, len(content), 9_000)]
        for index in [1, 0, *range(2, len(parts)), 3]:
            phone.send({"type": "file_upload_chunk", "fileName": "log.csv", "chunkIndex": index, "chunk": parts[index]})
        phone.send({"type": "file_upload_complete", "fileName": "log.csv"})
        answers = upload_answers(phone, 2)
    assert [(answer["ok"], answer["savedAs"]) for answer in answers] == [(True, "log.csv"), (True, "log-1.csv")]
    files = sorted(path for path in (server.data / "uploads").rglob("*") if path.is_file())
    assert [path.name for path in files] == ["log-1.csv", "log.csv"]
    assert all(path.read_text() == content for path in files)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../escape.csv", "name"), ("/tmp/escape.csv", "name"), ("..\\escape.csv", "name"), (".hidden.csv", "name"),
        ("a\u0000.csv", "name"), ("a\n.csv", "name"), ("", "name"), ("CON.csv", "name"), ("a\uff0fb.csv", "name"),
        ("x" * 300 + ".csv", "name"), ("metadata.json", "type"), ("video.mp4", "type"), ("page.html", "type"),
    ])
def test_names_that_are_no_plain_file_are_refused(server, name, reason):
    before = {path for path in server.data.parent.rglob("*") if path.is_file()}
    with TelemetryPhone(server.ws_url) as phone:
        phone.send({"type": "file_upload", "fileName": name, "fileContent": "x"})
        phone.send({"type": "file_upload_start", "fileName": name})
        for answer in upload_answers(phone, 2):
            assert (answer["ok"], answer["reason"]) == (False, reason)
    assert {path for path in server.data.parent.rglob("*") if path.is_file()} == before


def test_a_file_that_is_too_large_or_breaks_off_leaves_nothing(make_server):
    server = make_server(settings={"telemetry": {"upload_mebibytes": 1}})
    with TelemetryPhone(server.ws_url) as phone:
        phone.send({"type": "file_upload_start", "fileName": "large.csv"})
        for index in range(3):
            phone.send(
                {"type": "file_upload_chunk", "fileName": "large.csv", "chunkIndex": index, "chunk": "x" * 500_000})
        assert upload_answers(phone, 1)[0]["reason"] == "too_large"
        phone.send({"type": "file_upload_start", "fileName": "gap.csv"})
        phone.send({"type": "file_upload_chunk", "fileName": "gap.csv", "chunkIndex": 0, "chunk": "x"})
        phone.send({"type": "file_upload_chunk", "fileName": "gap.csv", "chunkIndex": 2, "chunk": "x"})
        phone.send({"type": "file_upload_complete", "fileName": "gap.csv"})
        assert upload_answers(phone, 2)[1]["reason"] == "missing_chunks"
        phone.send({"type": "file_upload_start", "fileName": "open.csv"})
        phone.send({"type": "file_upload_chunk", "fileName": "open.csv", "chunkIndex": 0, "chunk": "x"})
    given_up = 'worldsystem_telemetry_uploads_total{result="abandoned"}'
    wait_until(lambda: server.metric(given_up) == 1, 5, "it is given up")
    wait_until(lambda: not [p for p in (server.data / "uploads").rglob("*") if p.is_file()], 5, "nothing is left")


def test_a_recording_has_the_files_of_its_phone(make_server):
    server = make_server("--demo", command="up", settings=SMALL_FLIGHT)
    wait_until(lambda: list(server.data.glob("2*/video*.mp4")), WORLD_TIMEOUT, "the demo flight is recorded")
    with TelemetryPhone(server.ws_url) as phone:
        phone.send({"type": "file_upload", "fileName": "log.csv", "fileContent": "x"})
        assert upload_answers(phone, 1)[0]["ok"]
    (file,) = server.data.rglob("log.csv")
    assert list(file.parent.glob("video*.mp4"))


def test_the_demo_flight_has_sensors(make_server):
    server = make_server("--demo", command="up", settings=SMALL_FLIGHT)
    with Viewer(server.ws_url, imu="all") as viewer:
        viewer.wait_count(300, "imu_data", timeout=WORLD_TIMEOUT)
        samples = [message["imu_data"] for message in viewer.of_type("imu_data")]
        steps = {after["timestamp"] - before["timestamp"] for before, after in zip(samples, samples[1:])}
        # Frames that could not be rendered in time leave no gap in the readings.
        assert steps == {5_000_000}
        assert any("gps" in sample for sample in samples)
        assert any("attitude" in sample for sample in samples)
        assert abs(samples[-1]["timestamp"] / 1e9 - time.time()) < 10


def test_simulate_sends_recorded_readings_in_time_with_the_video(server, binary, clip, tmp_path):
    (tmp_path / "clip.h264").write_bytes(b"".join(unit.data for unit in clip.units))
    lines = ["#t_ns,gx,gy,gz,ax,ay,az"] + [f"{1_000_000_000 + i * 10_000_000},0.1,0.2,0.3,1,2,9" for i in range(250)]
    (tmp_path / "imu.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "gps.csv").write_text("#t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps\n1.5,48.1,11.5,520,1,1\n")
    (tmp_path / "times.txt").write_text("# index timestamp_s\n0 1.500000000\n1 1.533333333\n")
    with Viewer(server.ws_url, imu="all") as viewer:
        started = time.time()
        command = [binary, "simulate", "clip.h264", "--to", server.ws_url, "--imu", "imu.csv", "--gps", "gps.csv"]
        done = subprocess.run(command, cwd=tmp_path, timeout=60, capture_output=True, env=clean_environment())
        assert done.returncode == 0, done.stderr.decode()
        samples = [message["imu_data"] for message in viewer.of_type("imu_data")]
    # 0.5 s lie in front of the first picture, and 2 s beside the video.
    assert len(samples) == 250
    first = samples[50]["timestamp"] / 1e9
    assert started - 1 < first < started + 10
    assert [s["gyroscope"] for s in samples[:1]] == [{"x": 0.1, "y": 0.2, "z": 0.3}]
    assert [index for index, s in enumerate(samples) if "gps" in s] == [50]
    steps = [after["timestamp"] - before["timestamp"] for before, after in zip(samples, samples[1:])]
    assert all(abs(step - 10_000_000) < 2_000 for step in steps)


def clean_environment() -> dict:
    return {name: value for name, value in os.environ.items() if name != "WORLDSYSTEM_TOKEN"}


def test_tokens(guarded):
    for token, status in ((None, 401), ("wrong", 401), (TOKENS["view"], 403), (TOKENS["control"], 403)):
        with pytest.raises(InvalidStatus) as refusal:
            TelemetryPhone(guarded.ws_url, token=token)
        assert refusal.value.response.status_code == status
    with TelemetryPhone(guarded.ws_url, token=TOKENS["publish"]):
        assert guarded.get("/api/phones").status == 401
        assert guarded.get("/api/phones", token=TOKENS["publish"]).status == 403
        assert len(guarded.json("/api/phones", TOKENS["view"])["phones"]) == 1
    assert json.loads(guarded.get("/api/phones", token=TOKENS["control"]).body) is not None


def test_a_web_page_of_others_cannot_act_as_a_phone(server):
    with pytest.raises(InvalidStatus) as refusal:
        TelemetryPhone(server.ws_url, origin="https://evil.example")
    assert refusal.value.response.status_code == 403
