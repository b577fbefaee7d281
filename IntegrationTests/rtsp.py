"""RTSP clients of the tests: Debian's ffmpeg and GStreamer, and a bare client for what they never do."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from clips import AUD, PPS, SPS, Clip, nal_units, split_access_units

GSTREAMER = shutil.which("gst-launch-1.0")
needs_gstreamer = pytest.mark.skipif(GSTREAMER is None, reason="gst-launch-1.0 is not installed")


def with_credentials(url: str, password: str, user: str = "anybody") -> str:
    """`url` with user and password in it."""
    return url.replace("rtsp://", f"rtsp://{user}:{password}@")


class Publisher:
    """A process that publishes by RTSP until it is stopped."""

    def __init__(self, *command):
        self.command = [str(part) for part in command]
        self.process: subprocess.Popen | None = None

    @classmethod
    def ffmpeg(cls, source: Path, url: str, *, transport: str = "tcp", loop: bool = True) -> "Publisher":
        """ffmpeg, ANNOUNCE and RECORD, at the pace of the file."""
        return cls(
            "ffmpeg", "-v", "error", "-re", "-stream_loop", -1 if loop else 0, "-i", source, "-map", "0:v:0", "-c",
            "copy", "-f", "rtsp", "-rtsp_transport", transport, url)

    @classmethod
    def gstreamer(cls, source: Path, url: str, *, transport: str = "tcp") -> "Publisher":
        """GStreamer's rtspclientsink, which plays an mp4 once, at its own pace."""
        return cls(
            "gst-launch-1.0", "-q", "filesrc", f"location={source}", "!", "qtdemux", "!", "h264parse", "!",
            "rtspclientsink", f"location={url}", f"protocols={transport}")

    def __enter__(self) -> "Publisher":
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def wait(self, timeout: float = 20) -> tuple[int, str]:
        """The exit code and what it printed, of a publisher that ends by itself."""
        output, _ = self.process.communicate(timeout=timeout)
        return self.process.returncode, output.decode(errors="replace")


def run(*command, timeout: float = 30) -> subprocess.CompletedProcess:
    """Runs a client to its end."""
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=timeout)


def probe(url: str, transport: str = "tcp") -> subprocess.CompletedProcess:
    """ffprobe's `codec,width,height` of a stream."""
    return run(
        "ffprobe", "-v", "error", "-rtsp_transport", transport,
        "-show_entries", "stream=codec_name,width,height", "-of",
        "csv=p=0", url)


def record(url: str, seconds: float, transport: str = "tcp") -> bytes:
    """What ffmpeg receives, as Annex B, without decoding."""
    result = run(
        "ffmpeg", "-v", "error", "-rtsp_transport", transport, "-i", url, "-t", seconds, "-c", "copy", "-bsf:v",
        "h264_mp4toannexb", "-f", "h264", "-")
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    return result.stdout


def decode(url: str, frames: int, transport: str = "tcp") -> str:
    """What ffmpeg complains about while it decodes `frames` pictures and forgives nothing."""
    result = run(
        "ffmpeg", "-v", "warning", "-err_detect", "explode", "-xerror",
        "-rtsp_transport", transport, "-i", url, "-fps_mode",
        "passthrough", "-frames:v", frames, "-f", "null", "-")
    # The first pictures of a group come at once, and the null output rounds their times to frames. What is repeated
    # stands there once as itself.
    complaints = [
        line for line in result.stderr.decode(errors="replace").splitlines()
        if "non monotonically" not in line and "Last message repeated" not in line and line]
    return "\n".join(complaints + ([] if result.returncode == 0 else [f"exit code {result.returncode}"]))


def gstreamer_plays(url: str, frames: int, transport: str = "tcp", user: str = "", password: str = "") -> str:
    """What GStreamer complains about while it decodes `frames` pictures."""
    result = run(
        "gst-launch-1.0", "-q", "rtspsrc", f"location={url}", f"protocols={transport}", "latency=0", f"user-id={user}",
        f"user-pw={password}", "!", "rtph264depay", "!", "avdec_h264", "!", "fakesink", f"num-buffers={frames}",
        timeout=40)
    return "" if result.returncode == 0 else result.stderr.decode(errors="replace")


class BareClient:
    """Speaks RTSP over one TCP connection, byte by byte as a test wants it."""

    def __init__(self, port: int, timeout: float = 10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""
        self.sequence = 0

    def __enter__(self) -> "BareClient":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def request(self, method: str, url: str, headers: dict | None = None, body: str = "") -> tuple[int, dict]:
        """Sends a request and returns status and headers (names in lower case) of its answer."""
        self.sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.sequence}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return self.response()

    def response(self) -> tuple[int, dict]:
        """The next response; interleaved frames before it are passed over."""
        while True:
            if self.buffer[:1] == b"$":
                self._take_frame()
                continue
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            if separator:
                break
            self._receive()
        status, *fields = head.decode().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            self._receive()
            rest = self.buffer.partition(b"\r\n\r\n")[2]
        self.buffer = rest[length:]
        return int(status.split()[1]), headers

    def frame(self) -> tuple[int, bytes]:
        """The next interleaved frame: channel and payload."""
        while self.buffer[:1] != b"$":
            self.response() if self.buffer else self._receive()
        return self._take_frame()

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the server ends the connection in time."""
        deadline = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        try:
            while time.monotonic() < deadline:
                if not self.socket.recv(65_536):
                    return True
        except ConnectionError:
            return True
        except TimeoutError:
            pass
        return False

    def _take_frame(self) -> tuple[int, bytes]:
        while len(self.buffer) < 4 or len(self.buffer) < 4 + int.from_bytes(self.buffer[2:4]):
            self._receive()
        end = 4 + int.from_bytes(self.buffer[2:4])
        channel, payload, self.buffer = self.buffer[1], self.buffer[4:end], self.buffer[end:]
        return channel, payload

    def _receive(self) -> None:
        data = self.socket.recv(65_536)
        assert data, "the server closed the connection"
        self.buffer += data


def is_part_of(received: bytes, clip: Clip) -> bool:
    """Whether what was received is pictures of the clip, byte for byte and in order, from a key frame on.

    The last picture may be incomplete in a recording that was cut; senders repeat parameter sets and add delimiters.
    """
    def slices(unit: bytes) -> bytes:
        return b"".join(unit[nal.header : nal.end] for nal in nal_units(unit) if nal.type not in (AUD, SPS, PPS))

    known = [slices(unit.data) for unit in clip.units]
    got = [slices(unit) for unit in split_access_units(received)][:-1]
    if not got or got[0] not in known:
        return False
    place = known.index(got[0])
    return clip.units[place].is_key and all(
        unit == known[(place + offset) % len(known)] for offset, unit in enumerate(got))
