"""Phones against the real server: what they may send, what is refused, and that nothing they send does harm."""

import random
import struct
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from clips import PPS as PPS_NAL, SPS as SPS_NAL, content, decode_errors, nal_units, pictures
from consumer import Consumer
from phone import CONFIG, KEY_FRAME, PPS, SPS, START_CODE, Phone, Player, frame_packet, now_us, parameter_packet
from server import TOKENS, wait_until

REJECTED = "worldsystem_ingest_packets_rejected_total"
REFUSED = "worldsystem_gateway_connections_rejected_total"


def wait_units(consumer, count: int, timeout: float = 10) -> list[bytes]:
    """Waits for `count` access units of an Annex B consumer."""
    return pictures(
        consumer.wait_until(lambda got: len(pictures(got.binary)) >= count, timeout, f"{count} access units").binary)


def test_one_nal_unit_per_packet_is_grouped_into_access_units(server, clip):
    # How Android's MediaCodec and DJI apps are forwarded: no promise about where a picture ends.
    with Consumer(server.ws_url, policy="lossless") as consumer, Phone(server.ws_url, announce=False) as phone:
        phone.send_parameter_sets(clip, timestamp_us=1)
        for unit in clip.units:
            for nal in nal_units(unit.data):
                payload = unit.data[nal.start : nal.end]
                if nal.type in (SPS_NAL, PPS_NAL):
                    phone.send(parameter_packet(SPS if nal.type == SPS_NAL else PPS, unit.time_us, payload))
                else:
                    phone.send(frame_packet(unit.time_us, payload, unit.is_key))
        got = wait_units(consumer, len(clip.units))
    assert len(got) == len(clip.units)
    for index, (message, unit) in enumerate(zip(got, clip.units)):
        assert content(message) == content(unit.data), f"access unit {index}"


def test_config_packet_and_three_byte_start_codes(server, clip):
    with Consumer(server.ws_url, policy="lossless") as consumer, Phone(server.ws_url) as phone:
        phone.send(parameter_packet(CONFIG, 5, b"\0\0\1" + clip.sps + b"\0\0\1" + clip.pps))
        for unit in clip.units:
            payload = b"".join(b"\0\0\1" + nal for nal in content(unit.data))
            phone.send(frame_packet(unit.time_us, payload, unit.is_key))
        got = wait_units(consumer, len(clip.units))
    assert [content(message) for message in got] == [content(unit.data) for unit in clip.units]
    assert decode_errors(b"".join(got)) == ""


def test_timestamps_of_parameter_sets_do_not_order_the_stream(server, clip):
    # A file player counts frames from 0 while its SPS packets carry the time of day.
    with Consumer(server.ws_url, format="packets", policy="lossless") as consumer, Phone(server.ws_url) as phone:
        started, started_us = time.monotonic(), now_us()
        for unit in clip.units:
            time.sleep(max(0, started + unit.time_us / 1e6 - time.monotonic()))
            if unit.is_key:
                phone.send_parameter_sets(clip)
            phone.send_unit(unit, unit.time_us)
        consumer.wait_until(lambda _: len(consumer.frames) >= len(clip.units), what="all frames")
        captures = [frame.timestamp_us - started_us for frame in consumer.frames]
    # On the server's clock, whatever the sender's epoch; scheduling on a busy machine delays some packets.
    off = [abs(capture - unit.time_us) for capture, unit in zip(captures, clip.units)]
    assert sorted(off)[len(off) // 2] < 20_000 and max(off) < 100_000, off
    assert captures == sorted(captures)


def garbage(index: int, source: random.Random) -> bytes:
    """A packet with something wrong with it; `index` says what."""
    noise = bytes(source.randrange(1, 256) for _ in range(source.randrange(1, 300)))
    match index % 7:
        case 0: return b""
        case 1: return noise[:12]
        case 2: return frame_packet(index, START_CODE + b"\x65" + noise, True)[:-1]
        case 3: return struct.pack(">IBQ", 2**31, KEY_FRAME, index) + noise
        case 4: return struct.pack(">IBQ", 13 + len(noise), 0x77, index) + noise
        case 5: return frame_packet(index, noise, False)
        case _: return struct.pack(">IBQII", 21 + len(noise), KEY_FRAME, index, len(noise) + 9, 1) + noise


def test_a_thousand_garbage_packets_do_no_harm(server, clip):
    source = random.Random(14)
    with Consumer(server.ws_url, format="packets", policy="lossless") as consumer, Phone(server.ws_url) as phone:
        phone.send_parameter_sets(clip)
        sent = 0
        for position, unit in enumerate(clip.units):
            while sent < 1000 * (position + 1) // len(clip.units):
                phone.send(garbage(sent, source))
                sent += 1
            phone.send_unit(unit, unit.time_us)
        consumer.wait_until(lambda _: len(consumer.frames) >= len(clip.units), what="all good frames")
        assert [frame.payload for frame in consumer.frames] == [unit.data for unit in clip.units]
    assert server.metric_sum(REJECTED) == 1000
    for reason in ("short", "size_field_lies", "unknown_type", "payload_size_lies"):
        assert server.metric(f'{REJECTED}{{reason="{reason}"}}') > 0, reason
    complaints = [line for line in server.log_text().splitlines() if "packet skipped" in line]
    assert 0 < len(complaints) < 200, "bad packets are logged, at a bounded rate"


def test_text_that_makes_no_sense_is_skipped(server, clip):
    with Consumer(server.ws_url, policy="lossless") as consumer, Phone(server.ws_url) as phone:
        for text in ("", "{", "[]", '{"type":7}', '{"type":"video_config","format":"vp8"}', "ping", '{"type":"later"}'):
            phone.socket.send(text)
        phone.send_all(clip)
        assert wait_units(consumer, len(clip.units)) == [unit.data for unit in clip.units]


def test_frames_before_parameter_sets_are_counted_and_skipped(server, make_clip):
    clip = make_clip(seconds=1)
    bare = [b"".join(START_CODE + nal for nal in content(unit.data)) for unit in clip.units]
    with Consumer(server.ws_url, policy="lossless") as consumer, Phone(server.ws_url) as phone:
        for unit, data in zip(clip.units, bare):
            phone.send(frame_packet(unit.time_us, data, unit.is_key))
        wait_until(lambda: server.metric_sum(REJECTED) >= len(bare), what="every early frame is counted")
        assert pictures(consumer.snapshot().binary) == []
        phone.send_all(clip)
        assert wait_units(consumer, len(clip.units)) == [unit.data for unit in clip.units]


def test_oversized_packet_is_skipped_and_an_oversized_message_ends_the_connection(server, clip):
    with Consumer(server.ws_url, policy="lossless") as consumer:
        with Phone(server.ws_url) as phone:
            phone.send(frame_packet(1, START_CODE + b"\x65" + b"\x11" * 10_100_000, True))
            phone.send_all(clip)
            assert wait_units(consumer, len(clip.units)) == [unit.data for unit in clip.units]
            assert server.metric(f'{REJECTED}{{reason="oversized"}}') == 1
            try:
                phone.send(b"\x11" * 20_000_000)
            except ConnectionClosed:
                pass  # The server does not read the rest once it knows the length.
            code, _ = phone.wait_closed()
            assert code in (1009, 1006)
        with Phone(server.ws_url) as phone:
            phone.send_all(clip)
            wait_units(consumer, 2 * len(clip.units))


def test_second_publisher_is_told_why_it_is_refused(server, clip):
    with Phone(server.ws_url) as first, Player(first, clip) as player:
        wait_until(lambda: (server.stream() or {}).get("publisher_connected"), what="the first publisher")
        code, reason = Phone(server.ws_url, announce=False).wait_closed()
        assert code == 4409
        assert "drone" in reason and "--override-publisher" in reason
        with Phone(server.ws_url, "other") as elsewhere:
            elsewhere.send_all(clip)
        assert player.error is None
        assert server.stream()["publisher_connected"]


def test_override_publisher_lets_the_second_take_over(make_server, make_clip):
    server = make_server("--override-publisher")
    small, large = make_clip(seconds=1), make_clip(size="640x360", seconds=1)
    with Consumer(server.ws_url) as consumer, Phone(server.ws_url) as first:
        first.send_all(small)
        wait_units(consumer, len(small.units))
        with Phone(server.ws_url) as second:
            code, reason = first.wait_closed()
            assert (code, bool(reason)) == (4410, True)
            second.send_all(large)
            got = wait_units(consumer, len(small.units) + len(large.units))
            assert got[-len(large.units) :] == [unit.data for unit in large.units]
            assert consumer.closed is None


def refused(connect) -> int:
    """The HTTP status with which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as error:
        connect()
    return error.value.response.status_code


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"])
def test_pages_of_other_sites_are_kept_out(server, origin):
    assert refused(lambda: Phone(server.ws_url, origin=origin)) == 403
    assert refused(lambda: Consumer(server.ws_url, origin=origin)) == 403
    assert server.metric(f'{REFUSED}{{reason="origin"}}') == 2


def test_own_pages_are_let_in(server):
    with Consumer(server.ws_url, origin=server.url), Phone(server.ws_url, origin=server.url):
        pass


@pytest.mark.parametrize("query", ["stream=..%2Fetc", "stream=", "format=avi", "policy=all", "deadline=soon"])
def test_bad_query_is_refused_with_the_reason(server, query):
    with pytest.raises(InvalidStatus) as error:
        Phone(server.ws_url, query=query)
    assert error.value.response.status_code == 400
    assert server.metric(f'{REFUSED}{{reason="malformed"}}') == 1
    assert query.split("=")[0] in error.value.response.body.decode()


def test_tokens_open_what_they_are_for_and_nothing_else(guarded, clip):
    assert refused(lambda: Phone(guarded.ws_url)) == 401
    assert refused(lambda: Phone(guarded.ws_url, token="publish-token-0002")) == 401
    assert refused(lambda: Phone(guarded.ws_url, token=TOKENS["view"])) == 403
    assert refused(lambda: Consumer(guarded.ws_url)) == 401
    assert refused(lambda: Consumer(guarded.ws_url, token=TOKENS["publish"])) == 403
    with (
        Consumer(guarded.ws_url, token=TOKENS["view"], policy="lossless") as by_header,
        Consumer(guarded.ws_url, policy="lossless", query_token=TOKENS["view"]) as by_query,
        Phone(guarded.ws_url, query=f"token={TOKENS['publish']}") as phone,
    ):
        phone.send_all(clip)
        assert len(wait_units(by_header, len(clip.units))) == len(wait_units(by_query, len(clip.units)))


def test_tokens_guard_http_and_stay_out_of_the_log(guarded):
    for path in ("/api/streams", "/api/recordings", "/recordings/20260101_000000/video.mp4"):
        assert guarded.get(path).status == 401, path
        assert guarded.get(path, token=TOKENS["publish"]).status == 403, path
    assert guarded.get("/api/streams", token=TOKENS["view"]).status == 200
    assert guarded.get(f"/api/streams?token={TOKENS['view']}").status == 200
    assert guarded.get("/").status == 200, "the page itself asks for the token"
    assert guarded.get("/healthz").status == 200
    assert not any(token in guarded.log_text() for token in TOKENS.values())
