"""Cursor-on-Target: what users of ATAK get of the phones of a server, by UDP and by TCP."""

import json
import socket
import threading
import time
import xml.etree.ElementTree as ElementTree

import pika

from telemetry import Client, sample
from test_objects import CAR

GPS = {"gps": {"latitude": 47.5, "longitude": 8.5, "altitude": 400, "accuracy": 3, "speed": 4, "heading": 90}}


def check(text: str) -> None:
    event = ElementTree.fromstring(text)
    assert (event.tag, event.get("version"), event.get("type"), event.get("how")) == (
        "event", "2.0", "a-f-A-M-F-Q", "m-g")
    assert event.get("uid").endswith("-drone") and event.get("stale") > event.get("time") == event.get("start")
    point = event.find("point")
    assert [float(point.get(name)) for name in ("lat", "lon", "hae", "ce")] == [47.5, 8.5, 400, 3]
    track = event.find("detail/track")
    assert (float(track.get("course")), float(track.get("speed"))) == (90, 4)
    assert event.find("detail/contact").get("callsign") == "drone"


def send(server, stop: threading.Event) -> threading.Thread:
    def loop():
        phone = Client(server.ws_url, "/ws/phone")
        index = 0
        while not stop.wait(0.05):
            phone.send(sample(1_000_000_000 + index * 50_000_000, **GPS))
            index += 1
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


def test_positions_go_out_by_udp_once_a_second(make_server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(15)
        server = make_server("--cot", f"udp://127.0.0.1:{receiver.getsockname()[1]}")
        stop = threading.Event()
        thread = send(server, stop)
        try:
            for _ in range(2):
                check(receiver.recv(4096).decode())
        finally:
            stop.set()
            thread.join()


def test_a_server_that_comes_back_is_connected_to_again(make_server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        server = make_server("--cot", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
        stop = threading.Event()
        thread = send(server, stop)
        try:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(15)
                    text = b""
                    while b"</event>" not in text:
                        text += connection.recv(4096)
                check(text.split(b"</event>")[0].decode() + "</event>")
        finally:
            stop.set()
            thread.join()


def test_an_object_that_is_gone_is_deleted_once(make_server, broker):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.5)
        make_server(
            "--bus", broker.url, "--cot", f"udp://127.0.0.1:{receiver.getsockname()[1]}",
            settings={"cot": {"object_interval_s": 1}})
        connection = pika.BlockingConnection(pika.URLParameters(broker.url))
        channel = connection.channel()
        got: dict[str, list] = {}

        def publish(*identifiers: int) -> None:
            now = time.time()
            objects = [CAR | {"id": each, "first_seen": now - 9, "last_seen": now} for each in identifiers]
            channel.basic_publish(
                "world_objects_exchange", "", json.dumps({"stream": "drone", "objects": objects, "map": 0}).encode(),
                pika.BasicProperties(content_type="application/json", headers={"stream": "drone"}))
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                try:
                    event = ElementTree.fromstring(receiver.recv(4096).decode())
                    got.setdefault(event.get("type"), []).append(event)
                except TimeoutError:
                    continue

        # The server binds its queue when it is connected.
        deadline = time.monotonic() + 20
        cars: set[str] = set()
        while len(cars) < 2:
            assert time.monotonic() < deadline, "no events of objects"
            publish(7, 8)
            cars = {event.get("uid") for event in got.get("a-u-G-E-V-C", [])}
        assert "t-x-d-d" not in got
        before = len(got["a-u-G-E-V-C"])
        for _ in range(3):
            publish(7)
        told = len(got["a-u-G-E-V-C"])
        # A list without objects tells of which map there are none.
        publish()
        connection.close()
    deletion, last = got["t-x-d-d"]
    link = deletion.find("detail/link")
    assert last.find("detail/link").get("uid").endswith("-drone-object-7")
    assert link.get("uid").endswith("-drone-object-8") and link.get("uid") in cars
    assert deletion.get("uid") not in cars and deletion.find("detail/__forcedelete") is not None
    assert deletion.get("stale") > deletion.get("time") and deletion.find("point").get("lat") == "47.5000000"
    assert told >= before + 2, "the other one is still told"


def test_addresses_that_are_none_are_refused(binary):
    import subprocess
    for url in ("http://a:1", "udp://a"):
        result = subprocess.run([binary, "serve", "--cot", url], capture_output=True, text=True, timeout=20)
        assert result.returncode == 64 and "udp://HOST:PORT" in result.stderr
