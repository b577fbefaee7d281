"""Video beyond one machine: servers that share a broker serve each other's streams."""

import time
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest

from clips import decode_errors
from consumer import Consumer
from phone import Phone, Player
from rabbitmq import Broker
from rtsp import is_part_of, probe, record
from server import wait_until
from test_relay import check_decodable, places

CONSUMERS = 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory) -> Broker:
    """A RabbitMQ node for the tests of this file."""
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def make_node(make_server, broker):
    """Starts servers that give their video to the broker, by name."""

    def make(name: str, **options):
        return make_server(
            "--bus", broker.url, "--bus-video", environment={"WORLDSYSTEM_NODE": name}, **options)

    return make


@pytest.fixture
def stream(request) -> str:
    """A stream of the test's own: the broker keeps what earlier tests published."""
    return request.node.name.replace("test_", "")[:60]


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def arrivals(consumer: Consumer) -> dict[int, float]:
    """When the first copy of each picture came, by its capture time."""
    received = consumer.snapshot()
    times = {}
    for packet, at in zip(consumer.packets, received.times):
        if packet.is_frame:
            times.setdefault(packet.timestamp_us, at)
    return times


def check_consumer(consumer: Consumer, clip) -> int:
    """Asserts that what came is pictures of the clip, bit for bit, decodable and none twice; returns the gaps."""
    frames = consumer.frames
    stamps = [frame.timestamp_us for frame in frames]
    assert len(set(stamps)) == len(stamps), "a picture came twice"
    gaps = check_decodable(frames, clip)
    assert decode_errors(b"".join(packet.payload for packet in consumer.packets)) == ""
    return gaps


def join(node, stream: str) -> Consumer:
    return Consumer(node.ws_url, stream=stream, format="packets")


def join_time(consumer: Consumer) -> float:
    """Seconds from connecting to the first picture, which is a key frame."""
    consumer.wait_until(lambda _: consumer.frames, what="a picture")
    index = next(i for i, packet in enumerate(consumer.packets) if packet.is_frame)
    return consumer.snapshot().times[index] - consumer.connecting_at


def test_any_node_serves_any_stream(make_node, make_clip, stream):
    clip = make_clip()
    a, b = make_node("a"), make_node("b")
    phone = Phone(a.ws_url, stream)
    player = Player(phone, clip)
    listed = wait_until(lambda: b.stream(stream), what="the stream in the list of the other server")
    assert (listed["remote"], listed["node"], listed["live"]) == (True, "a", True)
    assert a.stream(stream)["remote"] is False

    local = join(a, stream)
    with ThreadPoolExecutor(CONSUMERS) as pool:
        consumers = list(pool.map(lambda _: join(b, stream), range(CONSUMERS)))
        joins = list(pool.map(join_time, consumers))
    print(f"join at the other server: slowest of {CONSUMERS} {max(joins):.3f} s, median {percentile(joins, 0.5):.3f} s")
    assert max(joins) < 2, joins
    assert all(clip.units[places(consumer.frames[:1], clip)[0]].is_key for consumer in consumers)

    # RTSP too.
    assert probe(b.rtsp_url(stream)).stdout.decode().strip() == "h264,320,180"
    assert is_part_of(record(b.rtsp_url(stream), 2), clip)
    assert b.stream(stream)["frames_relayed"] > 0

    # What the way over the broker costs, picture for picture.
    before, after = arrivals(local), arrivals(consumers[0])
    added = [after[stamp] - before[stamp] for stamp in before.keys() & after.keys()]
    # The group that the first consumer started with was on the broker before it came.
    live = [delay for stamp, delay in zip(sorted(before.keys() & after.keys()), added)][30:]
    print(f"added by the broker: p50 {1e3 * percentile(live, 0.5):.1f} ms, p99 {1e3 * percentile(live, 0.99):.1f} ms")
    assert len(live) > 30 and percentile(live, 0.5) < 0.5

    # The server of the publisher goes down without a word, and comes back.
    counts = [len(consumer.frames) for consumer in consumers]
    a.kill9()
    local.close()
    player.stop()
    a.start()
    with Phone(a.ws_url, stream) as again, Player(again, clip):
        for consumer, count in zip(consumers, counts):
            consumer.wait_until(lambda _: len(consumer.frames) > count + 60, 25, "pictures after the restart")
        assert all(consumer.closed is None for consumer in consumers)
    for consumer in consumers:
        consumer.close()
        check_consumer(consumer, clip)


def test_messages_are_as_the_protocol_says(make_node, make_clip, broker, stream):
    clip = make_clip()
    node = make_node("a")
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    wait_until(lambda: "video_stream_exchange" in broker.control("list_exchanges", "name"), 20, "the exchange")
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "video_stream_exchange")
    with Phone(node.ws_url, stream) as phone:
        phone.send_all(clip)
        sent = [unit.data for unit in clip.units]
        messages = []
        for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=10):
            assert method, f"only {len(messages)} of {len(sent)} messages came"
            if properties.headers["stream"] == stream:
                messages.append((properties, body))
            if len(messages) == len(sent):
                break
    connection.close()
    assert [body for _, body in messages] == sent
    since = 0
    for number, (properties, body) in enumerate(messages):
        headers = properties.headers
        is_key = clip.units[number].is_key
        since = 0 if is_key else since + 1
        assert properties.content_type == "video/h264"
        assert headers["stream_type"] == "h264" and headers["node"] == "a" and headers["websocket_id"]
        assert headers["chunk_size"] == len(body)
        assert headers["key_frame"] is is_key and headers["units_since_key_frame"] == since
        assert int(headers["sequence"]) == number + 1
        assert int(headers["ntp_time"]) - int(headers["server_received"]) == int(headers["ntp_offset"])
        assert abs(int(headers["ntp_time"]) / 1e9 - time.time()) < 60
        for name in ("timestamp_ns", "captured_ns", "epoch"):
            assert int(headers[name]) > 0
    stamps = [int(properties.headers["timestamp_ns"]) for properties, _ in messages]
    assert [stamp - stamps[0] for stamp in stamps] == [
        1000 * (unit.time_us - clip.units[0].time_us) for unit in clip.units]


def test_publisher_of_the_own_server_takes_over(make_node, make_clip, stream):
    here, there = make_clip(size="160x90"), make_clip()
    a, b = make_node("a"), make_node("b")
    with Phone(a.ws_url, stream) as far, Player(far, there), join(b, stream) as consumer:
        consumer.wait_until(lambda _: len(consumer.frames) > 10, what="pictures of the other server")
        with Phone(b.ws_url, stream) as near, Player(near, here):
            own = {unit.data for unit in here.units}
            consumer.wait_until(
                lambda _: sum(frame.payload in own for frame in consumer.frames) > 30, what="own pictures")
            assert b.stream(stream)["remote"] is False
        payloads = [frame.payload for frame in consumer.frames]
        first = next(index for index, payload in enumerate(payloads) if payload in own)
        assert here.units[places(consumer.frames[first : first + 1], here)[0]].is_key
        assert not any(payload not in own for payload in payloads[first : first + 30])
    assert decode_errors(b"".join(packet.payload for packet in consumer.packets)) == ""


def test_consumers_outlive_a_restart_of_the_broker(make_node, make_clip, broker, stream):
    clip = make_clip()
    a, b = make_node("a"), make_node("b")
    with Phone(a.ws_url, stream) as phone, Player(phone, clip), join(b, stream) as consumer:
        consumer.wait_until(lambda _: len(consumer.frames) > 30, what="pictures")
        broker.restart()
        count = len(consumer.frames)
        consumer.wait_until(lambda _: len(consumer.frames) > count + 90, 40, "pictures after the restart")
        assert consumer.closed is None
    gaps = check_consumer(consumer, clip)
    stamps = sorted(arrivals(consumer).items())
    pause = max(after[1] - before[1] for before, after in zip(stamps, stamps[1:]))
    print(f"the broker was killed and restarted: {gaps} gaps, pictures stood still for {pause:.1f} s")


def test_consumers_end_when_the_broker_stays_away(make_node, make_clip, broker, stream):
    clip = make_clip()
    a, b = make_node("a"), make_node("b", settings={"server": {"grace_seconds": 2}})
    with Phone(a.ws_url, stream) as phone, Player(phone, clip) as player, join(b, stream) as consumer:
        local = join(a, stream)
        consumer.wait_until(lambda _: len(consumer.frames) > 30, what="pictures")
        with broker.away():
            code, reason = consumer.wait_closed(30)
            assert "publisher did not come back" in reason, (code, reason)
            # Nobody on the publisher's own server notices.
            count = len(local.frames)
            local.wait_until(lambda _: len(local.frames) > count + 30, what="pictures at the publisher's server")
            assert player.error is None and local.closed is None
        local.close()
        with join(b, stream) as again:
            again.wait_until(lambda _: len(again.frames) > 30, 30, "pictures once the broker is back")
    for consumer in (consumer, local, again):
        check_consumer(consumer, clip)


def test_streams_that_nobody_has_are_waited_for(make_node, make_clip, stream):
    clip = make_clip()
    a, b = make_node("a"), make_node("b")
    with join(b, stream) as consumer:
        time.sleep(1)
        assert not consumer.frames and consumer.closed is None
        with Phone(a.ws_url, stream) as phone, Player(phone, clip):
            consumer.wait_until(lambda _: len(consumer.frames) > 30, what="pictures")
    check_consumer(consumer, clip)


def test_a_player_alone_makes_a_server_fetch_the_stream(make_node, make_clip, stream):
    clip = make_clip()
    a, b = make_node("a"), make_node("b")
    with Phone(a.ws_url, stream) as phone, Player(phone, clip):
        wait_until(lambda: b.stream(stream), what="the stream in the list of the other server")
        assert probe(b.rtsp_url(stream)).stdout.decode().strip() == "h264,320,180"
        assert is_part_of(record(b.rtsp_url(stream), 2), clip)
