"""A phone: sends H.264 packets to `/ws/video` (docs: wire formats, section 1)."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from clips import AccessUnit, Clip

SPS, PPS, KEY_FRAME, FRAME, CONFIG = 1, 2, 3, 4, 5
START_CODE = b"\0\0\0\1"


def parameter_packet(kind: int, timestamp_us: int, payload: bytes) -> bytes:
    """An SPS, PPS or config packet: 13-byte header, then the payload."""
    return struct.pack(">IBQ", 13 + len(payload), kind, timestamp_us) + payload


def frame_packet(timestamp_us: int, payload: bytes, is_key: bool) -> bytes:
    """A frame packet: 21-byte header, then the payload."""
    kind = KEY_FRAME if is_key else FRAME
    return struct.pack(">IBQII", 21 + len(payload), kind, timestamp_us, len(payload), int(is_key)) + payload


def now_us() -> int:
    """Wall-clock time in microseconds, as a phone stamps pictures."""
    return time.time_ns() // 1000


class Phone:
    """A publisher over one WebSocket. `cut()` drops the connection as lost radio does; `close()` says goodbye."""

    def __init__(
        self, ws_url: str, stream: str | None = None, *, token: str | None = None, origin: str | None = None,
        query: str = "", announce: bool = True, open_timeout: float = 5,
    ):
        parameters = [f"stream={stream}"] if stream else []
        parameters += [query] if query else []
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.socket = connect(
            f"{ws_url}/ws/video" + ("?" + "&".join(parameters) if parameters else ""),
            additional_headers=headers, origin=origin, compression=None, max_size=10_000_000,
            open_timeout=open_timeout, close_timeout=2, proxy=None, legacy=True)
        if announce:
            self.send_config()

    def send_config(self) -> None:
        config = {"type": "video_config", "format": "h264", "source": "test", "mode": "video", "aligned": "au"}
        self.socket.send(json.dumps(config))

    def send(self, packet: bytes) -> None:
        """Sends raw bytes as one packet, well-formed or not."""
        self.socket.send(packet)

    def send_parameter_sets(self, clip: Clip, timestamp_us: int | None = None) -> None:
        stamp = now_us() if timestamp_us is None else timestamp_us
        self.send(parameter_packet(SPS, stamp, START_CODE + clip.sps))
        self.send(parameter_packet(PPS, stamp, START_CODE + clip.pps))

    def send_unit(self, unit: AccessUnit, timestamp_us: int | None = None) -> None:
        """Sends one access unit as one frame packet, stamped now unless told otherwise."""
        self.send(frame_packet(now_us() if timestamp_us is None else timestamp_us, unit.data, unit.is_key))

    def send_all(self, clip: Clip, units: Iterable[AccessUnit] | None = None, base_us: int | None = None) -> None:
        """Sends the clip as fast as the server takes it, stamped as if it had been played from `base_us` on.

        A server keeps captures from lying in its future, so check capture times with `Player` instead.
        """
        base = now_us() if base_us is None else base_us
        self.send_parameter_sets(clip)
        for unit in clip.units if units is None else units:
            self.send_unit(unit, base + unit.time_us)

    def cut(self) -> None:
        """Ends the TCP connection without a closing handshake."""
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)
        self.socket.socket.close()

    def close(self) -> None:
        self.socket.close()

    def wait_closed(self, timeout: float = 5) -> tuple[int, str]:
        """Waits until the server closes and returns (code, reason)."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.socket.recv(timeout=max(0.01, deadline - time.monotonic()))
            except ConnectionClosed as closed:
                return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class Player(threading.Thread):
    """Plays a clip over a phone in real time from a thread of its own, over and over unless `loop` is false.

    `sent` lists what went out, in order. A send that fails ends the thread and stays in `error`.
    """

    def __init__(self, phone: Phone, clip: Clip, *, loop: bool = True, speed: float = 1):
        super().__init__(daemon=True, name="phone")
        self.phone, self.clip, self.loop, self.speed = phone, clip, loop, speed
        self.sent: list[AccessUnit] = []
        self.started_us = now_us()
        self.error: Exception | None = None
        self._halt = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            self.phone.send_parameter_sets(self.clip)
            while not self._halt.is_set():
                started, base = time.monotonic(), now_us()
                for index, unit in enumerate(self.clip.units):
                    due = index * self.clip.duration_us / len(self.clip.units) / 1e6 / self.speed
                    if self._halt.wait(max(0, due - (time.monotonic() - started))):
                        return
                    self.phone.send_unit(unit, base + round(unit.time_us / self.speed))
                    self.sent.append(unit)
                self._halt.wait(max(0, self.clip.duration_us / 1e6 / self.speed - (time.monotonic() - started)))
                if not self.loop:
                    return
        except Exception as error:  # Told to whoever looks: a thread has nobody to throw to.
            self.error = error

    def stop(self) -> None:
        """Stops playing; the phone stays connected."""
        self._halt.set()
        self.join(timeout=5)

    def __enter__(self) -> "Player":
        return self

    def __exit__(self, *_) -> None:
        self.stop()
