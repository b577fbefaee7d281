"""Messages on disk while the broker is away, on a disk that really is full."""

import json
import subprocess
import time

import pika
from websockets.sync.client import connect

from consumer import Consumer
from phone import Phone, Player
from server import wait_until

EXCHANGE, QUEUE = "imu_data_exchange", "kept-for-the-test"
WAITING = "worldsystem_spool_messages"


def sample(number: int) -> str:
    return json.dumps({
        "type": "imu_data", "timestamp": 1_700_000_000_000_000_000 + number * 5_000_000,
        "accelerometer": {"x": 0, "y": 0, "z": 9.81}, "gyroscope": {"x": 0, "y": 0, "z": 0}, "number": number})


def keep_messages(url: str) -> None:
    """A durable queue that takes the samples whenever they come."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, "fanout", durable=True)
    channel.queue_declare(QUEUE, durable=True)
    channel.queue_bind(QUEUE, EXCHANGE)
    connection.close()


def take_all(url: str, count: int, timeout: float = 30) -> list[tuple[int, bool]]:
    """Numbers of the samples in the queue, and whether each is flagged as repeated, until all `count` are there."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel, taken, deadline = connection.channel(), [], time.monotonic() + timeout
    while len({number for number, _ in taken}) < count:
        _, properties, body = channel.basic_get(QUEUE, auto_ack=True)
        if body is None:
            assert time.monotonic() < deadline, f"{len(taken)} of {count} samples within {timeout} s"
            time.sleep(0.05)
            continue
        taken.append((json.loads(body)["number"], bool((properties.headers or {}).get("redelivered"))))
    connection.close()
    return taken


def test_a_full_disk_loses_nothing_that_is_there(make_server, make_broker, make_small_disk, clip):
    broker = make_broker()
    keep_messages(broker.url)
    broker.kill()
    disk = make_small_disk(80)
    server = make_server("--bus", broker.url, "--spool", str(disk / "spool"))
    with connect(f"{server.ws_url}/ws/phone", compression=None, proxy=None) as phone:
        for number in range(100):
            phone.send(sample(number))
        wait_until(lambda: (server.metric(WAITING) or 0) >= 100, 10, "the samples are on the disk")

        # Events wait too, such as that a phone came.
        time.sleep(0.5)
        waiting = server.metric(WAITING)
        filler = disk / "filler"
        filler.write_bytes(bytes(30 << 20))
        with Phone(server.ws_url) as camera, Player(camera, clip), Consumer(server.ws_url, format="packets") as viewer:
            for number in range(100, 200):
                phone.send(sample(number))
            wait_until(lambda: "the spool refused messages" in server.log_text(), 10, "a line about the full disk")
            seen = len(viewer.frames)
            viewer.wait_until(lambda _: len(viewer.frames) >= seen + 30, 10, "the live stream goes on")
        lines = [line for line in server.log_text().splitlines() if "the spool refused messages" in line]
        assert len(lines) <= 5 and "must stay free" in lines[0] and str(disk / "spool") in lines[0], lines
        assert server.metric(WAITING) == waiting

        filler.unlink()
        broker.start()
        taken = take_all(broker.url, 200)
        numbers = [number for number, is_repeated in taken if not is_repeated]
        assert sorted({number for number, _ in taken}) == list(range(200)) and numbers == sorted(set(numbers))
        wait_until(lambda: server.metric(WAITING) == 0, 10, "nothing waits any more")
    assert not list((disk / "spool").glob("*.spool"))


def test_two_servers_do_not_share_a_spool(make_server, make_broker, binary, tmp_path):
    broker = make_broker(start=False)
    make_server("--bus", broker.url, "--spool", str(tmp_path / "spool"))
    second = subprocess.run(
        [binary, "serve", "--port", "0", "--rtsp-port", "0", "--bus", broker.url, "--spool", tmp_path / "spool",
         "--data", tmp_path / "other"], capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1] == (
        f"worldsystem: the spool in {tmp_path / 'spool'} is in use by another process")
