"""RTSP with the clients people use: ffmpeg and GStreamer play and publish, over TCP and UDP."""

import struct
import time

import pytest

from phone import Phone, Player
from rtsp import (
    BareClient, Publisher, decode, gstreamer_plays, is_part_of, needs_gstreamer, probe, record, run,
    with_credentials,
)
from server import wait_until

TRANSPORTS = ("tcp", "udp")
TOKEN = "integration-test-token-0123456789"


@pytest.fixture
def clip_file(clip, tmp_path):
    """The clip as a file that ffmpeg can loop with proper times."""
    return as_mp4(clip, tmp_path / "clip.mp4")


def as_mp4(clip, path):
    raw = path.with_suffix(".h264")
    raw.write_bytes(clip.annexb)
    made = run("ffmpeg", "-v", "error", "-framerate", 30, "-i", raw, "-c", "copy", path)
    assert made.returncode == 0, made.stderr.decode()
    return path


@pytest.fixture
def live(server, clip):
    """A server with a phone that plays the clip over and over."""
    with Phone(server.ws_url) as phone, Player(phone, clip):
        wait_until(lambda: (server.stream() or {}).get("codec"), what="the stream is live")
        yield server


def is_published(server, name: str, token: str | None = None) -> bool:
    stream = server.stream(name, token)
    return bool(stream and stream["publisher_connected"] and stream.get("codec"))


# Playing


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_ffprobe_sees_the_video(live, transport):
    result = probe(live.rtsp_url(), transport)
    assert result.stdout.decode().strip() == "h264,320,180", result.stderr.decode()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_ffmpeg_decodes_without_error(live, transport):
    assert decode(live.rtsp_url(), 60, transport) == ""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_received_pictures_are_bit_exact(live, clip, transport):
    assert is_part_of(record(live.rtsp_url(), 3, transport), clip)


@needs_gstreamer
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_gstreamer_plays(live, transport):
    assert gstreamer_plays(live.rtsp_url(), 60, transport) == ""


def test_first_picture_comes_at_once(live):
    started = time.monotonic()
    assert decode(live.rtsp_url(), 1) == ""
    # Most of it is ffmpeg's own start and probing.
    assert time.monotonic() - started < 3


def test_player_that_comes_first_gets_the_video(server, clip):
    with BareClient(server.rtsp_port) as client:
        client.socket.sendall(f"DESCRIBE {server.rtsp_url()} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        with Phone(server.ws_url) as phone, Player(phone, clip):
            assert client.response()[0] == 200


def test_unknown_stream_is_not_found(server):
    with BareClient(server.rtsp_port) as client:
        started = time.monotonic()
        assert client.request("DESCRIBE", server.rtsp_url("nobody"))[0] == 404
        assert time.monotonic() - started < 8


def test_sender_reports_carry_capture_wall_clock(live):
    with BareClient(live.rtsp_port) as client:
        url = live.rtsp_url()
        assert client.request("DESCRIBE", url)[0] == 200
        status, headers = client.request(
            "SETUP", url + "/trackID=0", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        assert status == 200
        session = headers["session"].split(";")[0]
        assert client.request("PLAY", url, {"Session": session, "Range": "npt=0.000-"})[0] == 200
        channel, report = client.frame()
        assert channel == 1 and report[1] == 200
        seconds, fraction, report_time = struct.unpack(">III", report[8:20])
        channel, packet = client.frame()
        assert channel == 0
        packet_time = struct.unpack(">I", packet[4:8])[0]
        age = ((report_time - packet_time) & 0xFFFFFFFF) / 90_000
        captured = seconds - 2_208_988_800 + fraction / 2**32 - age
        # The first picture is the key frame of the running group: one second long, captured just now.
        assert time.time() - 2.5 < captured < time.time() + 0.1
        assert client.request("TEARDOWN", url, {"Session": session})[0] == 200


def test_pause_stops_the_packets_and_play_goes_on(live):
    with BareClient(live.rtsp_port) as client:
        url = live.rtsp_url()
        client.request("SETUP", url + "/trackID=0", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        assert client.request("PLAY", url)[0] == 200
        client.frame()
        assert client.request("PAUSE", url)[0] == 200
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.frame()
        client.socket.settimeout(10)
        assert client.request("PLAY", url)[0] == 200
        client.frame()


def test_player_that_reads_nothing_disturbs_nobody(live, clip):
    with BareClient(live.rtsp_port) as stalled:
        stalled.request("SETUP", live.rtsp_url() + "/trackID=0", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        stalled.request("PLAY", live.rtsp_url())
        assert is_part_of(record(live.rtsp_url(), 3), clip)


def test_stream_outlives_its_publisher_for_players(server, clip):
    with BareClient(server.rtsp_port) as client:
        with Phone(server.ws_url) as phone, Player(phone, clip):
            assert client.request("DESCRIBE", server.rtsp_url())[0] == 200
            client.request("SETUP", server.rtsp_url() + "/trackID=0", {"Transport": "RTP/AVP/TCP;interleaved=0-1"})
            assert client.request("PLAY", server.rtsp_url())[0] == 200
            client.frame()
        with Phone(server.ws_url) as phone, Player(phone, clip):
            for _ in range(20):
                client.frame()


# Publishing


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_ffmpeg_publishes(server, clip, clip_file, transport):
    with Publisher.ffmpeg(clip_file, server.rtsp_url("flight"), transport=transport):
        wait_until(lambda: is_published(server, "flight"), what="the stream is live")
        assert is_part_of(record(server.rtsp_url("flight"), 2), clip)
    wait_until(lambda: not server.stream("flight")["publisher_connected"], what="the publisher is gone")


@needs_gstreamer
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_gstreamer_publishes(server, make_clip, tmp_path, transport):
    clip = make_clip(seconds=10)
    with Publisher.gstreamer(as_mp4(clip, tmp_path / "long.mp4"), server.rtsp_url("gst"), transport=transport):
        wait_until(lambda: is_published(server, "gst"), what="the stream is live")
        assert is_part_of(record(server.rtsp_url("gst"), 2), clip)


@pytest.mark.parametrize("name", ["drone_nadir_hover_1080p25.mp4", "21_biker.mp4"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_real_videos_go_in_and_out(server, test_data, name, transport):
    with Publisher.ffmpeg(test_data / "videos" / name, server.rtsp_url("real"), transport=transport):
        wait_until(lambda: is_published(server, "real"), 15, "the stream is live")
        assert decode(server.rtsp_url("real"), 40) == ""


def test_second_publisher_is_refused_with_a_reason(live, clip_file):
    with Publisher.ffmpeg(clip_file, live.rtsp_url(), loop=False) as publisher:
        code, output = publisher.wait()
    assert code != 0 and "403" in output


# Credentials


def test_passwords_open_the_server(make_server, clip_file):
    server = make_server("--token-file", str(write_tokens(clip_file.parent)))
    url = server.rtsp_url()
    with Publisher.ffmpeg(clip_file, with_credentials(url, TOKEN + "-publish")):
        wait_until(lambda: is_published(server, "drone", TOKEN + "-view"), what="the stream is live")
        assert decode(with_credentials(url, TOKEN + "-view"), 10) == ""
        for refused in (url, with_credentials(url, "wrong"), with_credentials(url, TOKEN + "-publish")):
            result = probe(refused)
            assert result.returncode != 0 and b"401" in result.stderr
    assert TOKEN not in server.log_text()


@needs_gstreamer
def test_gstreamer_answers_the_digest(make_server, clip_file):
    server = make_server("--token-file", str(write_tokens(clip_file.parent)))
    with Publisher.ffmpeg(clip_file, with_credentials(server.rtsp_url(), TOKEN + "-publish")):
        wait_until(lambda: is_published(server, "drone", TOKEN + "-view"), what="the stream is live")
        assert gstreamer_plays(server.rtsp_url(), 10, user="anybody", password=TOKEN + "-view") == ""


def write_tokens(folder):
    path = folder / "tokens"
    path.write_text(f"publish: {TOKEN}-publish\nview: {TOKEN}-view\ncontrol: {TOKEN}-control\n")
    path.chmod(0o600)
    return path


# Pushing


def test_push_feeds_a_second_server_and_tells_its_state(make_server, clip):
    target = make_server(start=False)
    source = make_server("--rtsp-push", target.rtsp_url("pushed"))
    with Phone(source.ws_url) as phone, Player(phone, clip):
        # Nobody is there yet: the push says so and tries again.
        wait_until(lambda: source.get("/health/rtsp").status == 503, 15, "the push is down")
        target.start()
        wait_until(lambda: is_published(target, "pushed"), 15, "the push came through")
        assert is_part_of(record(target.rtsp_url("pushed"), 2), clip)
        health = wait_until(
            lambda: source.get("/health/rtsp").status == 200 and source.json("/health/rtsp"), what="healthy again")
        assert health["ffmpeg_healthy"] is True and health["queue_capacity"] == 100
        status = source.json("/rtsp/status")
        assert status["ffmpeg_running"] is True and status["thread_alive"] is True
        assert source.metric("rtsp_server_healthy") == 1
        assert source.metric("rtsp_restarts_total") >= 1


# Bad manners


@pytest.mark.parametrize(
    "data, status",
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 505), (b"hello\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: " + b"a" * 20_000, 413),
        (b"ANNOUNCE rtsp://h/drone RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 9999999\r\n\r\n", 413),
    ])
def test_what_is_no_rtsp_ends_its_connection_only(server, data, status):
    with BareClient(server.rtsp_port) as client:
        client.socket.sendall(data)
        assert client.response()[0] == status
        assert client.is_closed_within(3)
    with BareClient(server.rtsp_port) as client:
        assert client.request("OPTIONS", "*")[0] == 200


def test_multicast_is_refused(live):
    with BareClient(live.rtsp_port) as client:
        assert client.request("SETUP", live.rtsp_url() + "/trackID=0", {"Transport": "RTP/AVP;multicast"})[0] == 461
