"""A consumer of every exchange of a broker, with pika, and the schemas that bodies are held to."""

import json
import re
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pika
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"

# Header -> what its value must be.
DECIMAL = re.compile(r"-?[0-9]+")
TEXT_NUMBERS = {
    "timestamp_ns", "captured_ns", "server_received", "ntp_time", "ntp_offset", "sequence", "epoch",
}
TEXTS = {"stream", "node", "websocket_id", "stream_type"}
INTEGERS = {"width", "height", "chunk_size", "units_since_key_frame"}
BOOLEANS = {"key_frame", "redelivered"}


@dataclass(frozen=True)
class Row:
    """What docs/schemas/README.md says about an exchange."""

    content_type: str
    schema: str | None
    headers: set[str]


def table() -> dict[str, Row]:
    """The exchanges as docs/schemas/README.md lists them."""
    rows = {}
    for line in (SCHEMAS / "README.md").read_text().splitlines():
        if match := re.match(r"\| `(\w+_exchange)` \| `([\w/+-]+)` \| (.*?) \| (.*?) ?\|$", line):
            schema = re.search(r"\((\w+)\.schema\.json\)", match[3])
            # Behind a semicolon are headers that not every message has.
            always = match[4].split(";")[0]
            rows[match[1]] = Row(match[2], schema and schema[1], set(re.findall(r"`(\w+)`", always)))
    return rows


def validator(name: str) -> Draft202012Validator:
    """A validator for `docs/schemas/NAME.schema.json`."""
    files = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry = Registry().with_resources(
        (file, Resource.from_contents(contents)) for file, contents in files.items())
    return Draft202012Validator(files[f"{name}.schema.json"], registry=registry)


@dataclass(frozen=True)
class Message:
    exchange: str
    body: bytes
    properties: pika.BasicProperties = field(repr=False)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def headers(self) -> dict:
        return self.properties.headers or {}

    def validate(self) -> None:
        """Holds the message to docs/schemas."""
        row = table()[self.exchange]
        assert self.properties.content_type == row.content_type, self
        assert self.properties.delivery_mode == 2 and self.properties.message_id, self
        missing = row.headers - self.headers.keys()
        assert not missing, f"{self.exchange} lacks the headers {missing}: {self.headers}"
        for name, value in self.headers.items():
            if name in TEXT_NUMBERS:
                assert isinstance(value, str) and DECIMAL.fullmatch(value), (self.exchange, name, value)
            elif name in TEXTS:
                assert isinstance(value, str) and value, (self.exchange, name, value)
            elif name in BOOLEANS:
                assert isinstance(value, bool), (self.exchange, name, value)
            elif name in INTEGERS:
                assert isinstance(value, int) and value >= 0, (self.exchange, name, value)
        if row.schema:
            validator(row.schema).validate(self.json)


class BusConsumer(threading.Thread):
    """Takes everything from every exchange through queues of its own, from a thread of its own."""

    def __init__(self, url: str, exchanges: set[str]):
        super().__init__(daemon=True, name="bus consumer")
        self.url, self.exchanges = url, exchanges
        self.error: Exception | None = None
        self._messages: list[Message] = []
        self._changed = threading.Condition()
        self._halt = threading.Event()
        self._ready = threading.Event()
        self.start()
        assert self._ready.wait(10) and not self.error, f"the consumer did not start: {self.error}"

    def run(self) -> None:
        try:
            connection = pika.BlockingConnection(pika.URLParameters(self.url))
            channel = connection.channel()
            for exchange in sorted(self.exchanges):
                # Equal to what the server declares, or this fails with 406.
                channel.exchange_declare(exchange, "fanout", durable=True)
                queue = channel.queue_declare("", exclusive=True).method.queue
                channel.queue_bind(queue, exchange)
                # What was published to an exchange in front of this one names that one.
                channel.basic_consume(
                    queue, lambda *delivery, name=exchange: self._take(name, *delivery[2:]), auto_ack=True)
            self._ready.set()
            while not self._halt.is_set():
                connection.process_data_events(time_limit=0.1)
            connection.close()
        except Exception as error:  # Told to whoever looks: a thread has nobody to throw to.
            self.error = error
            self._ready.set()

    def _take(self, exchange: str, properties: pika.BasicProperties, body: bytes) -> None:
        with self._changed:
            self._messages.append(Message(exchange, body, properties))
            self._changed.notify_all()

    def messages(self, exchange: str) -> list[Message]:
        with self._changed:
            return [message for message in self._messages if message.exchange == exchange]

    def wait_for(self, exchange: str, count: int = 1, timeout: float = 20) -> list[Message]:
        """The messages of an exchange, once there are so many."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.messages(exchange)
            if len(found) >= count:
                return found
            assert not self.error, self.error
            left = deadline - time.monotonic()
            assert left > 0, f"{len(found)} of {count} messages of {exchange} within {timeout} s"
            with self._changed:
                self._changed.wait(min(left, 0.5))

    def stop(self) -> None:
        self._halt.set()
        self.join(timeout=5)

    def __enter__(self) -> "BusConsumer":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


def read_ply(body: bytes) -> list[tuple]:
    """The vertices of a binary little-endian PLY with positions and colours."""
    head, _, data = body.partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert lines[3:] == [
        "property float x", "property float y", "property float z", "property uchar red", "property uchar green",
        "property uchar blue",
    ]
    count = int(lines[2].removeprefix("element vertex "))
    assert len(data) == 15 * count
    return list(struct.iter_unpack("<fffBBB", data))
