"""A client of Foxglove's WebSocket protocol, as small as one can be."""

import json
import struct
import time
from dataclasses import dataclass, field

from websockets.sync.client import connect

SUBPROTOCOL = "foxglove.sdk.v1"


@dataclass
class FoxgloveClient:
    """Connects, and keeps what the server says: `texts`, `messages` as (topic, log time, data), `states`."""

    address: str
    subprotocols: list[str] = field(default_factory=lambda: [SUBPROTOCOL])
    headers: dict[str, str] = field(default_factory=dict)
    texts: list[dict] = field(default_factory=list)
    messages: list[tuple[str, int, bytes]] = field(default_factory=list)
    states: list[tuple[int, int, float, bool, str]] = field(default_factory=list)
    channels: dict[int, dict] = field(default_factory=dict)
    subscribed: dict[int, str] = field(default_factory=dict)

    def __enter__(self) -> "FoxgloveClient":
        self.connection = connect(
            self.address, subprotocols=self.subprotocols, max_size=64 << 20, additional_headers=self.headers)
        self.socket = self.connection.__enter__()
        return self

    def __exit__(self, *failure) -> None:
        self.connection.__exit__(*failure)

    def read(self, until, seconds: float, what: str) -> None:
        """Reads until `until()`, for at most so long."""
        deadline = time.monotonic() + seconds
        while not until():
            rest = deadline - time.monotonic()
            assert rest > 0, f"no {what} in {seconds} s; said was {self.texts[2:]}, {len(self.messages)} messages"
            try:
                self._take(self.socket.recv(timeout=rest))
            except TimeoutError:
                pass

    def read_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (rest := deadline - time.monotonic()) > 0:
            try:
                self._take(self.socket.recv(timeout=rest))
            except TimeoutError:
                return

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            value = json.loads(message)
            self.texts.append(value)
            if value["op"] == "advertise":
                self.channels.update({channel["id"]: channel for channel in value["channels"]})
        elif message[0] == 1:
            subscription, log_time = struct.unpack_from("<IQ", message, 1)
            self.messages.append((self.subscribed[subscription], log_time, message[13:]))
        elif message[0] == 5:
            status, now, speed, sought, length = struct.unpack_from("<BQfBI", message, 1)
            self.states.append((status, now, speed, bool(sought), message[19:19 + length].decode()))
        else:
            raise AssertionError(f"unknown message {message[:20]!r}")

    def hello(self) -> None:
        self.read(lambda: len(self.channels) > 0, 10, "channels")

    def say(self, **value) -> None:
        self.socket.send(json.dumps(value))

    def subscribe(self, *topics: str) -> None:
        """Subscribes to these topics, to all where none is named."""
        wanted = []
        for channel in self.channels.values():
            if not topics or channel["topic"] in topics:
                self.subscribed[channel["id"] + 100] = channel["topic"]
                wanted.append({"id": channel["id"] + 100, "channelId": channel["id"]})
        assert not topics or len(wanted) == len(topics)
        self.say(op="subscribe", subscriptions=wanted)

    def control(self, *, play: bool, speed: float = 1, seek: int | None = None, request: str = "") -> None:
        name = request.encode()
        self.socket.send(
            struct.pack("<BBfBQI", 3, 0 if play else 1, speed, seek is not None, seek or 0, len(name)) + name)

    def of(self, topic: str) -> list[tuple[int, bytes]]:
        return [(log_time, data) for name, log_time, data in self.messages if name == topic]
