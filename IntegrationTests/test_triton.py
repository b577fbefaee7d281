"""Networks on a server: Triton Inference Server with the tiny models, against the same ones in process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from server import DEFAULTS, unused_port, wait_until
from test_models import run, unpack_tiny

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ["nvidia-pytriton==0.7.0", "openvino==2026.4.1"]


@pytest.fixture(scope="session")
def triton_python() -> str:
    """A Python with the server: $WORLDSYSTEM_TRITON_PYTHON, else one in .deps."""
    named = os.environ.get("WORLDSYSTEM_TRITON_PYTHON")
    if named:
        return named
    folder = REPOSITORY / ".deps" / "triton"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
        (folder / "complete").touch()
    return str(folder / "bin" / "python")


class TritonServer:
    def __init__(self, python: str, models: Path, log: Path):
        self.python, self.models, self.log = python, models, log
        self.work = log.with_suffix(".work")
        self.port, self.http_port = unused_port(), unused_port()
        self.process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> "TritonServer":
        command = [self.python, Path(__file__).with_name("triton_server.py"), self.models, self.work, self.port,
                   self.http_port]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{self.http_port}/v2/health/ready", timeout=5):
                    return self
            except OSError:
                time.sleep(0.5)
        pytest.fail(f"Triton did not start:\n{self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """Ends the server and the processes that run its models, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return unpack_tiny(tmp_path / "models")


@pytest.fixture
def triton(binary: Path, triton_python: str, models: Path, tmp_path: Path) -> Iterator[TritonServer]:
    if "without gRPC" in run(binary, "verify", "--models", models, "--triton", "127.0.0.1:1").stderr:
        pytest.skip("this program was built without gRPC (WORLDSYSTEM_TRITON=1)")
    server = TritonServer(triton_python, models, tmp_path / "triton.log").start()
    yield server
    server.kill()


def test_a_server_that_is_not_there_is_named(binary, models, free_port):
    result = run(binary, "verify", "--models", models, "--triton", f"127.0.0.1:{free_port}", "--deadline", "1")
    assert result.returncode == 69
    if "without gRPC" not in result.stderr:
        assert f"no server of the Open Inference Protocol answers at 127.0.0.1:{free_port}" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_results_are_those_in_process(binary, triton, models):
    result = run(binary, "verify", "--models", models, "--triton", triton.address, "--verbose", timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    there = [line for line in result.stdout.splitlines() if "differs from PyTorch by" in line]
    here = [line for line in run(binary, "verify", "--models", models, "--verbose").stdout.splitlines()
            if "differs from PyTorch by" in line]
    assert len(there) == 12
    if here:
        assert there == here  # To the digits that are printed.


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_runs_go_on_when_the_server_starts_again(binary, triton, models):
    command = [binary, "models", "verify", "gdino", "edgetam", "--models", models, "--triton", triton.address, "--runs",
               "200", "--deadline", "120", "--verbose"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "gdino/gd_detect: differs" in line:
            break
    triton.kill()
    time.sleep(2)
    assert process.poll() is None
    triton.start()
    rest, _ = process.communicate(timeout=600)
    assert process.returncode == 0, rest
    assert rest.count("edgetam/") == 5 + rest.count(" bytes") and "FAIL" not in rest


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_that_stays_away_ends_in_an_error(binary, triton, models):
    triton.kill()
    result = run(binary, "verify", "--models", models, "--triton", triton.address, "--deadline", "2")
    assert result.returncode == 69
    triton.start()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_another_model_is_named_by_its_tensor(binary, triton, models):
    manifest = models / "edgetam" / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"name": "pixel_values"', '"name": "picture"', 1))
    result = run(binary, "verify", "edgetam", "--models", models, "--triton", triton.address, timeout=300)
    assert result.returncode == 1
    assert ("FAIL  edgetam/encode_image: model edgetam/encode_image, tensor picture: expected float32[1, 3, 64, 64], "
            "found no such tensor") in result.stdout


def test_detect_names_a_server_that_is_not_there(binary, models, free_port, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.touch()
    for address, code, words in [
        (f"127.0.0.1:{free_port}", 69, f"no server of the Open Inference Protocol answers at 127.0.0.1:{free_port}"),
        ("no address", 64, "detect.triton is HOST:PORT, not 'no address'"),
    ]:
        result = subprocess.run(
            [binary, "detect", "--from", clip, "--models", models, "--triton", address], stdin=subprocess.DEVNULL,
            cwd=tmp_path, env={"PATH": os.environ["PATH"]} | DEFAULTS, capture_output=True, text=True, timeout=60)
        assert result.returncode == code, result.stderr
        assert words in result.stderr or (code == 69 and "without gRPC" in result.stderr)


@pytest.fixture
def grounded(models: Path, tmp_path: Path) -> list:
    """What `detect` needs to find something with random weights."""
    words = ["[PAD]", "[CLS]", "[SEP]", ".", "?", "[UNK]", "[MASK]", "red", "car", "person", "dog"]
    (models / "gdino" / "vocab.txt").write_text("\n".join(words) + "\n")
    settings = tmp_path / "worldsystem.yaml"
    settings.write_text("detect:\n  box_threshold: 0.9999\n  text_threshold: 0.99\n")
    return ["--models", models, "--model", "gdino+edgetam", "--prompt", "red car. person. dog.", "--config", settings]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_detection_goes_on_when_the_server_starts_again(binary, triton, grounded, tmp_path):
    clip = tmp_path / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=96x54:rate=25", "-frames:v", "200", "-c:v",
         "libx264", "-pix_fmt", "yuv420p", clip], check=True, timeout=120)

    def command(name: str, *more: object) -> list:
        return [binary, "detect", "--from", clip, *grounded, "--results", tmp_path / name, *more]

    def lines(name: str) -> list[dict]:
        return [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]

    environment = {"PATH": os.environ["PATH"]} | DEFAULTS
    log = tmp_path / "detect.log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            list(map(str, command("there.jsonl", "--triton", triton.address))), cwd=tmp_path, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    wait_until(lambda: "detection runs" in log.read_text(), timeout=120)
    time.sleep(1)
    assert process.poll() is None, "the clip is too short to be interrupted"
    triton.kill()
    time.sleep(3)
    assert process.poll() is None, log.read_text()
    assert not (tmp_path / "there.jsonl").exists()
    triton.start()
    assert process.wait(timeout=600) == 0, log.read_text()
    there = lines("there.jsonl")
    assert len(there) > 100 and sum(len(line["objects"]) for line in there) > 100
    here = subprocess.run(
        list(map(str, command("here.jsonl"))), cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=600)
    if "without OpenVINO" in here.stderr:
        return
    assert here.returncode == 0, here.stderr
    assert [[object["id"] for object in line["objects"]] for line in lines("here.jsonl")] == [
        [object["id"] for object in line["objects"]] for line in there]
    for one, other in zip(lines("here.jsonl"), there):
        for left, right in zip(one["objects"], other["objects"]):
            assert left["label"] == right["label"]
            assert max(abs(a - b) for a, b in zip(left["box"], right["box"])) <= 1
