"""A phone's telemetry and a viewer: clients of `/ws/phone` and `/ws/viewer` (wire formats, sections 3 and 4)."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def sample(timestamp_ns: int, **more) -> str:
    """An `imu_data` message of a device at rest."""
    return json.dumps(
        {
            "type": "imu_data", "timestamp": timestamp_ns, "accelerometer": {"x": 0.01, "y": -0.02, "z": 9.81},
            "gyroscope": {"x": 0.001, "y": 0.002, "z": -0.003}, **more,
        })


def jpeg(width: int, height: int, filler: int = 0) -> bytes:
    """The parts of a JPEG that say how large it is, and filler: enough for who passes it on."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + bytes((1, 0x11, 0))
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame + bytes(filler) + b"\xff\xd9"


class Client:
    """One WebSocket; messages that come in are kept by a thread of its own."""

    def __init__(
        self, ws_url: str, path: str, *, token: str | None = None, origin: str | None = None, reads: bool = True,
        **query: str,
    ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.socket = connect(
            f"{ws_url}{path}" + (f"?{urlencode(query)}" if query else ""), additional_headers=headers, origin=origin,
            compression=None, max_size=16 << 20, open_timeout=5, close_timeout=2, proxy=None, legacy=True)
        self.received: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        if reads:
            threading.Thread(target=self._read, daemon=True, name=path).start()

    def _read(self) -> None:
        try:
            for message in self.socket:
                with self._changed:
                    self.received.append((time.monotonic(), message))
                    self._changed.notify_all()
        except ConnectionClosed:
            pass

    def send(self, message: str | bytes | dict) -> None:
        self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    @property
    def texts(self) -> list[str]:
        with self._changed:
            return [text for _, text in self.received]

    @property
    def messages(self) -> list[dict]:
        return [json.loads(text) for text in self.texts]

    def of_type(self, kind: str) -> list[dict]:
        return [message for message in self.messages if message["type"] == kind]

    def wait_for(self, matches: Callable[[dict], bool], timeout: float = 10, what: str = "a message") -> dict:
        """The first message that matches, whenever it comes."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for _, text in self.received[seen:]:
                    message = json.loads(text)
                    if matches(message):
                        return message
                seen = len(self.received)
                rest = deadline - time.monotonic()
                assert rest > 0, f"not within {timeout} s: {what}"
                self._changed.wait(rest)

    def wait_count(self, count: int, kind: str, timeout: float = 10) -> list[dict]:
        """The messages of a type once there are so many."""
        deadline = time.monotonic() + timeout
        while len(found := self.of_type(kind)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} {kind} within {timeout} s"
            time.sleep(0.02)
        return found

    def close(self) -> None:
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()


class TelemetryPhone(Client):
    """A phone's telemetry."""

    def __init__(self, ws_url: str, stream: str | None = None, **options):
        super().__init__(ws_url, "/ws/phone", **({"stream": stream} if stream else {}), **options)

    def send_samples(self, count: int, first_ns: int | None = None, step_ns: int = 5_000_000) -> list[int]:
        """Sends samples at once; returns their times."""
        first = time.time_ns() if first_ns is None else first_ns
        times = [first + index * step_ns for index in range(count)]
        for stamp in times:
            self.send(sample(stamp))
        return times


class Viewer(Client):
    """A viewer."""

    def __init__(self, ws_url: str, **options):
        super().__init__(ws_url, "/ws/viewer", **options)

    def sample_times(self) -> list[int]:
        return [message["imu_data"]["timestamp"] for message in self.of_type("imu_data")]


class StalledPhone:
    """A phone that connects and never reads, with as small a receive buffer as the system allows."""

    def __init__(self, ws_url: str):
        address = urlsplit(ws_url)
        self.raw = socket.socket()
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self.raw.settimeout(5)
        self.raw.connect((address.hostname, address.port))
        self.raw.sendall(
            f"GET /ws/phone HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        assert b" 101 " in self.raw.recv(64), "the phone is not let in"

    def close(self) -> None:
        self.raw.close()
