"""Consumers of `/ws/h264_stream`, well-behaved and not."""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.client import connect
from websockets.uri import parse_uri

from phone import FRAME, KEY_FRAME


@dataclass(frozen=True)
class Packet:
    """A message of `format=packets`, taken apart."""

    kind: int
    timestamp_us: int
    payload: bytes

    @property
    def is_frame(self) -> bool:
        return self.kind in (KEY_FRAME, FRAME)


def parse_packet(message: bytes) -> Packet:
    """Takes a packet apart and checks what its header says about sizes."""
    size, kind, timestamp = struct.unpack_from(">IBQ", message)
    assert size == len(message), f"header says {size} bytes, message has {len(message)}"
    if kind not in (KEY_FRAME, FRAME):
        return Packet(kind, timestamp, message[13:])
    payload_size, flags = struct.unpack_from(">II", message, 13)
    assert payload_size == len(message) - 21, f"header says {payload_size} bytes of payload in {len(message)}"
    assert flags & 1 == int(kind == KEY_FRAME), f"kind {kind} but flags {flags}"
    return Packet(kind, timestamp, message[21:])


def consumer_url(ws_url: str, path: str = "/ws/h264_stream", **query) -> str:
    """The URL of a stream; query parameters that are None are left out."""
    text = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{ws_url}{path}" + (f"?{text}" if text else "")


@dataclass
class Received:
    """Messages in order, with the monotonic time at which each came."""

    messages: list[bytes | str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def binary(self) -> list[bytes]:
        return [message for message in self.messages if isinstance(message, bytes)]

    @property
    def text(self) -> list[str]:
        return [message for message in self.messages if isinstance(message, str)]

    @property
    def joined(self) -> bytes:
        return b"".join(self.binary)


class Consumer(threading.Thread):
    """Reads everything as fast as it comes, in a thread of its own, until closed."""

    def __init__(
        self, ws_url: str, *, path: str = "/ws/h264_stream", token: str | None = None, query_token: str | None = None,
        origin: str | None = None, **query,
    ):
        super().__init__(daemon=True, name="consumer")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.connecting_at = time.monotonic()
        self.socket = connect(
            consumer_url(ws_url, path, token=query_token, **query), additional_headers=headers, origin=origin,
            compression=None, max_size=None, open_timeout=5, close_timeout=2, max_queue=None, proxy=None, legacy=True)
        self.received = Received()
        self.closed: tuple[int, str] | None = None
        self._changed = threading.Condition()
        self.start()

    def run(self) -> None:
        closed = (1006, "")
        try:
            while True:
                message = self.socket.recv()
                with self._changed:
                    self.received.messages.append(message)
                    self.received.times.append(time.monotonic())
                    self._changed.notify_all()
        except ConnectionClosed as error:
            if error.rcvd:
                closed = (error.rcvd.code, error.rcvd.reason)
        finally:
            with self._changed:
                self.closed = closed
                self._changed.notify_all()

    @property
    def packets(self) -> list[Packet]:
        """The binary messages of `format=packets`."""
        return [parse_packet(message) for message in self.snapshot().binary]

    @property
    def frames(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.is_frame]

    def snapshot(self) -> Received:
        with self._changed:
            return Received(list(self.received.messages), list(self.received.times))

    def wait_until(self, condition, timeout: float = 10, what: str = "what was expected") -> Received:
        """Waits until `condition(received)` holds; fails with the state of things when it does not in time."""
        with self._changed:
            reached = self._changed.wait_for(lambda: condition(self.received), timeout)
            got = self.received
            assert reached, (
                f"no {what} within {timeout} s: {len(got.binary)} binary and {len(got.text)} text messages, "
                f"{sum(map(len, got.binary))} bytes, closed: {self.closed}")
        return self.snapshot()

    def wait_messages(self, count: int, timeout: float = 10) -> Received:
        """Waits for `count` binary messages in all."""
        return self.wait_until(lambda got: len(got.binary) >= count, timeout, f"{count} messages")

    def wait_bytes(self, count: int, timeout: float = 10) -> Received:
        """Waits for `count` bytes in binary messages in all."""
        return self.wait_until(lambda got: sum(map(len, got.binary)) >= count, timeout, f"{count} bytes")

    def wait_closed(self, timeout: float = 10) -> tuple[int, str]:
        """Waits until the server closes and returns (code, reason)."""
        self.wait_until(lambda _: self.closed is not None, timeout, "close")
        return self.closed

    def close(self) -> None:
        self.socket.close()
        self.join(timeout=5)

    def __enter__(self) -> "Consumer":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class SlowConsumer:
    """A consumer that reads its socket at a bounded rate, or not at all, with a small kernel buffer."""

    def __init__(self, ws_url: str, *, token: str | None = None, **query):
        target = urlsplit(ws_url)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Before connecting, so that the TCP window is small from the start.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self.socket.settimeout(5)
        self.socket.connect((target.hostname, target.port))
        self.protocol = ClientProtocol(parse_uri(consumer_url(ws_url, token=token, **query)), max_size=None)
        self.protocol.send_request(self.protocol.connect())
        self._flush()
        self.messages: list[bytes] = []
        self._partial = b""
        while not self.protocol.handshake_exc and self.protocol.state.name == "CONNECTING":
            self._receive(1024)
        if self.protocol.handshake_exc:
            raise self.protocol.handshake_exc

    def read(self, seconds: float, bytes_per_second: float) -> None:
        """Reads at the given rate for the given time. Ends early when the server closes."""
        started, taken = time.monotonic(), 0
        while (elapsed := time.monotonic() - started) < seconds and self.protocol.state.name == "OPEN":
            allowed = int(bytes_per_second * elapsed) - taken
            if allowed < 1024:
                time.sleep(0.005)
                continue
            taken += self._receive(min(allowed, 16_384))

    def close(self) -> None:
        self.socket.close()

    @property
    def closed(self) -> tuple[int, str] | None:
        """(code, reason) of the close frame the server sent, if it sent one."""
        frame = self.protocol.close_rcvd
        return (frame.code, frame.reason) if frame else None

    def _receive(self, limit: int) -> int:
        try:
            data = self.socket.recv(limit)
        except TimeoutError:
            return 0
        self.protocol.receive_data(data) if data else self.protocol.receive_eof()
        self._flush()
        for event in self.protocol.events_received():
            if getattr(event, "opcode", None) in (Opcode.BINARY, Opcode.CONT):
                self._partial += event.data
                if event.fin:
                    self.messages.append(bytes(self._partial))
                    self._partial = b""
        return len(data)

    def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def __enter__(self) -> "SlowConsumer":
        return self

    def __exit__(self, *_) -> None:
        self.close()
