"""`worldsystem up` and the commands that act as a phone, as a newcomer uses them."""

import re
import stat
import subprocess
import time

import pytest

from server import Server, unused_port, wait_until


def streams(server: Server, token: str | None = None) -> dict:
    return {stream["name"]: stream for stream in server.json("/api/streams", token=token)["streams"]}


def test_demo_flies_and_says_where_everything_is(make_server):
    server = make_server("--demo", command="up")
    banner = server.log.read_text()
    for url in (f"http://127.0.0.1:{server.port}/\n", server.rtsp_url(), f"http://127.0.0.1:{server.port}/metrics"):
        assert url in banner
    assert "token" not in banner
    wait_until(lambda: streams(server)["drone"]["fps"] > 0, 30, "the demo flight has a frame rate")
    assert (streams(server)["drone"]["width"], streams(server)["drone"]["height"]) == (1280, 720)


def test_tokens_are_made_and_printed_once_beyond_this_machine(make_server):
    server = make_server(command="up", host="0.0.0.0")
    tokens = dict(re.findall(r"(publish|view|control) token +(\S+)", server.log.read_text()))
    assert set(tokens) == {"publish", "view", "control"}
    file = server.data / "tokens"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert streams(server, tokens["view"]) == {}
    assert server.get("/api/streams").status == 401
    assert server.get("/api/streams", token=tokens["publish"]).status == 403
    server.stop()
    server.log.write_text("")
    server.start()
    assert tokens["view"] not in server.log.read_text()
    assert streams(server, tokens["view"]) == {}


def test_simulate_publishes_a_file_and_ends_with_it(server, binary, clip, tmp_path):
    (tmp_path / "clip.h264").write_bytes(clip.annexb)
    started = time.monotonic()
    result = subprocess.run(
        [binary, "simulate", tmp_path / "clip.h264", "--to", server.ws_url, "--stream", "second"],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - started > 2.5, "three seconds of video are sent at their own pace"
    assert streams(server)["second"]["frames_relayed"] is not None


@pytest.mark.parametrize("command", [["simulate", "clip.h264"], ["publish", "clip.h264"]])
def test_no_server_is_69(binary, tmp_path, command):
    result = subprocess.run(
        [binary, *command, "--to", f"ws://127.0.0.1:{unused_port()}"], cwd=tmp_path, capture_output=True, text=True,
        timeout=20)
    assert result.returncode == 69
    assert "nothing listens on 127.0.0.1:" in result.stderr


def test_a_wrong_token_is_69_and_not_shown(make_server, binary, clip, tmp_path):
    (tmp_path / "clip.h264").write_bytes(clip.annexb)
    tokens = tmp_path / "tokens"
    tokens.write_text("publish: right-right-right-right\n")
    tokens.chmod(0o600)
    server = make_server("--token-file", str(tokens))
    result = subprocess.run(
        [binary, "simulate", tmp_path / "clip.h264", "--to", server.ws_url, "--token", "wrong-wrong-wrong-wrong"],
        capture_output=True, text=True, timeout=20)
    assert result.returncode == 69, result.stderr
    assert "wrong-wrong" not in result.stderr + server.log.read_text()


def test_up_records_what_is_published(make_server, binary, clip, tmp_path):
    (tmp_path / "clip.h264").write_bytes(clip.annexb)
    server = make_server(command="up")
    subprocess.run(
        [binary, "simulate", tmp_path / "clip.h264", "--to", server.ws_url, "--stream", "second"], check=True,
        capture_output=True, timeout=30)
    recordings = server.json("/api/recordings")["recordings"]
    assert [recording["stream"] for recording in recordings] == ["second"]
    server.stop()
    videos = list(server.data.glob("*/video.mp4"))
    assert len(videos) == 1
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0",
         videos[0]],
        check=True, capture_output=True, text=True)
    assert int(probe.stdout) == len(clip.units)


def test_record_a_file_ends_with_0(binary, clip, tmp_path):
    (tmp_path / "clip.h264").write_bytes(clip.annexb)
    result = subprocess.run(
        [binary, "record", "--from", "clip.h264", "--data", "sessions"], cwd=tmp_path, capture_output=True, text=True,
        timeout=30)
    assert result.returncode == 0, result.stderr
    assert len(list(tmp_path.glob("sessions/*/metadata.json"))) == 1


@pytest.mark.parametrize("source", ["missing.mp4", "ftp://host/x", "http://host/x"])
def test_a_wrong_source_is_64(binary, tmp_path, source):
    result = subprocess.run(
        [binary, "record", "--from", source], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr.count("\n")) == (64, 1)
