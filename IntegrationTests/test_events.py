"""Lifecycle events of the real binary, as a webhook endpoint gets them (docs/webhooks.md)."""

import json
import re
import subprocess
import time
from pathlib import Path

from consumer import Consumer
from phone import Phone, Player
from receiver import Answer, Post, Receiver
from server import wait_until

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "webhooks.md"
KEY, NEXT_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a plain key of more than 24 bytes"


def documented_verification():
    """The function `verify` as the documentation has it."""
    scope: dict = {}
    exec(re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL).group(1), scope)
    return scope["verify"]


def events(posts: list[Post]) -> list[dict]:
    """The events in the order of their first try."""
    seen: dict[str, dict] = {}
    for post in posts:
        seen.setdefault(post.headers["Webhook-Id"], json.loads(post.body))
    return list(seen.values())


def types(posts: list[Post]) -> list[str]:
    return [event["type"] for event in events(posts)]


def key_file(folder: Path, *keys: str) -> Path:
    file = folder / "webhook-keys"
    file.write_text("".join(f"{key}\n" for key in keys))
    file.chmod(0o600)
    return file


def settings(*urls: str, secret: Path | None = None, **more) -> dict:
    webhooks = {"urls": list(urls)} | ({"secret_file": str(secret)} if secret else {})
    return {"webhooks": webhooks, "bus": {"node": "node-a"}, "server": {"grace_seconds": 1}} | more


def test_the_life_of_a_stream_arrives_signed_and_in_order(make_server, clip, tmp_path):
    """The endpoint fails at first: every event comes all the same, in order, each with a valid signature."""
    verify = documented_verification()
    answers = {1: Answer(500), 2: Answer(503, (("Retry-After", "1"),))}
    with Receiver(lambda posts: answers.get(len(posts), Answer(204))) as receiver:
        server = make_server(
            command="up", settings=settings(f"{receiver.url}/hook?source=test", secret=key_file(tmp_path, KEY)))
        with Phone(server.ws_url) as phone, Player(phone, clip):
            with Consumer(server.ws_url) as consumer:
                consumer.wait_messages(40)
        posts = receiver.wait_for(lambda posts: "stream_stopped" in types(posts), what="end of the stream")
        server.stop()
        posts = receiver.wait_for(lambda posts: "session_ended" in types(posts), what="end of the session")

    assert all(post.path == "/hook?source=test" for post in posts)
    assert all(verify(post.body, post.headers, KEY) for post in posts)
    tampered = posts[-1].body.replace(b"node-a", b"node-b")
    assert not verify(tampered, posts[-1].headers, KEY) and not verify(posts[-1].body, posts[-1].headers, NEXT_KEY)
    assert posts[0].headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"worldsystem/\d+\.\d+\.\d+", posts[0].headers["User-Agent"])
    assert len({post.headers["Webhook-Id"] for post in posts[:3]}) == 1, "the first event is tried until it is taken"
    assert posts[2].at - posts[1].at >= 0.99, "Retry-After is honoured"

    happened = events(posts)
    assert [event["type"] for event in happened] == [
        "stream_started", "consumer_joined", "consumer_left", "stream_stopped", "recording_segment_closed",
        "session_ended"]
    assert {event["node"] for event in happened} == {"node-a"} and {event["stream"] for event in happened} == {"drone"}
    assert [event["timestamp"] for event in happened] == sorted(event["timestamp"] for event in happened)
    assert abs(happened[0]["timestamp"] - time.time()) < 120
    started, joined, left, stopped, segment, ended = happened
    assert started["peer"].startswith("127.0.0.1:")
    assert joined["transport"] == "websocket" and joined["peer"] == left["peer"]
    assert left["reason"] == "closed" and left["frames"] >= 39 and left["duration_s"] > 0
    assert stopped["reason"] == "publisher_left" and stopped["frames"] >= left["frames"] and stopped["bytes"] > 10_000
    assert segment["path"] == f"{segment['session']}/video.mp4"
    assert (server.data / segment["path"]).stat().st_size == segment["bytes"]
    assert ended["session"] == segment["session"] and ended["frames"] == segment["frames"] == stopped["frames"]
    assert ended["reason"] == "complete"


def test_rtsp_players_are_consumers_too(make_server, clip):
    with Receiver() as receiver:
        server = make_server(settings=settings(receiver.url))
        with Phone(server.ws_url) as phone, Player(phone, clip):
            wait_until(lambda: server.stream() and server.stream()["fps"] > 0, 10, "video")
            subprocess.run(
                ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", server.rtsp_url(), "-frames:v", "10",
                 "-f", "null", "-"], check=True, timeout=30)
            posts = receiver.wait_for(lambda posts: "consumer_left" in types(posts), what="end of the player")
        joined = [event for event in events(posts) if event["type"].startswith("consumer_")]
        assert [(event["type"], event["transport"]) for event in joined] == [
            ("consumer_joined", "rtsp"), ("consumer_left", "rtsp")], "asking for the parameter sets is not consuming"
        assert "Webhook-Signature" not in posts[0].headers, "without a key nothing is signed"


def test_endpoints_do_not_wait_for_each_other_and_logs_have_no_secrets(make_server, clip, tmp_path):
    """One endpoint never answers, one refuses, one wants nothing more; the fourth gets everything at once."""
    with Receiver(lambda _: Answer(delay_s=60)) as stuck, Receiver(lambda _: Answer(404)) as refusing, \
            Receiver(lambda _: Answer(410)) as gone, Receiver() as good:
        urls = [
            f"http://user:s3cr3t-pw@127.0.0.1:{receiver.port}/hook?token=s3cr3t-{name}"
            for name, receiver in (("a", stuck), ("b", refusing), ("c", gone), ("d", good))]
        server = make_server(settings=settings(*urls, secret=key_file(tmp_path, KEY)))
        for _ in range(3):
            with Phone(server.ws_url) as phone:
                phone.send_all(clip, clip.units[:5])
            good.wait_for(lambda posts: types(posts)[-1:] == ["stream_stopped"], timeout=10)
            wait_until(lambda: not server.stream() or not server.stream()["live"], 5, "the end of the stream")
        assert types(good.posts) == ["stream_started", "stream_stopped"] * 3
        assert good.posts[0].headers["Authorization"] == "Basic dXNlcjpzM2NyM3QtcHc="
        assert len(stuck.posts) == 1 and len(gone.posts) == 1
        wait_until(lambda: len(refusing.posts) == 6, 10, "all events at the endpoint that refuses")
        outcome = "worldsystem_webhook_deliveries_total"
        wait_until(lambda: server.metric(f'{outcome}{{outcome="delivered"}}') == 6, 5, "deliveries in the metrics")
        assert server.metric(f'{outcome}{{outcome="refused"}}') == 6
        assert server.metric(f'{outcome}{{outcome="gone"}}') >= 1
        assert server.metric("worldsystem_webhook_queue_events") == 6
        stuck._halt.set()
        server.stop()
    text = server.log_text()
    assert "webhook refused an event" in text and text.count("webhook refused an event") == 1
    assert "s3cr3t" not in text and KEY not in text and KEY.removeprefix("whsec_") not in text


def test_keys_are_exchanged_while_the_server_runs(make_server, clip, tmp_path):
    verify = documented_verification()
    with Receiver() as receiver:
        file = key_file(tmp_path, KEY)
        server = make_server(settings=settings(receiver.url, secret=file))
        with Phone(server.ws_url) as phone:
            phone.send_all(clip, clip.units[:2])
        receiver.wait_for(lambda posts: len(posts) >= 2)
        key_file(tmp_path, NEXT_KEY, KEY)
        with Phone(server.ws_url, "second") as phone:
            phone.send_all(clip, clip.units[:2])
        posts = receiver.wait_for(lambda posts: len(posts) >= 4)
    assert [verify(post.body, post.headers, NEXT_KEY) for post in posts] == [False, False, True, True]
    assert all(verify(post.body, post.headers, KEY) for post in posts)


def test_a_storm_of_consumers_is_thinned_out(make_server, clip):
    with Receiver() as receiver:
        server = make_server(settings=settings(receiver.url))
        with Phone(server.ws_url) as phone, Player(phone, clip):
            for _ in range(150):
                Consumer(server.ws_url).close()
            joined = 'worldsystem_events_emitted_total{type="consumer_joined"}'
            suppressed = 'worldsystem_events_suppressed_total{type="consumer_joined"}'
            wait_until(
                lambda: (server.metric(joined) or 0) + (server.metric(suppressed) or 0) == 150, 10, "150 consumers")
            told = int(server.metric(joined))
            posts = receiver.wait_for(lambda posts: types(posts).count("consumer_joined") >= told, timeout=20)
        said = sum(event.get("suppressed", 0) for event in events(posts) if event["type"] == "consumer_joined")
        assert told >= 100 and said <= 150 - told


def test_a_key_file_that_others_can_read_is_refused(make_server, binary, tmp_path):
    file = key_file(tmp_path, KEY)
    file.chmod(0o644)
    config = tmp_path / "worldsystem.yaml"
    config.write_text(json.dumps(settings("http://127.0.0.1:9/", secret=file)))
    for command in ("serve", "record"):
        result = subprocess.run(
            [binary, command, "--config", config, "--data", tmp_path / "data"], capture_output=True, text=True,
            timeout=20)
        assert result.returncode == 64 and "chmod 600" in result.stderr and len(result.stderr.splitlines()) == 1
    file.chmod(0o600)
    file.write_text("short\n")
    result = subprocess.run(
        [binary, "serve", "--config", config, "--data", tmp_path / "data"], capture_output=True, text=True, timeout=20)
    assert result.returncode == 64 and "at least 24" in result.stderr and "short\n" not in result.stderr


def test_the_storage_service_tells_of_its_sessions(binary, clip, tmp_path):
    """`worldsystem record` of a file: its events go out before the process ends."""
    video = tmp_path / "clip.h264"
    video.write_bytes(clip.annexb)
    with Receiver() as receiver:
        config = tmp_path / "worldsystem.yaml"
        config.write_text(json.dumps(settings(receiver.url) | {"server": {}}))
        subprocess.run(
            [binary, "record", "--from", video, "--data", tmp_path / "data", "--config", config], check=True,
            timeout=30, capture_output=True)
        happened = events(receiver.posts)
    assert [event["type"] for event in happened] == ["recording_segment_closed", "session_ended"]
    assert happened[1]["frames"] == len(clip.units)
    assert (tmp_path / "data" / happened[0]["path"]).is_file()
