"""One clock: the server follows a time server, stamps by it, and survives what time servers do."""

import re
import subprocess
import time

import pytest

from clips import Clip
from phone import Phone, Player
from server import DEFAULTS, Server, wait_until
from timeserver import Chrony, FakeTimeServer

OFFSET = "worldsystem_clock_offset_seconds"
CORRECTION = "worldsystem_clock_correction_seconds"
SYNCHRONISED = "worldsystem_clock_synchronised"


@pytest.fixture
def time_server():
    with FakeTimeServer() as server:
        yield server


@pytest.fixture
def make_clocked(make_server):
    """Starts a server that asks the given time server."""

    def make(address: str, *args: str, **options) -> Server:
        return make_server(*args, environment={"NTP_SERVER": address}, **options)

    return make


def wait_synchronised(server: Server) -> None:
    wait_until(lambda: server.metric(SYNCHRONISED) == 1, 10, "the clock is synchronised")


def ahead(server: Server) -> float:
    """What the server's clock is ahead of this machine's, in seconds: by the answer that came soonest."""
    answers = []
    for _ in range(5):
        before = time.time()
        stamp = server.json("/health")["timestamp"]
        after = time.time()
        answers.append((after - before, stamp - (before + after) / 2))
    return min(answers)[1]


def test_an_offset_is_found_and_seen_everywhere(make_clocked, time_server, clip: Clip):
    server = make_clocked(time_server.address)
    wait_synchronised(server)
    assert server.metric(OFFSET) == pytest.approx(0.25, abs=0.01)
    assert server.metric(CORRECTION) == pytest.approx(0.25, abs=0.01)
    assert 0 < server.metric("worldsystem_clock_dispersion_seconds") < 0.01
    assert 0 < server.metric("worldsystem_clock_delay_seconds") < 0.1
    assert server.metric("worldsystem_clock_stratum") == 2
    assert ahead(server) == pytest.approx(0.25, abs=0.01)
    clock = server.json("/api/server")["clock"]
    assert clock["synchronised"] and clock["server"] == time_server.address and clock["stratum"] == 2
    assert clock["offset_ms"] == pytest.approx(250, abs=10)
    # A phone whose clock is that of this machine: the server is 250 ms ahead, and a little for the way.
    with Phone(server.ws_url) as phone, Player(phone, clip):
        offset = wait_until(lambda: (server.stream() or {}).get("clock_offset_ms"), 10, "the phone's offset is known")
        assert 240 < offset < 350
        gauge = "worldsystem_phone_clock_offset_seconds"
        wait_until(lambda: 0.24 < (server.metric(gauge) or 0) < 0.35, 5, "the gauge has the phone's offset")
        assert server.metric("worldsystem_phone_clock_offset_spread_seconds") < 0.1


def test_requests_tell_nothing_about_the_client(make_clocked, time_server):
    wait_synchronised(make_clocked(time_server.address))
    wait_until(lambda: len(time_server.requests) >= 2, 10, "two requests")
    cookies = {request[40:] for _, request in time_server.requests}
    assert len(cookies) == len(time_server.requests)
    assert {request[:40] for _, request in time_server.requests} == {b"\x23\0\0\x20" + bytes(36)}


def test_a_clock_that_is_early_is_not_set_back(make_clocked):
    with FakeTimeServer(offset=0) as time_server:
        time_server.silent = True
        server = make_clocked(time_server.address)
        first = ahead(server)
        time_server.offset, time_server.silent = -0.5, False
        wait_synchronised(server)
        assert server.metric(OFFSET) == pytest.approx(-0.5, abs=0.01)
        stamps = [server.json("/health")["timestamp"] for _ in range(200)]
        assert stamps == sorted(stamps)
        # Slewing: 500 ppm of the seconds since.
        assert first - 0.02 < ahead(server) < first + 0.01


@pytest.mark.parametrize("kiss", ["DENY", "RSTR"])
def test_a_refusal_ends_the_asking(make_clocked, time_server, kiss):
    time_server.kiss = kiss
    server = make_clocked(time_server.address)
    failures = 'worldsystem_clock_poll_failures_total{reason="refused"}'
    wait_until(lambda: server.metric(failures) == 1, 10, "the refusal is counted")
    # The burst would have asked again after two seconds.
    time.sleep(2.5)
    assert len(time_server.requests) == 1
    assert server.metric(SYNCHRONISED) == 0 and abs(ahead(server)) < 0.01


def test_wrong_answers_do_not_matter(make_clocked, time_server):
    time_server.before = (
        b"", b"\x24", b"\xff" * 48, b"\0" * 400,
        lambda server, request: server.answer(request, time.time() + 99, origin=b"12345678"),
        lambda server, request: server.answer(request, 0, origin=b"87654321", stratum=0, reference_id=b"DENY"),
    )
    server = make_clocked(time_server.address)
    wait_synchronised(server)
    assert ahead(server) == pytest.approx(0.25, abs=0.01)
    assert server.metric('worldsystem_clock_replies_ignored_total{reason="unmatched"}') >= 2
    assert server.metric('worldsystem_clock_replies_ignored_total{reason="malformed"}') >= 3


def test_a_server_that_is_not_synchronised_is_not_believed(make_clocked, time_server):
    time_server.answer = lambda request, received, **_: FakeTimeServer.answer(time_server, request, received, leap=3)
    server = make_clocked(time_server.address)
    failures = 'worldsystem_clock_poll_failures_total{reason="unsynchronised"}'
    wait_until(lambda: server.metric(failures) >= 1, 10, "the answer is counted")
    assert server.metric(SYNCHRONISED) == 0 and abs(ahead(server)) < 0.01


def test_a_server_that_vanishes_leaves_the_time(make_clocked):
    with FakeTimeServer() as time_server:
        server = make_clocked(time_server.address)
        wait_synchronised(server)
    # Its port is closed now, so the next polls fail at once.
    wait_until(
        lambda: (server.metric('worldsystem_clock_poll_failures_total{reason="unreachable"}') or 0) >= 1, 10,
        "a poll fails")
    assert ahead(server) == pytest.approx(0.25, abs=0.01)
    assert server.log_text().count("clock follows a time server") == 1


def test_nothing_that_answers_is_one_line_and_delays_nothing(make_server):
    with FakeTimeServer() as gone:
        address = gone.address
    # Names under .invalid have no address (RFC 6761).
    started = time.monotonic()
    server = make_server(settings={"clock": {"servers": [address, "time.invalid"]}})
    assert time.monotonic() - started < 5
    wait_until(lambda: "no time server answers" in server.log_text(), 30, "the log says so")
    polls = server.metric("worldsystem_clock_polls_total")
    wait_until(lambda: server.metric("worldsystem_clock_polls_total") > polls, 30, "they are asked again")
    assert server.log_text().count("no time server answers") == 1
    assert abs(ahead(server)) < 0.01


def test_names_that_are_none_are_a_usage_error(binary, tmp_path):
    run = subprocess.run(
        [binary, "serve", "--data", tmp_path], env=DEFAULTS | {"NTP_SERVER": "not a host"},
        capture_output=True, text=True, timeout=20)
    assert run.returncode == 64 and "NTP_SERVER" in run.stderr and len(run.stderr.splitlines()) == 1


def test_frames_of_a_recording_have_times_of_the_clock(make_clocked, time_server, clip: Clip):
    server = make_clocked(time_server.address, command="up")
    wait_synchronised(server)
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        wait_until(lambda: len(player.sent) > 60, 15, "two seconds are played")
    started = player.started_us / 1e6
    recording = wait_until(lambda: server.json("/api/recordings")["recordings"], 10, "a recording is listed")[0]
    assert recording["start_time"] == pytest.approx(started + 0.25, abs=0.2)


def test_doctor_asks_time_servers(binary, tmp_path, time_server):
    def doctor(address: str) -> str:
        return subprocess.run(
            [binary, "doctor", "--data", tmp_path, "--port", "0", "--rtsp-port", "0"],
            env=DEFAULTS | {"NTP_SERVER": address}, capture_output=True, text=True,
            timeout=30).stdout

    found = re.search(
        rf"^ok    time server  {time_server.address}: stratum 2, the clock of the system is ([\d.]+) ms slow,",
        doctor(time_server.address), re.MULTILINE)
    assert found and float(found[1]) == pytest.approx(250, abs=10)
    time_server.kiss = "DENY"
    assert f"warn  time server  {time_server.address}: the server refuses: DENY" in doctor(time_server.address)


def test_doctor_asks_the_broker(binary, tmp_path, free_port):
    def doctor(url: str | None) -> tuple[int, str]:
        environment = DEFAULTS | ({"RABBITMQ_URL": url} if url else {})
        run = subprocess.run(
            [binary, "doctor", "--data", tmp_path / "data", "--port", "0", "--rtsp-port", "0"], env=environment,
            capture_output=True, text=True, timeout=30)
        return run.returncode, next(line for line in run.stdout.splitlines() if line[6:].startswith("bus "))

    assert doctor(None)[1] == "ok    bus          in process"
    code, line = doctor(f"amqp://admin:sesame@127.0.0.1:{free_port}/")
    assert code == 69 and line.startswith(f"FAIL  bus          no broker at amqp://127.0.0.1:{free_port}/")
    assert "sesame" not in line
    code, line = doctor("amqp://127.0.0.1:port/")
    assert code == 64 and line.startswith("FAIL  bus          the broker's URL is wrong")


def test_follows_the_real_chronyd(make_clocked, tmp_path):
    with Chrony(tmp_path) as chrony:
        server = make_clocked(chrony.address)
        wait_synchronised(server)
        assert abs(server.metric(OFFSET)) < 0.002
        assert server.metric("worldsystem_clock_stratum") == 5
        assert abs(ahead(server)) < 0.01
