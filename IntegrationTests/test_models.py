"""`worldsystem models`: what is there, whether it is whole, and making it of checkpoints."""

import io
import json
import os
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FIXTURES = REPOSITORY / "Tests" / "Fixtures" / "models"
GRAPHS = ["encode_image", "attend_memory", "decode_mask", "encode_memory", "prompt_mask"]


def run(binary: Path, *args, timeout: float = 60, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [binary, "models", *map(str, args)], env=os.environ | variables, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=timeout, check=False)


def unpack_tiny(folder: Path) -> Path:
    """Writes the tiny models of the repository into a folder."""
    archive = b"".join(part.read_bytes() for part in sorted(FIXTURES.glob("tiny.tar.gz.*")))
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        content.extractall(folder)
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return unpack_tiny(tmp_path / "models")


def test_list_says_what_is_there_and_what_could_be(binary, tiny):
    result = run(binary, "list", "--models", tiny, "--json")
    assert result.returncode == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert {"sam2", "edgetam", "gdino", "grounding-dino-base", "llmdet-tiny", "sam2.1-hiera-large"} <= set(rows)
    assert rows["sam2"]["isPrepared"] and rows["sam2"]["size"] == "64x64" and rows["sam2"]["precision"] == "f32"
    assert not rows["llmdet-tiny"]["isPrepared"]
    assert all(row["licence"] == "Apache-2.0" and row["bytes"] > 0 for row in rows.values())
    table = run(binary, "list", "--models", tiny).stdout.splitlines()
    assert any(line.startswith("gdino ") and " ready " in line for line in table)
    assert any(line.startswith("sam2.1-hiera-tiny ") and " -  " in line and "156 MB" in line for line in table)


def test_a_broken_manifest_is_listed_as_such(binary, tiny):
    (tiny / "gdino" / "manifest.json").write_text("{")
    row = next(row for row in json.loads(run(binary, "list", "--models", tiny, "--json").stdout)
               if row["name"] == "gdino")
    assert not row["isPrepared"] and "manifest.json cannot be read" in row["fault"]


def test_verify_is_content_with_whole_models(binary, tiny):
    result = run(binary, "verify", "--models", tiny, "--verbose")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "FAIL" not in result.stdout
    if "built without OpenVINO" in result.stdout:
        pytest.skip("this program was built without OpenVINO: networks were not loaded")
    for graph in ["sam2/decode_mask", "edgetam/attend_memory", "gdino/gd_text", "gdino/gd_detect"]:
        assert f"ok    {graph}: differs from PyTorch by " in result.stdout


@pytest.mark.parametrize("name", ["sam2/encode_image.bin", "edgetam/decode_mask.xml", "gdino/gd_detect.out.logits.npy"])
def test_verify_finds_a_damaged_file(binary, tiny, name):
    file = tiny / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    result = run(binary, "verify", "--models", tiny)
    assert result.returncode == 1
    failures = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert len(failures) == 1 and failures[0].startswith(f"FAIL  {name}: expected SHA-256 ")


def test_verify_finds_another_signature(binary, tiny):
    manifest = tiny / "gdino" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["graphs"]["gd_text"]["outputs"][0]["shape"] = [1, None, 256]
    manifest.write_text(json.dumps(content))
    result = run(binary, "verify", "gdino", "--models", tiny)
    if "built without OpenVINO" in result.stdout:
        pytest.skip("this program was built without OpenVINO: networks were not loaded")
    assert result.returncode == 1
    assert ("FAIL  gdino/gd_text: model gdino/gd_text, tensor text_features: expected float32[1, ?, 256], found "
            "float32[1, ?, 32]") in result.stdout


@pytest.mark.parametrize(("args", "message"), [
    (["prepare", "nonsense"], "there is no model “nonsense”; there are sam2.1-hiera-tiny, "),
    (["prepare"], "which model?"),
    (["prepare", "edgetam", "--from", "x", "--random", "full"], "--from is for one model"),
    (["prepare", "edgetam", "--size", "1000"], "edgetam looks at squares of a multiple of 64 pixels, not 1000"),
    (["prepare", "llmdet-tiny", "--size", "10x"], "--size is a number from 64 to 4096"),
    (["prepare", "edgetam", "--seed", "1"], "--seed is for --random"),
    (["verify"], "there are no models in "),
])
def test_wrong_usage_is_one_line_and_64(binary, tmp_path, args, message):
    result = run(binary, *args, "--models", tmp_path)
    assert result.returncode == 64, result.stderr
    assert result.stderr.count("\n") == 1 and message in result.stderr


def test_verify_of_an_absent_model_is_wrong_usage(binary, tiny):
    result = run(binary, "verify", "absent", "--models", tiny)
    assert (result.returncode, result.stderr) == (64, f"worldsystem: there is no model “absent” in {tiny}\n")


def test_prepare_without_python_says_so(binary, tmp_path):
    result = run(binary, "prepare", "edgetam", "--models", tmp_path, PATH=str(tmp_path))
    assert result.returncode == 69
    assert result.stderr == "worldsystem: preparing models needs python3, with its module venv; it is not in PATH\n"


def test_prepare_hands_on_what_it_was_asked(binary, tmp_path):
    """A stand-in for Python prints what it is called with."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$PYTHONPATH\" \"$@\"\nexit 7\n")
    python.chmod(0o755)
    result = run(
        binary, "prepare", "llmdet-tiny", "--models", tmp_path / "m", "--python", python, "--from", tmp_path,
        "--size", "960", "--precision", "int8", "--triton", tmp_path / "t", "--triton-backend", "openvino")
    assert result.returncode == 7, result.stderr
    path, *args = result.stdout.splitlines()
    assert args == [
        "-m", "worldsystem_models", "llmdet-tiny", "--models", f"{tmp_path}/m", "--precision", "int8", "--from",
        str(tmp_path), "--width", "960", "--height", "540", "--triton", f"{tmp_path}/t", "--triton-backend", "openvino"]
    assert (Path(path) / "worldsystem_models" / "forms.py").exists()


# What follows needs PyTorch: gigabytes, and minutes to install.


@pytest.fixture(scope="session")
def exporter(binary: Path) -> list[str]:
    """Options of `models prepare` for its environment: $WORLDSYSTEM_EXPORTER_PYTHON, else one in .deps."""
    named = os.environ.get("WORLDSYSTEM_EXPORTER_PYTHON")
    return ["--python", named] if named else ["--environment", str(REPOSITORY / ".deps" / "exporter")]


@pytest.fixture(scope="session")
def python(exporter: list[str], binary: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python with the exporter's packages; making it is a test of its own."""
    if exporter[0] == "--python":
        return exporter[1]
    folder = tmp_path_factory.mktemp("first")
    result = run(binary, "prepare", "gdino", "--random", "tiny", "--models", folder, *exporter, timeout=1800)
    assert result.returncode == 0, result.stderr
    return str(next(Path(exporter[1]).glob("*/bin/python")))


def save_checkpoint(python: str, family: str, folder: Path) -> Path:
    """Writes a tiny model in the form of Hugging Face."""
    seed = {"sam2": 1, "edgetam": 6}.get(family, 1)
    script = f"from worldsystem_models import tiny; tiny.model({family!r}, 64, {seed}).save_pretrained({str(folder)!r})"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "ModelExporter"), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([python, "-c", script], env=environment, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_killed_run_goes_on(binary, python, tmp_path):
    command = [binary, "models", "prepare", "sam2", "--random", "tiny", "--models", tmp_path, "--python", python]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if ": 3/6 decode_mask" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = tmp_path / "sam2"
    assert not (folder / "manifest.json").exists()
    assert sorted(file.stem for file in folder.glob("*.onnx")) == ["attend_memory", "encode_image"]
    before = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.xml")}
    again = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=True)
    assert f"sam2: prepared, {folder}" in again.stdout
    for name, changed in before.items():
        assert (folder / name).stat().st_mtime_ns == changed, f"{name} was made twice"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert list(manifest["graphs"]) == GRAPHS and not (folder / ".unfinished").exists()
    for graph in manifest["graphs"].values():
        assert graph["checks"]["openvino"]["relative"] <= 1e-4 >= graph["checks"]["onnx"]["relative"]
    assert run(binary, "verify", "--models", tmp_path).returncode == 0
    third = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    assert "is prepared already" in third.stdout


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize(("name", "family", "size"), [
    ("sam2.1-hiera-tiny", "sam2", "64"), ("edgetam", "edgetam", "64"),
    ("grounding-dino-tiny", "grounding-dino", "160x128"), ("llmdet-tiny", "mm-grounding-dino", "160x128"),
])
def test_a_checkpoint_in_a_folder_is_prepared(binary, python, tmp_path, name, family, size):
    source = save_checkpoint(python, family, tmp_path / "checkpoint")
    models, triton = tmp_path / "models", tmp_path / "triton"
    result = run(binary, "prepare", name, "--from", source, "--size", size, "--models", models, "--python", python,
                 "--triton", triton, timeout=1800)
    assert result.returncode == 0, result.stderr
    manifest = json.loads((models / name / "manifest.json").read_text())
    assert manifest["recipe"]["source"]["kind"] == "folder"
    assert set(manifest["recipe"]["source"]["files"]) == {"config.json", "model.safetensors"}
    assert run(binary, "verify", "--models", models).returncode == 0
    for graph, signature in manifest["graphs"].items():
        place = triton / f"{name}.{graph}"
        assert (place / "1" / "model.onnx").read_bytes() == (models / name / f"{graph}.onnx").read_bytes()
        text = (place / "config.pbtxt").read_text()
        for tensor in signature["inputs"] + signature["outputs"]:
            assert f'name: "{tensor["name"]}"' in text


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_another_kind_of_checkpoint_is_refused(binary, python, tmp_path):
    source = save_checkpoint(python, "grounding-dino", tmp_path / "checkpoint")
    result = run(binary, "prepare", "edgetam", "--from", source, "--models", tmp_path, "--python", python, timeout=600)
    assert result.returncode == 1
    assert f"{source} holds a model of the kind grounding-dino, not edgetam_video" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_short_weights_are_smaller_and_near(binary, python, tmp_path, precision):
    result = run(binary, "prepare", "gdino", "--random", "tiny", "--precision", precision, "--no-onnx", "--models",
                 tmp_path, "--python", python, timeout=1800)
    assert result.returncode == 0, result.stderr
    folder = tmp_path / f"gdino-{precision}"
    checks = json.loads((folder / "manifest.json").read_text())["graphs"]
    assert all(1e-5 < graph["checks"]["openvino"]["rms"] < 0.1 for graph in checks.values())
    assert (folder / "gd_detect.bin").stat().st_size < 0.8 * 887_576  # of 32-bit floats
