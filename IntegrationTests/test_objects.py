"""Where objects are in the world: of a recorded file with a known path, and live in `up`."""

import csv
import json
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pika
import pytest
from lxml import etree

from bus import validator
from foxglove_client import FoxgloveClient
from phone import Phone, Player
from server import wait_until
from telemetry import Viewer
from test_foxglove import decoder
from test_mcap import topics
from test_sessions import GPX, KML, check_schema, colmap_camera
from test_sessions import run as sessions
from test_detect import FRAMES, detect, moving_box, results  # noqa: F401  (a fixture)

FOCAL, HEIGHT = 500, 30


@pytest.fixture
def hovering(tmp_path):
    """A camera 30 m above the ground that looks straight down: x of the picture is east, y south."""
    camera = {"model": "pinhole", "fx": FOCAL, "fy": FOCAL, "cx": 319.5, "cy": 179.5, "width": 640, "height": 360}
    (tmp_path / "camera.json").write_text(json.dumps(camera))
    poses = [f"{index / 10:.9f} 100 200 {HEIGHT} 1 0 0 0" for index in range(FRAMES * 10 // 25 + 2)]
    (tmp_path / "path.txt").write_text("\n".join(poses) + "\n")
    return ["--poses", "path.txt", "--camera", "camera.json", "--ground", "0"]


def test_a_moving_object_of_a_file_has_place_and_velocity(binary, moving_box, hovering, tmp_path):
    for name in ("a", "b"):
        result = detect(
            binary, "--from", moving_box, *hovering, "--results", f"{name}.jsonl", "--objects", f"{name}.json",
            cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    lines = results(tmp_path / "a.jsonl")
    check = validator("detect_results")
    for line in lines:
        check.validate(line)
    placed = [(line, each) for line in lines for each in line["objects"] if "world" in each]
    assert placed, "no object has a place"
    line, found = placed[-1]
    # Half as high as it is wide, somewhat: its middle is nearer to the camera than the ground.
    left, top, right, bottom = found["box"]
    east = 100 + ((left + right) / 2 - 320) / FOCAL * HEIGHT
    north = 200 - ((top + bottom) / 2 - 180) / FOCAL * HEIGHT
    x, y, z = found["world"]["position"]
    assert abs(x - east) < 1.5 and abs(y - north) < 1 and -0.5 < z < 4, found["world"]
    assert found["world"]["method"] == "ground" and found["world"]["metric"] and "wgs84" not in found["world"]
    [listed] = json.loads((tmp_path / "a.json").read_text())["streams"]
    assert found["world"]["id"] in [each["id"] for each in listed["objects"]]
    best = max(listed["objects"], key=lambda each: each["observations"])
    assert best["velocity"][0] == pytest.approx(3 * 25 / FOCAL * HEIGHT, rel=0.25), best
    assert abs(best["velocity"][1]) < 1 and abs(best["velocity"][2]) < 1


@pytest.mark.parametrize("args", [
    ["--objects", "x.json"], ["--poses", "absent.txt"], ["--poses", "camera.json"], ["--ground", "0"],
])
def test_wrong_usage_is_64(binary, moving_box, hovering, tmp_path, args):
    result = detect(binary, "--from", moving_box, *args, cwd=tmp_path)
    assert result.returncode == 64 and result.stderr.count("\n") == 1, result.stderr


def test_up_lists_objects(make_server, tmp_path):
    environment = {"WORLDSYSTEM_DETECT": "true", "WORLDSYSTEM_SLAM": "true", "SLAM_FRAME_SKIP": "2"}
    settings = {"simulator": {"width": 640, "height": 360, "frames_per_second": 15}}
    server = make_server("--demo", command="up", settings=settings, environment=environment)
    assert server.json("/api/objects") == {"streams": []}
    assert server.get("/api/objects?format=kml").status == 400
    check = validator("ws_viewer")
    with Viewer(server.ws_url) as viewer:
        wait_until(lambda: server.json("/api/objects")["streams"], 90, "an object with a place", interval=0.5)
        wait_until(lambda: viewer.of_type("world_objects"), 30, "a message for viewers")
        for message in viewer.of_type("world_objects"):
            check.validate(message)
    [listed] = server.json("/api/objects")["streams"]
    assert listed["stream"] == "drone" and all(each["track_ids"] for each in listed["objects"])
    collection = server.get("/api/objects?format=geojson").json
    assert collection["type"] == "FeatureCollection"
    assert server.metric_sum("worldsystem_objects_sightings_total") > 0


CAR = {
    "id": 7, "label": "car", "track_ids": [3], "position": [1, 2, 0.5], "covariance": [1, 0, 0, 0, 1, 0, 0, 0, 1],
    "method": "ground", "metric": True, "wgs84": {"latitude": 47.5, "longitude": 8.5, "altitude": 400},
    "velocity": [0, 0, 0], "observations": 9, "size": [4, 1.5], "covariance_enu": [4, 0, 0, 0, 1, 0, 0, 0, 9], "map": 0,
}
LENS = {
    "model": "pinhole-radtan", "fx": 500, "fy": 501, "cx": 319.5, "cy": 179.5, "distortion": [0.1, 0, 0, 0],
    "width": 640, "height": 360,
}


class Elsewhere:
    """What a SLAM and a map of objects of another process publish, twice a second."""

    def __init__(self, url: str):
        self.url, self.halt = url, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        while not self.halt.wait(0.5):
            now = time.time()
            pose = {
                "frame_number": 1, "timestamp": now, "stream": "drone", "is_keyframe": True, "camera": LENS, "map": 3,
                "scale": "trustworthy",
                "pose": [[1, 0, 0, 1], [0, 1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]}
            objects = [
                CAR | {"first_seen": now - 9, "last_seen": now},
                {key: CAR[key] for key in CAR if key not in ("wgs84", "covariance_enu")}
                | {"id": 8, "label": "kite", "first_seen": now, "last_seen": now}]
            bodies = {
                "slam_results_exchange": pose, "world_objects_exchange": {"stream": "drone", "objects": objects}}
            for exchange, body in bodies.items():
                headers = {"stream": "drone", "captured_ns": str(int(now * 1e9))}
                channel.basic_publish(
                    exchange, "", json.dumps(body).encode(),
                    pika.BasicProperties(content_type="application/json", headers=headers))
        connection.close()

    def __enter__(self) -> "Elsewhere":
        self.thread.start()
        return self

    def __exit__(self, *failure) -> None:
        self.halt.set()
        self.thread.join(timeout=10)


def check_scene(update) -> None:
    assert [deletion.type for deletion in update.deletions] == [1]
    car, kite = update.entities
    assert (car.frame_id, car.texts[0].text, kite.texts[0].text) == ("world", "car 7", "kite 8")
    cube = car.cubes[0]
    assert (cube.size.x, cube.size.z, cube.pose.position.y) == (4, 1.5, 2)
    facts = {pair.key: pair.value for pair in car.metadata}
    assert (facts["latitude"], facts["vertical_error_m"]) == ("47.5", "3.0")


def check_event(text: str) -> None:
    event = ElementTree.fromstring(text)
    assert (event.get("type"), event.get("how")) == ("a-n-G-E-V-C", "m-f")
    assert event.get("uid").startswith("worldsystem-") and event.get("uid").endswith("-drone-object-7")
    assert event.get("stale") > event.get("time") == event.get("start")
    point = event.find("point")
    assert [float(point.get(name)) for name in ("lat", "lon", "hae", "ce", "le")] == [47.5, 8.5, 400, 3.02, 3]
    assert event.find("detail/contact").get("callsign") == "car 7"


def test_objects_are_in_every_output(make_server, binary, broker, clip, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        server = make_server(
            "--bus", broker.url, "--cot", f"udp://127.0.0.1:{receiver.getsockname()[1]}", command="up",
            settings={"cot": {"object_type": "a-n-G", "object_interval_s": 1}})
        with Phone(server.ws_url) as phone, Player(phone, clip), Elsewhere(broker.url):
            wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) > 0, 15, "the first frame")
            with FoxgloveClient(f"{server.ws_url}/ws/foxglove?stream=drone") as client:
                client.hello()
                client.subscribe("/objects", "/camera/calibration")
                client.read(lambda: client.of("/objects") and client.of("/camera/calibration"), 20, "objects")
                channels = {channel["topic"]: channel for channel in client.channels.values()}
                check_scene(decoder(channels["/objects"])(client.of("/objects")[0][1]))
                lens = decoder(channels["/camera/calibration"])(client.of("/camera/calibration")[0][1])
            assert (lens.frame_id, lens.width, lens.distortion_model, list(lens.D)) == (
                "camera", 640, "plumb_bob", [0.1, 0, 0, 0, 0])
            assert list(lens.K) == [500, 0, 319.5, 0, 501, 179.5, 0, 0, 1]
            for _ in range(2):
                check_event(receiver.recv(4096).decode())
            # One more list for the file, which may have begun later.
            time.sleep(1.2)
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/session.mcap")]
    found = topics(session / "session.mcap")
    check_scene(found["/objects"][-1][1])
    assert len(found["/camera/calibration"]) == 1
    states = [value for _, value in found["/camera/pose_state"]]
    assert len(states) == len(found["/camera/pose"])
    assert all((state.map, state.is_metric, state.is_keyframe) == (3, True, True) for state in states)
    shown = json.loads(sessions(binary, "show", session, "--json"))
    assert (shown["maps"], shown["metric_poses"]) == (1, len(states))
    assert shown["world_objects"] == 2 and any(each["kind"] == "places" for each in shown["streams"])
    formats = [word for each in ("gpx", "kml", "geojson", "csv", "rrd") for word in ("--format", each)]
    sessions(binary, "export", session, *formats, "--output", tmp_path)
    check_exports(tmp_path, session.name)
    add_key_frame(session)
    sessions(binary, "export", session, "--format", "colmap", "--output", tmp_path / "colmap")
    # Key frames have 320×180 pixels, half of what the camera was told for; COLMAP's pixels begin at the corner.
    numbers = [LENS["fx"], LENS["fy"], LENS["cx"] + 0.5, LENS["cy"] + 0.5]
    assert colmap_camera(tmp_path / "colmap") == ("OPENCV", 320, 180, [n / 2 for n in numbers] + LENS["distortion"])


def add_key_frame(session: Path) -> None:
    """Puts the first still of a session beside a pose, as SLAM keeps its key frames."""
    folder = session / "keyframes"
    folder.mkdir()
    (folder / "keyframe_000001.jpg").write_bytes((session / "frame_000001.jpg").read_bytes())
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }".ljust(117) + "\n"
    matrix = struct.pack("<16d", *(float(row == column) for row in range(4) for column in range(4)))
    head = b"\x93NUMPY\1\0" + struct.pack("<H", len(header))
    (folder / "pose_000001.npy").write_bytes(head + header.encode() + matrix)


def check_exports(folder: Path, name: str) -> None:
    for form in ("gpx", "kml"):
        check_schema(folder / f"{name}.{form}", form)
    waypoint = etree.parse(folder / f"{name}.gpx").getroot().find(f"{GPX}wpt")
    assert (waypoint.get("lat"), waypoint.find(f"{GPX}name").text) == ("47.5000000", "car 7")
    (placemark,) = etree.parse(folder / f"{name}.kml").getroot().iter(f"{KML}Placemark")
    assert placemark.find(f"{KML}Point/{KML}coordinates").text == "8.5000000,47.5000000,400.000"
    (feature,) = json.loads((folder / f"{name}.geojson").read_text())["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [8.5, 47.5, 400]}
    assert feature["properties"] | {"last_seen": ""} == {
        "name": "car 7", "object": 7, "label": "car", "last_seen": "", "horizontal_error_m": 3.02,
        "vertical_error_m": 3}
    with (folder / f"{name}_csv" / "poses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows and all((row["map"], row["metric"], row["key_frame"]) == ("3", "1", "1") for row in rows)
    with (folder / f"{name}_csv" / "places.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["id"], row["label"], row["lat_deg"]) for row in rows} == {
        ("7", "car", "47.500000000"), ("8", "kite", "")}
    assert all((float(row["x"]), float(row["z"])) == (1, 0.5) for row in rows)
