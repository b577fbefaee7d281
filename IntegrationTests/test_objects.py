"""Where objects are in the world: of a recorded file with a known path, and live in `up`."""

import json

import pytest

from bus import validator
from server import wait_until
from telemetry import Viewer
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
