"""The server under test: the real binary on free ports, with bounded waits."""

import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

# Settings of the machine must not leak into a test.
CONFIGURATION = (
    "BIND_HOST", "API_PORT", "RTSP_HOST", "RTSP_PORT", "RABBITMQ_URL", "NTP_SERVER", "STORAGE_PATH",
    "VIDEO_CHUNK_DURATION_SECONDS", "FRAME_PROCESSOR_SKIP", "SLAM_FRAME_SKIP",
    "RERUN_VIEWER_ADDRESS",
)


# Tests ask no servers of the Internet; those of the clock bring their own.
# SLAM and detection would take time from what a test is about, unless that is one of them.
DEFAULTS = {
    "WORLDSYSTEM_PUBLIC_TIME_SERVERS": "false", "WORLDSYSTEM_SLAM": "false", "WORLDSYSTEM_DETECT": "false",
}

# One token for each permission, as the fixture `guarded` has them.
TOKENS = {"publish": "publish-token-0001", "view": "view-token-00000001", "control": "control-token-0001"}


def unused_port() -> int:
    """A TCP port on loopback that was free a moment ago.

    Below those that systems give to connections and to sockets of port 0, so that none takes it before its server does.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


@dataclass(frozen=True)
class Response:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """One `worldsystem` process. Start it with `start()`, end it with `stop()`, which asserts a clean exit."""

    def __init__(
        self, binary: Path, data: Path, *, command: str = "serve", args: tuple[str, ...] = (), port: int | None = None,
        rtsp_port: int | None = None, host: str = "127.0.0.1", tls: bool = False, environment: dict | None = None,
        log: Path | None = None,
    ):
        self.binary, self.data, self.command, self.args = binary, data, command, args
        self.port, self.rtsp_port = port or unused_port(), rtsp_port or unused_port()
        self.host, self.tls, self.environment = host, tls, environment or {}
        self.log = log or data.parent / f"{data.name}.log"
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}"

    def rtsp_url(self, stream: str = "drone") -> str:
        return f"rtsp://127.0.0.1:{self.rtsp_port}/{stream}"

    @property
    def command_line(self) -> list[str]:
        return [
            str(self.binary), self.command, "--host", self.host, "--port", str(self.port),
            "--rtsp-port", str(self.rtsp_port), "--data", str(self.data), *self.args,
        ]

    def start(self, timeout: float = 20) -> "Server":
        """Starts the process and waits until `/readyz` answers 200."""
        assert not self.is_running, "the server already runs"
        clean = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command_line, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean | DEFAULTS | self.environment)
        try:
            wait_until(self._is_ready, timeout, "/readyz answers 200")
        except AssertionError as error:
            self.kill9()
            raise AssertionError(f"{error}\n{' '.join(self.command_line)}\n{self.log_tail()}") from None
        return self

    def stop(self, timeout: float = 10) -> None:
        """Ends the server as Ctrl-C does and asserts that it exits with 0 in time."""
        if not self.process:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"no exit within {timeout} s of SIGINT\n{self.log_tail()}") from None
        assert code == 0, f"exit code {code}\n{self.log_tail()}"

    def kill9(self) -> None:
        """Kills the process without warning."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def get(
        self, path: str, *, token: str | None = None, headers: dict | None = None, method: str = "GET",
        body: bytes | None = None,
    ) -> Response:
        """One HTTP request; a status of 400 or more is an answer, not an exception."""
        request = Request(self.url + path, data=body, headers=dict(headers or {}), method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=ssl._create_unverified_context()))
        try:
            with opener.open(request, timeout=5) as answer:
                return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except HTTPError as error:
            with error:
                return Response(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def json(self, path: str, token: str | None = None):
        """The JSON body of a path that must answer 200."""
        answer = self.get(path, token=token)
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:200]!r}"
        return answer.json

    def stream(self, name: str = "drone", token: str | None = None) -> dict | None:
        """What `/api/streams` says about one stream; None when it does not know it."""
        streams = self.json("/api/streams", token)["streams"]
        return next((stream for stream in streams if stream["name"] == name), None)

    def metric(self, name: str) -> float | None:
        """The value of a sample of `/metrics`, by its full name with labels."""
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def metric_sum(self, name: str) -> float:
        """The sum of a metric over its labels; 0 when there is no sample."""
        total = 0.0
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + "{"):
                total += float(line.rsplit(" ", 1)[1])
            elif line.startswith(name + " "):
                return float(line.split()[1])
        return total

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])

    def _is_ready(self) -> bool:
        assert self.process and self.process.poll() is None, f"the server ended with {self.process.returncode}"
        try:
            return self.get("/readyz").status == 200
        except (URLError, OSError):
            return False


def wait_until(condition, timeout: float = 10, what: str = "the condition", interval: float = 0.05):
    """Polls until `condition()` is true and returns its value; fails with `what` when it never is."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(interval)
