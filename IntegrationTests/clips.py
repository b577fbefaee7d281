"""H.264 to send: clips split into access units, from files or made by ffmpeg."""

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9


@dataclass(frozen=True)
class NALUnit:
    """A NAL unit in an Annex B buffer: `start` is its start code, `header` its first byte, `end` one past its last."""

    start: int
    header: int
    end: int
    type: int


@dataclass(frozen=True)
class AccessUnit:
    """One coded picture, verbatim Annex B. `time_us` is its presentation time from the start of the clip."""

    data: bytes
    time_us: int
    is_key: bool


def nal_units(data: bytes) -> list[NALUnit]:
    """The NAL units of an Annex B buffer. A zero byte before a 3-byte start code belongs to that start code."""
    codes = []
    at = data.find(b"\0\0\1")
    while at >= 0:
        codes.append((at - 1 if at > 0 and data[at - 1] == 0 else at, at + 3))
        at = data.find(b"\0\0\1", at + 3)
    ends = [start for start, _ in codes[1:]] + [len(data)]
    return [NALUnit(start, header, end, data[header] & 0x1F) for (start, header), end in zip(codes, ends)]


def split_access_units(data: bytes) -> list[bytes]:
    """Splits Annex B into access units (ISO/IEC 14496-10 §7.4.1.2.3); joined they are `data` again."""
    cuts, has_slice = [0], False
    for unit in nal_units(data):
        is_slice = unit.type in (SLICE, IDR)
        # first_mb_in_slice is ue(v): a leading one bit means macroblock 0, the first slice of a picture.
        starts_picture = is_slice and data[unit.header + 1] & 0x80 != 0
        if has_slice and (starts_picture or unit.type in (SEI, SPS, PPS, AUD)):
            cuts.append(unit.start)
            has_slice = False
        has_slice = has_slice or is_slice
    return [data[start:end] for start, end in zip(cuts, cuts[1:] + [len(data)])]


def content(data: bytes) -> list[bytes]:
    """The NAL units of Annex B bytes, without start codes and parameter sets."""
    return [data[unit.header : unit.end] for unit in nal_units(data) if unit.type not in (SPS, PPS)]


def pictures(messages: list[bytes]) -> list[bytes]:
    """Annex B messages without those that hold parameter sets only."""
    return [message for message in messages if content(message)]


class Clip:
    """A video as access units in decode order, with its parameter sets."""

    def __init__(self, annexb: bytes, times_us: list[int]):
        units = split_access_units(annexb)
        assert len(units) == len(times_us), f"{len(units)} access units but {len(times_us)} times"
        self.annexb = annexb
        self.units = [
            AccessUnit(unit, time, any(nal.type == IDR for nal in nal_units(unit)))
            for unit, time in zip(units, times_us)
        ]

    @classmethod
    def load(cls, path: Path) -> "Clip":
        """Reads any file with one H.264 track; a raw .h264 file plays at its own frame rate."""
        probe = _run(
            "ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json",
            "-show_entries", "stream=avg_frame_rate:packet=pts_time", path)
        answer = json.loads(probe)
        if path.suffix == ".h264":
            annexb = path.read_bytes()
            numerator, denominator = map(int, answer["streams"][0]["avg_frame_rate"].split("/"))
            count = len(split_access_units(annexb))
            return cls(annexb, [index * 1_000_000 * denominator // numerator for index in range(count)])
        annexb = _run(
            "ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy",
            "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-")
        times = [round(float(packet["pts_time"]) * 1e6) for packet in answer["packets"]]
        return cls(annexb, [time - min(times) for time in times])

    @classmethod
    def make(
        cls, path: Path, *, size: str = "320x180", fps: int = 30, seconds: float = 3, gop: int = 30,
        kbps: int | None = None, noise: bool = False, slices: int | None = None,
    ) -> "Clip":
        """Encodes a moving test picture to `path` (.h264), without B-frames. `noise` makes it hard to compress."""
        parts = ["-slices", slices] if slices else []
        picture = f"testsrc2=size={size}:rate={fps}" + (",noise=alls=60:allf=t" if noise else "")
        rate = ["-b:v", f"{kbps}k", "-maxrate", f"{kbps}k", "-bufsize", f"{kbps // 2}k"] if kbps else ["-crf", "28"]
        _run(
            "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-t", seconds, "-pix_fmt", "yuv420p",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", gop, "-keyint_min", gop,
            "-sc_threshold", 0, *parts, *rate, "-f", "h264", path)
        annexb = path.read_bytes()
        count = len(split_access_units(annexb))
        return cls(annexb, [index * 1_000_000 // fps for index in range(count)])

    @cached_property
    def sps(self) -> bytes:
        """The first SPS, without start code."""
        return self._first(SPS)

    @cached_property
    def pps(self) -> bytes:
        """The first PPS, without start code."""
        return self._first(PPS)

    @cached_property
    def duration_us(self) -> int:
        """From the first picture to the end of the last."""
        times = sorted(unit.time_us for unit in self.units)
        return times[-1] + (times[-1] - times[0]) // max(1, len(times) - 1)

    def _first(self, kind: int) -> bytes:
        unit = next(unit for unit in nal_units(self.annexb) if unit.type == kind)
        return self.annexb[unit.header : unit.end]


def decode_errors(annexb: bytes) -> str:
    """What ffmpeg complains about when it decodes the bytes and forgives nothing; empty when they are clean.

    A missing reference picture is concealed and only told at debug level ("Frame num gap"), so that counts too.
    """
    result = subprocess.run(
        ["ffmpeg", "-v", "level+debug", "-err_detect", "explode", "-xerror", "-f", "h264", "-i", "-", "-f", "null",
         "-"],
        input=annexb, capture_output=True, timeout=60)
    complaints = [
        line for line in result.stderr.decode(errors="replace").splitlines()
        if any(level in line for level in ("[warning]", "[error]", "[fatal]", "[panic]")) or "Frame num gap" in line
    ]
    # A short clip without timing is no fault of the bytes.
    complaints = [line for line in complaints if "not enough frames to estimate rate" not in line]
    if result.returncode != 0:
        complaints.append(f"ffmpeg exit code {result.returncode}")
    return "\n".join(complaints)


def count_frames(data: bytes, container: str) -> tuple[int, int, int]:
    """(frames, width, height) that ffprobe decodes from `data` in `container` ("h264", "mp4")."""
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-f", container, "-count_frames", "-select_streams", "v:0", "-of", "json",
         "-show_entries", "stream=nb_read_frames,width,height", "-"],
        input=data, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    stream = json.loads(result.stdout)["streams"][0]
    return int(stream["nb_read_frames"]), stream["width"], stream["height"]


def _run(*command) -> bytes:
    result = subprocess.run([str(part) for part in command], capture_output=True, timeout=60)
    assert result.returncode == 0, f"{command[0]}: {result.stderr.decode(errors='replace')}"
    return result.stdout
