"""The Dockerfile carried out for real in clean Debian roots, and the roles of the image run there.

$WORLDSYSTEM_IMAGE_PROGRAM may name a program that the build stage has made already; then only the rest is done.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chroot import DockerfileRun, Stage
from conftest import REPOSITORY
from server import TOKENS, unused_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(5400)]

DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
# What the official image swift:6.3-bookworm installs beside the toolchain (swiftlang/swift-docker, 6.3/debian/12).
SWIFT_IMAGE_PACKAGES = (
    "binutils libicu-dev libcurl4-openssl-dev libedit-dev libsqlite3-dev libncurses-dev libpython3-dev libxml2-dev "
    "pkg-config uuid-dev tzdata git gcc libstdc++-12-dev")
# As docker-compose.yml mounts them.
MEMORY = {"tmp": "mode=0700,uid=10001,gid=10001", "run/worldsystem": "mode=0700,uid=10001,gid=10001"}


@pytest.fixture(scope="module")
def debian(tmp_path_factory) -> Path:
    """A root with Debian 12 and nothing else, as debian:bookworm-slim."""
    if os.geteuid() != 0:
        pytest.skip("only root can make and enter a root of its own")
    if not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine allows no namespaces")
    root = tmp_path_factory.mktemp("image") / "debian"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", root, MIRROR], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    return root


def copy_of(root: Path, name: str) -> Path:
    """A copy of a root beside it."""
    subprocess.run(["cp", "--archive", "--reflink=auto", root, root.parent / name], check=True, timeout=300)
    return root.parent / name


@pytest.fixture(scope="module")
def built(debian) -> Stage:
    """The build stage. Its packages come from this checkout's .build, so that GitHub is not asked again."""
    stage = Stage(root=copy_of(debian, "build"))
    given = os.environ.get("WORLDSYSTEM_IMAGE_PROGRAM")
    if given:
        (stage.root / "out").mkdir()
        shutil.copy(given, stage.root / "out/worldsystem")
        return stage
    swift = shutil.which("swift") or pytest.skip("no Swift toolchain")
    toolchain = Path(swift).resolve().parent.parent
    (stage.root / "opt/swift").mkdir(parents=True)
    stage.binds[toolchain] = "opt/swift"
    stage.environment["PATH"] = "/opt/swift/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    install = f"apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes {SWIFT_IMAGE_PACKAGES}"
    done = stage.run(["/bin/sh", "-c", f"{install} && swift --version"], timeout=900)
    assert done.returncode == 0, done.stdout[-4000:]
    (stage.root / "src/.build").mkdir(parents=True)
    for name in ("checkouts", "repositories", "workspace-state.json"):
        source = REPOSITORY / ".build" / name
        subprocess.run(["cp", "--archive", source, stage.root / "src/.build"], check=True, timeout=300)
    return DockerfileRun(file=DOCKERFILE, context=REPOSITORY).carry_out("build", stage, timeout=4500)


@pytest.fixture(scope="module")
def image(debian, built) -> Stage:
    """The runtime stage, as a container of docker-compose.yml would have it."""
    stage = Stage(root=copy_of(debian, "runtime"))
    DockerfileRun(file=DOCKERFILE, context=REPOSITORY, stages={"build": built}).carry_out(
        "runtime", stage, timeout=900)
    (stage.root / "run/secrets").mkdir()
    stage.memory, stage.read_only = dict(MEMORY), True
    return stage


@pytest.fixture
def secrets(image) -> Iterator[Path]:
    """The folder of secrets; as Docker mounts them, everybody in the container can read them."""
    folder = image.root / "run/secrets"
    yield folder
    for file in folder.iterdir():
        file.unlink()


@pytest.fixture
def recordings(tmp_path) -> Path:
    """A volume that belongs to the image's user."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    os.chown(folder, 10001, 10001)
    return folder


class Container:
    """A role of the image that runs; process 1 of its namespaces is the entry point."""

    def __init__(self, image: Stage, command: list[str], environment: dict, log: Path):
        self.image, self.log, self.environment = image, log, environment
        with log.open("wb") as output:
            self.process = image.popen(
                image.entrypoint + command, environment=environment, stdout=output, stderr=output)

    @property
    def first(self) -> int:
        """Process 1, as this machine numbers it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def execute(self, *command: str) -> subprocess.CompletedProcess:
        """What `docker exec` does."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid"]
        return subprocess.run(
            enter + self.image.inside(list(command), self.environment), capture_output=True, text=True, timeout=30)

    def is_healthy(self) -> bool:
        assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.log.read_text()}"
        return self.execute("worldsystem-health").returncode == 0

    def stop(self) -> int:
        """What `docker stop` does; the exit code."""
        os.kill(self.first, signal.SIGTERM)
        return self.process.wait(15)


@contextmanager
def container(image: Stage, command: list[str], log: Path, volumes: dict | None = None, **environment):
    image.binds = volumes or {}
    running = Container(image, command, environment, log)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


def test_program_needs_only_what_is_installed(image):
    done = image.run(["ldd", "/usr/local/bin/worldsystem"], timeout=30)
    assert "not found" not in done.stdout and "libavcodec.so.59" in done.stdout
    assert "libswift" not in done.stdout and "libFoundation" not in done.stdout


def test_image_runs_as_its_user_and_cannot_change_itself(image):
    assert image.run(["id", "-u"], timeout=30).stdout.strip() == "10001"
    assert image.run(["touch", "/usr/local/bin/x"], timeout=30).returncode != 0
    assert image.run(["touch", "/app/x"], timeout=30).returncode != 0
    done = image.run(["worldsystem", "--help"], timeout=30)
    assert done.returncode == 0 and "SUBCOMMANDS" in done.stdout, done.stdout
    assert image.run(["sh", "-c", "ls /var/lib/apt/lists"], timeout=30).stdout == ""


def test_open_server_does_not_start(image):
    done = image.run([*image.entrypoint, *image.command], timeout=30)
    assert done.returncode == 64 and "token" in done.stdout, done.stdout


def test_roles_work_together(image, secrets, recordings, tmp_path):
    """Server, storage and a simulated phone, each with its secret, until a session is on the volume."""
    tokens = secrets / "worldsystem_tokens"
    tokens.write_text("".join(f"{role}: {token}\n" for role, token in TOKENS.items()))
    tokens.chmod(0o444)
    (secrets / "publish").write_text(TOKENS["publish"])
    (secrets / "worldsystem_token").write_text(TOKENS["view"] + "\n")
    port, rtsp_port = str(unused_port()), str(unused_port())
    url = f"ws://127.0.0.1:{port}"
    volumes = {recordings: "app/recordings"}
    with container(
        image, image.command, tmp_path / "server.log", volumes, API_PORT=port, RTSP_PORT=rtsp_port
    ) as server, container(
        image, ["record", "--from", f"{url}/ws/h264_stream?stream=drone"], tmp_path / "storage.log", volumes
    ) as storage:
        wait_until(server.is_healthy, 30, "the server is healthy")
        assert server.execute("stat", "-c", "%a %u", "/run/worldsystem/tokens").stdout == "600 10001\n"
        assert server.execute("cat", "/proc/1/comm").stdout == "worldsystem\n"
        # Process 1 tells the roles apart: this one looks at its folder, and is not asked by HTTP.
        assert storage.execute("worldsystem-health").stdout == ""
        with container(
            image, ["simulate", "--flight", "--to", url, "--duration", "8"], tmp_path / "phone.log",
            WORLDSYSTEM_TOKEN_FILE="/run/secrets/publish"
        ) as phone:
            assert phone.process.wait(60) == 0, (tmp_path / "phone.log").read_text()
        wait_until(lambda: list(recordings.glob("*/video*.mp4")), 20, "a recording is on the volume")
        assert storage.stop() == 0, (tmp_path / "storage.log").read_text()
        assert server.stop() == 0, (tmp_path / "server.log").read_text()
    session = json.loads(next(recordings.glob("*/metadata.json")).read_text())
    assert session["total_frames"] > 100
    assert {path.stat().st_uid for path in recordings.rglob("*")} == {10001}
