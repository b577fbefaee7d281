"""Fixtures of all integration tests: the binary, test data, clips and servers that are always stopped."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clips import Clip
from phone import Phone, Player
from rabbitmq import Broker
from server import TOKENS, Server, unused_port, wait_until

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def binary() -> Path:
    """The `worldsystem` binary: $WORLDSYSTEM_BINARY, else the release build, else the debug build."""
    named = os.environ.get("WORLDSYSTEM_BINARY")
    builds = [REPOSITORY / ".build" / kind / "worldsystem" for kind in ("release", "debug")]
    candidates = [Path(named)] if named else builds
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    pytest.fail("no worldsystem binary; build it first. Looked at: " + ", ".join(map(str, candidates)))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of test data: $WORLDSYSTEM_TEST_DATA, else ../shared/data. Skips where it is absent."""
    folder = Path(os.environ.get("WORLDSYSTEM_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "videos").is_dir():
        pytest.skip(f"no test data at {folder} (set WORLDSYSTEM_TEST_DATA)")
    return folder


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody uses."""
    return unused_port()


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Clip]:
    """Makes clips with ffmpeg (arguments of `Clip.make`), each only once per run."""
    folder, made = tmp_path_factory.mktemp("clips"), {}

    def make(**options) -> Clip:
        key = tuple(sorted(options.items()))
        if key not in made:
            made[key] = Clip.make(folder / f"{len(made)}.h264", **options)
        return made[key]

    return make


@pytest.fixture
def clip(make_clip) -> Clip:
    """Three seconds of 320×180 at 30 fps, a key frame every second."""
    return make_clip()


@pytest.fixture
def make_server(binary: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers (arguments of `Server`); each is stopped at the end and must have exited cleanly.

    `settings` is the content of a configuration file.
    """
    servers: list[Server] = []

    def make(*args: str, start: bool = True, settings: dict | None = None, **options) -> Server:
        data = tmp_path / f"server{len(servers)}"
        data.mkdir()
        if settings:
            file = data.with_suffix(".yaml")
            file.write_text(json.dumps(settings))  # JSON is YAML.
            args += ("--config", str(file))
        server = Server(binary, data, args=args, **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    failures = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def server(make_server) -> Server:
    """A running `worldsystem serve` on loopback with default settings."""
    return make_server()


@pytest.fixture
def guarded(make_server, tmp_path: Path) -> Server:
    """A running server that asks for `TOKENS`."""
    file = tmp_path / "tokens"
    file.write_text("".join(f"{role}: {token}\n" for role, token in TOKENS.items()))
    file.chmod(0o600)
    return make_server("--token-file", str(file))


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A RabbitMQ node for all tests; use `broker`, which makes sure that it runs."""
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    """A running RabbitMQ node that tests share: use names of your own, or override `*_EXCHANGE` variables."""
    if not shared_broker.is_running:
        shared_broker.start()
    return shared_broker


@pytest.fixture
def resized(make_server, make_clip) -> Path:
    """A recorded session of a second of 320×180, one of 640×360, and one of 320×180 again, 30 pictures each."""
    small, large = make_clip(seconds=1), make_clip(size="640x360", seconds=1)
    server = make_server(command="up")
    with Phone(server.ws_url) as phone:
        for clip in (small, large, small):
            with Player(phone, clip, loop=False) as player:
                wait_until(lambda: len(player.sent) == len(clip.units), 10, "one second of video")
        wait_until(lambda: (server.metric("worldsystem_recording_frames_total") or 0) >= 90, 15, "the last frame")
    server.stop()
    (session,) = [path.parent for path in server.data.glob("*/metadata.json")]
    return session


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Makes nodes of the test's own (arguments of `Broker`), started unless `start=False`; stopped at the end."""
    brokers: list[Broker] = []

    def make(*, start: bool = True, **options) -> Broker:
        broker = Broker(tmp_path / f"broker{len(brokers)}", **options)
        brokers.append(broker)
        return broker.start() if start else broker

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def make_small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes folders on file systems of so many MiB. Skips where this user may not mount one."""
    folders: list[Path] = []

    def make(mebibytes: int) -> Path:
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], capture_output=True, text=True,
            check=False)
        if mounted.returncode != 0:
            pytest.skip(f"a small tmpfs cannot be mounted: {mounted.stderr.strip()}")
        folders.append(folder)
        return folder

    yield make
    for folder in folders:
        subprocess.run(["umount", "--lazy", folder], check=False)
