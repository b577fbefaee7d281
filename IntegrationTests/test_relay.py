"""Consumers against the real server: bit-exact, always decodable, and nobody in anybody's way."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from clips import Clip, count_frames, decode_errors, pictures
from consumer import Consumer, Packet, SlowConsumer, parse_packet
from phone import Phone, Player
from server import wait_until

REAL_VIDEOS = (
    "drone_nadir_hover_1080p25.mp4", "worldsystem_segment_014.h264", "21_biker.mp4", "children_tracking_demo.mp4",
)


def places(frames: list[Packet], clip: Clip) -> list[int]:
    """The place in the clip of every received frame."""
    index = {unit.data: place for place, unit in enumerate(clip.units)}
    return [index[frame.payload] for frame in frames]


def check_decodable(frames: list[Packet], clip: Clip) -> int:
    """Asserts that pictures are only left out up to a key frame; returns how many gaps there are."""
    gaps = 0
    got = places(frames, clip)
    for before, after in zip(got, got[1:]):
        if after != (before + 1) % len(clip.units):
            gaps += 1
            assert clip.units[after].is_key, f"after picture {before} came {after}, which is no key frame"
    assert not got or clip.units[got[0]].is_key
    return gaps


def sends_everything(server, clip: Clip, **query) -> Consumer:
    """Sends a clip to a consumer that was there before, and waits until all of it came through."""
    with Consumer(server.ws_url, **query) as consumer, Phone(server.ws_url) as phone:
        phone.send_all(clip)
        consumer.wait_bytes(len(clip.annexb), timeout=30)
        # Whatever would come too much has the time to come.
        time.sleep(0.1)
    return consumer


@pytest.mark.parametrize("path", ["/ws/h264_stream", "/ws/video/consume"])
def test_lossless_annexb_is_bit_exact(server, clip, path):
    received = sends_everything(server, clip, policy="lossless", path=path).received
    assert pictures(received.binary) == [unit.data for unit in clip.units]
    assert decode_errors(received.joined) == ""


def test_lossless_packets_are_bit_exact_and_keep_capture_times(server, clip):
    with Consumer(server.ws_url, policy="lossless", format="packets") as consumer, Phone(server.ws_url) as phone:
        with Player(phone, clip, loop=False) as player:
            player.join(timeout=10)
        consumer.wait_until(lambda _: len(consumer.frames) >= len(clip.units), what="all frames")
    assert [frame.payload for frame in consumer.frames] == [unit.data for unit in clip.units]
    assert [packet.kind for packet in consumer.packets[:3]] == [1, 2, 3], "SPS, PPS, key frame"
    captures = [frame.timestamp_us - player.started_us for frame in consumer.frames]
    off = [abs(capture - unit.time_us) for capture, unit in zip(captures, clip.units)]
    assert sorted(off)[len(off) // 2] < 20_000 and max(off) < 100_000, off


@pytest.mark.parametrize("name", REAL_VIDEOS)
def test_real_video_is_bit_exact(server, test_data, name):
    clip = Clip.load(test_data / "videos" / name)
    received = sends_everything(server, clip, policy="lossless").received
    assert pictures(received.binary) == [unit.data for unit in clip.units]


def test_ping_is_answered(server):
    with Consumer(server.ws_url) as consumer:
        consumer.socket.send("ping")
        assert consumer.wait_until(lambda got: got.text, what="pong").text == ["pong"]


def test_throttled_consumers_decode_without_errors(server, make_clip):
    # 20 Mb/s; the readers take 30 % of that, so the queues overflow within the test.
    clip = make_clip(size="960x540", seconds=3, gop=30, kbps=20_000, noise=True)
    rate = 0.3 * len(clip.annexb) / (clip.duration_us / 1e6)
    queries = [{}, {"deadline": "300ms"}, {"policy": "latest"}]
    with Phone(server.ws_url) as phone, Player(phone, clip) as player:
        consumers = [SlowConsumer(server.ws_url, format="packets", **query) for query in queries]
        with ThreadPoolExecutor(len(queries)) as pool:
            list(pool.map(lambda consumer: consumer.read(14, rate), consumers))
        assert player.error is None
    for consumer, query in zip(consumers, queries):
        consumer.close()
        packets = [parse_packet(message) for message in consumer.messages]
        frames = [packet for packet in packets if packet.is_frame]
        assert len(frames) > 30, query
        assert check_decodable(frames, clip) > 0, f"{query}: nothing was left out, so this shows nothing"
        assert decode_errors(b"".join(packet.payload for packet in packets)) == "", query


def test_lossless_ends_with_a_reason_when_the_consumer_is_too_slow(server, make_clip):
    clip = make_clip(size="960x540", seconds=3, gop=30, kbps=20_000, noise=True)
    with SlowConsumer(server.ws_url, policy="lossless") as slow, Phone(server.ws_url) as phone:
        with Player(phone, clip, speed=8):
            wait_until(lambda: server.stream()["consumers"] == 0, 30, "the slow consumer is let go")
            # What it had been sent before is still on its way.
            slow.read(10, 1e9)
        assert slow.closed, "no close frame"
        code, reason = slow.closed
        assert code == 4408, (code, reason)
        assert "lossless" in reason


def test_joining_anywhere_in_a_long_group_shows_a_picture_at_once(server, make_clip):
    clip = make_clip(seconds=10, gop=300)
    assert sum(unit.is_key for unit in clip.units) == 1
    with Phone(server.ws_url) as phone, Player(phone, clip):
        started = time.monotonic()
        for offset in (0.7, 3.1, 5.3, 7.7, 9.6):
            time.sleep(max(0, started + offset - time.monotonic()))
            with Consumer(server.ws_url) as consumer:
                time.sleep(0.15)
                got = consumer.snapshot()
            soon = b"".join(
                message for message, at in zip(got.messages, got.times) if at - consumer.connecting_at <= 0.1)
            assert soon, f"nothing within 100 ms of joining at {offset} s"
            frames, width, height = count_frames(soon, "h264")
            assert (width, height) == (320, 180)
            # The group so far comes along, or a decoder could not show the present.
            assert frames >= offset * 30 - 5, f"{frames} frames at {offset} s"
            assert decode_errors(soon) == ""


def test_a_consumer_that_never_reads_changes_nothing_for_others(server, make_clip):
    clip = make_clip(size="960x540", seconds=3, gop=30, kbps=20_000, noise=True)
    with Phone(server.ws_url) as phone:
        stuck = [SlowConsumer(server.ws_url, policy=policy) for policy in ("decodable", "latest", "lossless")]
        with Consumer(server.ws_url, format="packets", policy="lossless") as good:
            with Player(phone, clip) as player:
                wait_until(lambda: len(player.sent) >= 240, 20, "eight seconds of video")
            wait_until(lambda: len(good.frames) >= len(player.sent), 5, "every frame at the good consumer")
            frames, got = good.frames, good.snapshot()
        assert [frame.payload for frame in frames] == [unit.data for unit in player.sent]
        arrivals = [at for message, at in zip(got.messages, got.times) if parse_packet(message).is_frame]
        waits = sorted(later - earlier for earlier, later in zip(arrivals, arrivals[1:]))
        assert waits[int(0.99 * len(waits))] < 0.15, f"p99 between frames {waits[int(0.99 * len(waits))]:.3f} s"
        for consumer in stuck:
            consumer.close()


def test_consumer_before_publisher(server, clip):
    with Consumer(server.ws_url, stream="later", format="packets") as consumer:
        wait_until(lambda: server.stream("later"), what="the stream is known")
        assert not server.stream("later")["publisher_connected"]
        with Phone(server.ws_url, "later") as phone:
            phone.send_all(clip)
            consumer.wait_until(lambda _: len(consumer.frames) >= len(clip.units), what="all frames")
        assert check_decodable(consumer.frames, clip) == 0


def test_two_streams_do_not_mix(server, make_clip):
    small, large = make_clip(seconds=2), make_clip(size="640x360", seconds=2)
    with (
        Consumer(server.ws_url, stream="a", policy="lossless") as a,
        Consumer(server.ws_url, stream="b", policy="lossless") as b,
        Phone(server.ws_url, "a") as phone_a, Phone(server.ws_url, "b") as phone_b,
    ):
        phone_a.send_parameter_sets(small)
        phone_b.send_parameter_sets(large)
        for one, other in zip(small.units, large.units):
            phone_a.send_unit(one)
            phone_b.send_unit(other)
        assert pictures(a.wait_bytes(len(small.annexb)).binary) == [unit.data for unit in small.units]
        assert pictures(b.wait_bytes(len(large.annexb)).binary) == [unit.data for unit in large.units]
        assert (server.stream("a")["width"], server.stream("b")["width"]) == (320, 640)


def test_publisher_cut_and_back_within_the_grace_period(make_server, clip):
    server = make_server(settings={"server": {"grace_seconds": 10}})
    with Consumer(server.ws_url, format="packets") as consumer:
        first = Phone(server.ws_url)
        with Player(first, clip) as player:
            consumer.wait_until(lambda _: len(consumer.frames) >= 45, what="frames of the first publisher")
            first.cut()
        wait_until(lambda: not server.stream()["publisher_connected"], what="the publisher is gone")
        assert server.stream()["live"]
        before = len(consumer.frames)
        with Consumer(server.ws_url, format="packets") as late, Phone(server.ws_url) as second:
            with Player(second, clip, loop=False) as player:
                player.join(timeout=10)
            consumer.wait_until(lambda _: len(consumer.frames) >= before + len(clip.units), what="the second's frames")
            late.wait_until(lambda _: len(late.frames) >= len(clip.units), what="frames at the late consumer")
        assert consumer.closed is None
        assert check_decodable(consumer.frames, clip) <= 1
        assert decode_errors(b"".join(packet.payload for packet in consumer.packets)) == ""
        stamps = [frame.timestamp_us for frame in consumer.frames]
        assert stamps == sorted(stamps), "capture times go on"


def test_publisher_cut_for_good_ends_its_consumers(make_server, clip):
    server = make_server(settings={"server": {"grace_seconds": 1}})
    with Consumer(server.ws_url) as consumer, Consumer(server.ws_url, stream="other") as bystander:
        phone = Phone(server.ws_url)
        phone.send_all(clip)
        consumer.wait_bytes(len(clip.annexb))
        phone.cut()
        cut_at = time.monotonic()
        code, reason = consumer.wait_closed()
        assert 0.8 <= time.monotonic() - cut_at <= 4
        assert code == 1001
        assert "publisher" in reason
        assert bystander.closed is None
    with Consumer(server.ws_url) as again, Phone(server.ws_url) as phone:
        phone.send_all(clip)
        assert pictures(again.wait_bytes(len(clip.annexb)).binary)[0] == clip.units[0].data


def test_resolution_change_mid_stream(server, make_clip):
    small, large = make_clip(seconds=1), make_clip(size="640x360", seconds=1)
    with Consumer(server.ws_url) as raw, Consumer(server.ws_url, format="packets") as packets:
        with Phone(server.ws_url) as phone:
            phone.send_all(small)
            phone.send_all(large)
            total = len(small.units) + len(large.units)
            packets.wait_until(lambda _: len(packets.frames) >= total, what="all frames")
            wait_until(lambda: len(pictures(raw.snapshot().binary)) >= total, what="all access units")
        assert decode_errors(raw.snapshot().joined) == ""
        kinds = [packet.kind for packet in packets.packets]
        assert kinds.count(1) == 2 and kinds.count(2) == 2, "parameter sets come again when they change"
        with Consumer(server.ws_url) as late:
            late.wait_until(lambda got: len(pictures(got.binary)) >= len(large.units), what="the newest group")
            assert count_frames(late.snapshot().joined, "h264") == (len(large.units), 640, 360)
    assert (server.stream()["width"], server.stream()["height"]) == (640, 360)


def test_keyframes_policy_sends_key_frames_only(server, clip):
    with Consumer(server.ws_url, policy="keyframes", format="packets") as consumer, Phone(server.ws_url) as phone:
        with Player(phone, clip, loop=False) as player:
            player.join(timeout=10)
        consumer.wait_until(lambda _: len(consumer.frames) >= 3, what="three key frames")
        assert places(consumer.frames, clip) == [place for place, unit in enumerate(clip.units) if unit.is_key]


def movie_parts(consumer: Consumer) -> list[tuple[dict, bytes]]:
    """(announcement, movie) for every announcement of a `format=fmp4` consumer."""
    parts: list[tuple[dict, list[bytes]]] = []
    for message in consumer.snapshot().messages:
        if isinstance(message, str):
            parts.append((json.loads(message), []))
        else:
            assert parts, "bytes came before their announcement"
            parts[-1][1].append(message)
    return [(announcement, b"".join(chunks)) for announcement, chunks in parts]


def wait_fragments(consumer: Consumer, count: int) -> None:
    """Waits for `count` fragments; every announcement also brings an initialization segment."""
    consumer.wait_until(lambda got: len(got.binary) - len(got.text) >= count, what=f"{count} fragments")


def test_fmp4_plays(server, clip):
    with Consumer(server.ws_url, format="fmp4") as consumer, Phone(server.ws_url) as phone:
        phone.send_all(clip)
        wait_fragments(consumer, len(clip.units))
        with Consumer(server.ws_url, format="fmp4") as late:
            wait_fragments(late, 1)
            assert count_frames(movie_parts(late)[0][1], "mp4")[0] >= 1
    [(announcement, movie)] = movie_parts(consumer)
    assert announcement["type"] == "fmp4"
    assert announcement["codec"].startswith("avc1.")
    assert (announcement["width"], announcement["height"]) == (320, 180)
    assert count_frames(movie, "mp4") == (len(clip.units), 320, 180)


def test_fmp4_of_real_video_with_reordered_pictures_plays(server, test_data):
    clip = Clip.load(test_data / "videos" / "21_biker.mp4")
    with Consumer(server.ws_url, format="fmp4", policy="lossless") as consumer, Phone(server.ws_url) as phone:
        with Player(phone, clip, loop=False, speed=2) as player:
            player.join(timeout=10)
        wait_fragments(consumer, len(clip.units))
    [(_, movie)] = movie_parts(consumer)
    assert count_frames(movie, "mp4") == (len(clip.units), 1280, 720)


def test_fmp4_starts_anew_when_the_resolution_changes(server, make_clip):
    small, large = make_clip(seconds=1), make_clip(size="640x360", seconds=1)
    with Consumer(server.ws_url, format="fmp4") as consumer, Phone(server.ws_url) as phone:
        for clip in (small, large):
            with Player(phone, clip, loop=False) as player:
                player.join(timeout=10)
        wait_fragments(consumer, len(small.units) + len(large.units))
    parts = movie_parts(consumer)
    assert [announcement["width"] for announcement, _ in parts] == [320, 640]
    assert [count_frames(movie, "mp4") for _, movie in parts] == [
        (len(small.units), 320, 180), (len(large.units), 640, 360)]
