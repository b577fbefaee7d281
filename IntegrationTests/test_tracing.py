"""Spans of the real binary, as an OpenTelemetry collector gets them (docs/tracing.md).

The judge of the format is the protocol's own Protobuf definition: what it does not know, it refuses.
"""

import base64
import json
import subprocess
import time

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clips import nal_units
from consumer import Consumer
from phone import Phone, Player, frame_packet, now_us
from rabbitmq import Broker
from receiver import Answer, Post, Receiver
from server import wait_until

SPANS = "worldsystem_tracing_spans_total"


def request(post: Post) -> ExportTraceServiceRequest:
    """The body of a post, parsed strictly. Ids are hexadecimal in OTLP but Base64 in the JSON of Protobuf."""
    assert post.path == "/v1/traces" and post.headers["Content-Type"] == "application/json"
    body = json.loads(post.body)
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key, digits in (("traceId", 32), ("spanId", 16), ("parentSpanId", 16)):
                    if key in span:
                        assert len(span[key]) == digits and span[key] == span[key].lower()
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
                assert isinstance(span["kind"], int) and isinstance(span["startTimeUnixNano"], str)
    return Parse(json.dumps(body), ExportTraceServiceRequest())


def spans(posts: list[Post]) -> list[Span]:
    return [
        span for post in posts for resource in request(post).resource_spans for scope in resource.scope_spans
        for span in scope.spans]


def attributes(item) -> dict:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in item.attributes}


def tracing(receiver: Receiver, ratio: float = 1.0) -> dict:
    return {"tracing": {"endpoint": receiver.url, "sample_ratio": ratio}, "bus": {"node": "node-a"}}


def test_a_frame_is_one_trace_from_ingest_to_recording(make_server, clip):
    began = time.time_ns()
    with Receiver() as collector:
        server = make_server(command="up", settings=tracing(collector))
        with Phone(server.ws_url) as phone, Player(phone, clip, loop=False) as player:
            player.join(timeout=20)
        server.stop()
        got = spans(collector.posts)
        sent = collector.posts
    ended = time.time_ns()

    resource = attributes(request(sent[0]).resource_spans[0].resource)
    assert resource["service.name"] == "worldsystem" and resource["service.instance.id"] == "node-a"
    assert resource["service.version"]
    assert len({span.span_id for span in got}) == len(got) and all(len(span.trace_id) == 16 for span in got)
    assert {span.name for span in got} == {"ingest", "record"}, "sending spans makes none"
    ingest = {attributes(span)["frame.seq"]: span for span in got if span.name == "ingest"}
    record = {attributes(span)["frame.seq"]: span for span in got if span.name == "record"}
    assert sorted(ingest) == list(range(1, len(clip.units) + 1)), "every frame, as the ratio is 1"
    assert set(record) and set(record) <= set(ingest) and len(record) >= len(clip.units) - 30
    assert len({span.trace_id for span in ingest.values()}) == len(ingest), "a trace for each frame"
    for number, span in record.items():
        first = ingest[number]
        assert span.trace_id == first.trace_id and span.parent_span_id == first.span_id
        assert began < first.start_time_unix_nano <= first.end_time_unix_nano <= ended
        assert first.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= ended
        assert attributes(span)["stream.id"] == attributes(first)["stream.id"] == "drone"
    assert all(span.parent_span_id == b"" and span.kind == Span.SPAN_KIND_SERVER for span in ingest.values())
    for number, unit in enumerate(clip.units, 1):
        described = attributes(ingest[number])
        assert described["frame.key"] == unit.is_key and described["frame.bytes"] >= len(unit.data)
    times = [ingest[number].start_time_unix_nano for number in sorted(ingest)]
    assert times == sorted(times)


def test_ingest_lasts_from_the_first_packet_of_a_picture(make_server, make_clip):
    """A picture of two slices that come in packets of their own, 30 ms apart, takes that long to come in."""
    clip = make_clip(seconds=1, slices=2)
    with Receiver() as collector:
        server = make_server(settings=tracing(collector))
        with Phone(server.ws_url, announce=False) as phone:
            phone.send_parameter_sets(clip)
            for index, unit in enumerate(clip.units[:8]):
                cut = nal_units(unit.data)[-1].start
                stamp = now_us()
                phone.send(frame_packet(stamp, unit.data[:cut], unit.is_key))
                time.sleep(0.03)
                phone.send(frame_packet(stamp, unit.data[cut:], unit.is_key))
        server.stop()
        got = [span for span in spans(collector.posts) if span.name == "ingest"]
    lasted_ms = [(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6 for span in got]
    assert len(got) == 8 and all(20 <= time_ms < 2_000 for time_ms in lasted_ms), lasted_ms


def test_a_trace_goes_on_at_the_server_that_follows(make_server, clip, tmp_path):
    """Video through RabbitMQ: ingest and publish at one server, ingest at the other, one trace."""
    with Broker(tmp_path) as broker, Receiver() as collector:
        here, there = (
            make_server("--bus", broker.url, "--bus-video", settings=tracing(collector) | {"bus": {"node": name}})
            for name in ("here", "there"))
        with Phone(here.ws_url, "traced") as phone, Player(phone, clip):
            with Consumer(there.ws_url, stream="traced") as consumer:
                consumer.wait_messages(60, timeout=30)
        here.stop()
        there.stop()
        by_node = {"here": [], "there": []}
        for post in collector.posts:
            for resource in request(post).resource_spans:
                node = attributes(resource.resource)["service.instance.id"]
                by_node[node] += [span for scope in resource.scope_spans for span in scope.spans]
    here_spans = {span.span_id: span for span in by_node["here"]}
    followed = [span for span in by_node["there"] if span.name == "ingest"]
    assert len(followed) >= 60 and {span.name for span in by_node["there"]} == {"ingest"}
    complete = 0
    for span in followed:
        publish = here_spans.get(span.parent_span_id)
        if publish is None:
            continue  # A publication that was not confirmed before the end is not told.
        first = here_spans[publish.parent_span_id]
        assert (first.name, publish.name) == ("ingest", "publish")
        assert span.trace_id == publish.trace_id == first.trace_id
        assert first.start_time_unix_nano <= publish.start_time_unix_nano <= span.start_time_unix_nano
        assert attributes(publish)["bus.topic"] == "video_stream_exchange"
        complete += 1
    assert complete >= 60


def test_a_part_of_all_frames_is_traced(make_server, clip):
    with Receiver() as collector:
        server = make_server(settings=tracing(collector, 0.3))
        with Phone(server.ws_url) as phone:
            for _ in range(10):
                phone.send_all(clip)
            relayed = len(clip.units) * 10
            wait_until(lambda: server.metric("h264_frames_relayed_total") == relayed, 20, "all frames")
        server.stop()
        count = len(spans(collector.posts))
    # Six standard deviations of a binomial distribution.
    assert abs(count - 0.3 * relayed) < 6 * (relayed * 0.3 * 0.7) ** 0.5


def test_a_collector_that_fails_costs_nothing_but_spans(make_server, clip):
    """503 is tried again and loses nothing; 400 loses the batch; the video goes on."""
    answers = {1: Answer(503), 2: Answer(400)}
    with Receiver(lambda posts: answers.get(len(posts), Answer())) as collector:
        server = make_server(settings=tracing(collector))
        with Phone(server.ws_url) as phone, Player(phone, clip):
            collector.wait_for(lambda posts: len(posts) >= 4, timeout=20)
            assert server.stream()["live"]
        assert server.metric(f'{SPANS}{{outcome="failed"}}') == len(spans(collector.posts[:1]))
        assert collector.posts[0].body == collector.posts[1].body, "the same batch again"
        server.stop()
        assert "spans could not be sent" in server.log_text()


def test_nothing_is_sent_when_tracing_is_off(make_server, clip):
    server = make_server()
    with Phone(server.ws_url) as phone:
        phone.send_all(clip)
        wait_until(lambda: server.metric("h264_frames_relayed_total") == len(clip.units), 10, "all frames")
    assert server.metric_sum(SPANS) == 0


def test_the_storage_service_traces_what_it_takes_in(binary, clip, tmp_path):
    """`worldsystem record` is a process of its own: its traces begin there."""
    video = tmp_path / "clip.h264"
    video.write_bytes(clip.annexb)
    with Receiver() as collector:
        config = tmp_path / "worldsystem.yaml"
        config.write_text(json.dumps(tracing(collector)))
        subprocess.run(
            [binary, "record", "--from", video, "--data", tmp_path / "data", "--config", config], check=True,
            timeout=30, capture_output=True)
        got = spans(collector.posts)
    ingest = {span.span_id: span for span in got if span.name == "ingest"}
    record = [span for span in got if span.name == "record"]
    assert len(ingest) == len(record) == len(clip.units)
    assert all(ingest[span.parent_span_id].trace_id == span.trace_id for span in record)
