"""Whoever finds things in the video of a server, and a video in which is known where they are."""

import json
import math
import subprocess
import threading
import time

import pika
import pytest
from websockets.sync.client import connect

from clips import Clip, split_access_units
from consumer import parse_packet
from server import Server

# The box that moves: its size, its way in pixels a frame, and the picture.
WIDTH, HEIGHT, STEP = 640, 360, 4
BOX = (96, 64)


@pytest.fixture(scope="session")
def moving_box(tmp_path_factory) -> Clip:
    """A white box that goes to and fro over black, 120 frames; `box_of` says where it is."""
    path = tmp_path_factory.mktemp("box") / "box.h264"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"color=black:s={WIDTH}x{HEIGHT}:r=30:d=4",
         "-f", "lavfi", "-i", f"color=white:s={BOX[0]}x{BOX[1]}:r=30:d=4", "-filter_complex",
         f"[0][1]overlay=x='20+{STEP}*if(lte(n,60),n,120-n)':y='120+40*sin(n*PI/30)':eval=frame:format=yuv444",
         "-frames:v", "120",
         "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-qp", "12",
         "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-f", "h264", path],
        check=True, timeout=60)
    annexb = path.read_bytes()
    return Clip(annexb, [index * 1_000_000 // 30 for index in range(len(split_access_units(annexb)))])


def box_of(frame: int) -> list[float]:
    """Where the box of `moving_box` is. ffmpeg counts frames from 1 there, and cuts fractions off."""
    number = frame + 1
    left = 20 + STEP * (number if number <= 60 else 120 - number)
    top = int(120 + 40 * math.sin(number * math.pi / 30))
    return [left, top, left + BOX[0], top + BOX[1]]


class Finder(threading.Thread):
    """Finds the box in each frame that the server relays, and publishes it some time later, as a detector does."""

    def __init__(self, server: Server, broker_url: str, frames: int, delay: float, every: int = 1):
        super().__init__(daemon=True)
        self.server, self.broker_url, self.frames, self.delay, self.every = server, broker_url, frames, delay, every
        self._halt = threading.Event()
        self.published = 0
        # Capture times of the frames, microseconds, in their order.
        self.stamps: list[int] = []
        self.error: Exception | None = None
        # Connected before the first picture, so that it knows which one each is.
        self.socket = connect(f"{server.ws_url}/ws/h264_stream?format=packets", compression=None, max_size=10_000_000)
        self.start()

    def run(self) -> None:
        try:
            connection = pika.BlockingConnection(pika.URLParameters(self.broker_url))
            channel = connection.channel()
            number, waiting = 0, []
            while not self._halt.is_set():
                try:
                    packet = parse_packet(self.socket.recv(timeout=0.005))
                    if packet.is_frame:
                        self.stamps.append(packet.timestamp_us)
                        if number % self.every == 0:
                            waiting.append((time.monotonic() + self.delay, number, packet.timestamp_us))
                        number += 1
                except TimeoutError:
                    pass
                while waiting and waiting[0][0] <= time.monotonic():
                    _, frame, stamp = waiting.pop(0)
                    self.publish(channel, frame, stamp)
                    self.published += 1
            connection.close()
        except Exception as error:  # Told to whoever looks: a thread has nobody to throw to.
            self.error = error

    def publish(self, channel, frame: int, stamp: int) -> None:
        body = {"frame_number": frame, "timestamp": stamp / 1e6, "objects": self.find(frame), "stream": "drone"}
        self.send(channel, "processed_frames_exchange", body, stamp)

    @staticmethod
    def send(channel, exchange: str, body: dict, stamp: int) -> None:
        """Publishes what is to be said of the frame that was captured at `stamp`, microseconds."""
        headers = {"stream": "drone", "captured_ns": str(stamp * 1000)}
        channel.basic_publish(
            exchange, "", json.dumps(body).encode(),
            pika.BasicProperties(content_type="application/json", headers=headers))

    def find(self, frame: int) -> list[dict]:
        """What is in a frame, as a detector tells it."""
        return [{
            "id": 1, "label": "", "score": 1.0, "box": box_of(frame % self.frames), "area": BOX[0] * BOX[1],
            "mask_shape": [HEIGHT, WIDTH],
        }]

    def __enter__(self) -> "Finder":
        return self

    def __exit__(self, *_) -> None:
        self._halt.set()
        self.join(timeout=5)
        self.socket.close()
        assert self.error is None, self.error
