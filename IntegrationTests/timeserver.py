"""Time servers on loopback: one in Python that misbehaves on request, and the real chronyd."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

EPOCH_1900 = 2_208_988_800


def timestamp(seconds: float) -> bytes:
    """A time since 1970 as NTP writes it."""
    return struct.pack(">Q", int((seconds + EPOCH_1900) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF)


class FakeTimeServer(threading.Thread):
    """Answers SNTP requests on a free UDP port of loopback, `offset` seconds ahead of this machine's clock.

    Set `silent` to answer nothing, `kiss` to a code of four letters to refuse, `before` to datagrams that are sent
    before each answer. `requests` lists what came in, with the time.
    """

    def __init__(self, offset: float = 0.25):
        super().__init__(daemon=True, name="time server")
        self.offset, self.silent, self.kiss, self.before = offset, False, None, ()
        self.requests: list[tuple[float, bytes]] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self._halt = threading.Event()
        self.start()

    @property
    def address(self) -> str:
        return "127.0.0.1:%d" % self.socket.getsockname()[1]

    def answer(self, request: bytes, received: float, *, leap: int = 0, stratum: int = 2, **fields) -> bytes:
        """An answer to `request`; `fields` overrides `origin`, `receive`, `transmit` and `reference_id`."""
        return (
            struct.pack(">BBbb", leap << 6 | 4 << 3 | 4, stratum, 4, -20)
            + struct.pack(">II", 10, 10) + fields.get("reference_id", b"LOCL") + timestamp(received - 10)
            + fields.get("origin", request[40:48]) + fields.get("receive", timestamp(received))
            + fields.get("transmit", timestamp(time.time() + self.offset)))

    def run(self) -> None:
        while not self._halt.is_set():
            try:
                request, client = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            received = time.time() + self.offset
            self.requests.append((time.monotonic(), request))
            if self.silent:
                continue
            for datagram in self.before:
                self.socket.sendto(datagram(self, request) if callable(datagram) else datagram, client)
            refusal = {"stratum": 0, "reference_id": self.kiss.encode()} if self.kiss else {}
            self.socket.sendto(self.answer(request, received, **refusal), client)

    def stop(self) -> None:
        self._halt.set()
        self.join(timeout=5)
        self.socket.close()

    def __enter__(self) -> "FakeTimeServer":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


class Chrony:
    """chronyd as a time server on a free port that takes this machine's clock for granted and never sets it."""

    def __init__(self, folder: Path):
        unpacked = Path(__file__).parent.parent / ".venv/chrony/usr/sbin"
        places = f"{os.environ['PATH']}:/usr/sbin:{unpacked}"
        found = os.environ.get("CHRONYD") or shutil.which("chronyd", path=places)
        if not found:
            pytest.skip("no chronyd (Debian: chrony; or set CHRONYD)")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        configuration = folder / "chrony.conf"
        configuration.write_text(
            f"port {port}\nbindaddress 127.0.0.1\nallow 127.0.0.1\nlocal stratum 5\ncmdport 0\n"
            f"bindcmdaddress /\npidfile {folder}/chronyd.pid\n")
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        with (folder / "chrony.log").open("wb") as log:
            self.process = subprocess.Popen(
                [found, "-x", "-U", "-d", "-u", user, "-f", str(configuration)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=5)

    def __enter__(self) -> "Chrony":
        return self

    def __exit__(self, *_) -> None:
        self.stop()
