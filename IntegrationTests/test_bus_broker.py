"""The bus on RabbitMQ, seen by pika: exchanges, clashes, outages, TLS, refused passwords."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pika
import pytest

from rabbitmq import Authority, Broker
from server import Server, unused_port, wait_until
from telemetry import TelemetryPhone, sample

EXCHANGES = (
    "processed_frames_exchange", "api_results_exchange", "slam_results_exchange", "trajectory_data_exchange",
    "imu_data_exchange", "video_frames_exchange", "video_stream_exchange", "analysis_mode_exchange",
    "restart_exchange", "ply_fanout_exchange", "events_exchange", "phone_messages_exchange",
    "control_commands_exchange",
)


@contextmanager
def channel_of(broker: Broker) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """A channel of a connection of its own."""
    connection = pika.BlockingConnection(pika.URLParameters(broker.url + "%2F"))
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()


def bind_queue(broker: Broker, name: str, exchange: str) -> None:
    """A durable queue that gets what an exchange carries; makes the exchange when it is not there yet."""
    with channel_of(broker) as channel:
        channel.exchange_declare(exchange, "fanout", durable=True)
        channel.queue_declare(name, durable=True)
        channel.queue_bind(name, exchange)


def drain(broker: Broker, queue: str, until, timeout: float = 30) -> list:
    """(method, properties, body) of a queue's messages, until `until(messages)` is true."""
    messages = []
    deadline = time.monotonic() + timeout
    with channel_of(broker) as channel:
        while not until(messages):
            assert time.monotonic() < deadline, f"only {len(messages)} messages within {timeout} s"
            message = channel.basic_get(queue, auto_ack=True)
            if message[0] is None:
                time.sleep(0.05)
            else:
                messages.append(message)
    return messages


def with_bus(make_server, broker: Broker, *args: str, url: str | None = None, **options) -> Server:
    """A server on a broker. The URL goes by the environment, as in containers."""
    environment = {"RABBITMQ_URL": url or broker.url} | options.pop("environment", {})
    return make_server(*args, environment=environment, **options)


def metric(server: Server, name: str) -> float | None:
    """A metric's value; None also while the server is too busy to answer in time."""
    try:
        return server.metric(name)
    except OSError:
        return None


def is_connected(server: Server) -> bool:
    return metric(server, 'worldsystem_bus_connected{connection="publisher"}') == 1


def wait_connected(server: Server, timeout: float = 45) -> None:
    wait_until(lambda: is_connected(server), timeout, "the server is connected to the broker")


def log_lines(server: Server, text: str) -> list[str]:
    return [line for line in server.log_text().splitlines() if text in line]


def test_every_exchange_is_durable_and_fanout(make_server, broker: Broker):
    wait_connected(with_bus(make_server, broker))
    with channel_of(broker) as channel:
        for exchange in EXCHANGES:
            # The broker refuses this where type or durability differ.
            channel.exchange_declare(exchange, "fanout", durable=True, passive=False)
        channel.exchange_declare("video_stream_exchange.by_stream", "topic", durable=True)


def test_names_can_be_overridden(make_server, broker: Broker):
    name = f"telemetry_{unused_port()}"
    wait_connected(with_bus(make_server, broker, environment={"IMU_DATA_EXCHANGE": name}))
    with channel_of(broker) as channel:
        channel.exchange_declare(name, passive=True)


def test_the_start_is_announced_once(make_server, broker: Broker):
    queue = f"restarts-{unused_port()}"
    bind_queue(broker, queue, "restart_exchange")
    server = with_bus(make_server, broker)
    [(_, properties, body)] = drain(broker, queue, lambda messages: len(messages) == 1)
    assert json.loads(body) == {"type": "restart"}
    assert properties.content_type == "application/json"
    assert properties.delivery_mode == 2
    assert properties.message_id
    assert "redelivered" not in (properties.headers or {})
    wait_until(lambda: server.metric("worldsystem_bus_confirms_total") == 1, 5, "the message is confirmed")
    with channel_of(broker) as channel:
        assert channel.basic_get(queue)[0] is None


def test_a_clash_gives_one_clear_line_and_the_server_runs(make_server, make_broker):
    broker = make_broker()
    with channel_of(broker) as channel:
        channel.exchange_declare("imu_data_exchange", "direct", durable=True)
    server = with_bus(make_server, broker)
    wait_connected(server)
    lines = log_lines(server, "imu_data_exchange")
    assert len(lines) == 1, lines
    assert "exists with type 'direct', but 'fanout' is needed" in lines[0] and "IMU_DATA_EXCHANGE" in lines[0]
    assert server.get("/health").status == 200
    # Once it is gone, it is made as it should be, without a restart.
    with channel_of(broker) as channel:
        channel.exchange_delete("imu_data_exchange")
    wait_until(lambda: log_lines(server, "an exchange can be used now"), 30, "the exchange is made again")


def test_a_broker_that_is_away_at_the_start(make_server, make_broker):
    broker = make_broker()
    bind_queue(broker, "restarts", "restart_exchange")
    broker.sync()
    broker.kill()
    server = with_bus(make_server, broker)
    wait_until(lambda: server.metric("worldsystem_spool_messages") == 1, 10, "the message waits on disk")
    assert len(log_lines(server, "no broker, messages wait on disk")) == 1
    broker.start()
    wait_connected(server)
    [(_, properties, body)] = drain(broker, "restarts", lambda messages: len(messages) == 1)
    assert json.loads(body) == {"type": "restart"}
    assert len(log_lines(server, "the broker is back")) == 1
    wait_until(lambda: server.metric("worldsystem_spool_messages") == 0, 10, "the spool is empty again")


def test_what_waits_survives_a_restart_of_the_server(make_server, make_broker):
    broker = make_broker()
    bind_queue(broker, "restarts", "restart_exchange")
    broker.sync()
    broker.kill()
    server = with_bus(make_server, broker)
    wait_until(lambda: server.metric("worldsystem_spool_messages") == 1, 10, "the message waits on disk")
    server.stop()
    broker.start()
    server.start()
    messages = drain(broker, "restarts", lambda messages: len(messages) == 2)
    ids = [properties.message_id for _, properties, _ in messages]
    assert len(set(ids)) == 2, "each start is announced by a message of its own"


def test_the_connection_is_made_again_after_a_kill(make_server, make_broker):
    broker = make_broker()
    server = with_bus(make_server, broker)
    wait_connected(server)
    broker.kill()
    wait_until(lambda: not is_connected(server), 10, "the loss is noticed")
    broker.start()
    wait_connected(server)
    assert len(log_lines(server, "no broker, messages wait on disk")) == 1
    assert len(log_lines(server, "the broker is back")) == 1
    assert server.metric('worldsystem_bus_connections_lost_total{connection="publisher"}') == 1


def test_tls_with_an_authority_of_our_own(make_server, make_broker, tmp_path):
    broker = make_broker(authority=Authority(tmp_path / "authority"))
    queue = "restarts"
    bind_queue(broker, queue, "restart_exchange")
    server = with_bus(make_server, broker, url=broker.tls_url)
    wait_connected(server)
    drain(broker, queue, lambda messages: len(messages) == 1)
    # Without the authority, the broker's certificate is worth nothing.
    stranger = with_bus(make_server, broker, url=broker.tls_url.split("?")[0])
    [line] = wait_until(lambda: log_lines(stranger, "no broker, messages wait on disk"), 10, "the refusal is logged")
    assert "no secure connection" in line
    assert not is_connected(stranger)


def test_a_certificate_for_another_name_is_refused(make_server, make_broker, tmp_path):
    broker = make_broker(authority=Authority(tmp_path / "authority", names="DNS:elsewhere.example"))
    server = with_bus(make_server, broker, url=broker.tls_url)
    [line] = wait_until(lambda: log_lines(server, "no broker, messages wait on disk"), 10, "the refusal is logged")
    assert "no secure connection" in line


def test_a_wrong_password_gives_a_clear_line_without_it(make_server, broker: Broker):
    url = f"amqp://guest:not-the-secret@127.0.0.1:{broker.port}/"
    server = with_bus(make_server, broker, url=url)
    [line] = wait_until(lambda: log_lines(server, "no broker, messages wait on disk"), 10, "the refusal is logged")
    assert "refuses us" in line and "ACCESS_REFUSED" in line
    assert "not-the-secret" not in server.log_text()
    assert server.get("/health").status == 200


@pytest.mark.parametrize(
    "url", ["amqp://user:secret-word@127.0.0.1:99999/", "amqp://user:secret-word@127.0.0.1/?what=1"])
def test_a_url_that_is_none_ends_the_server(make_server, url):
    server = make_server(start=False, environment={"RABBITMQ_URL": url})
    with pytest.raises(AssertionError):
        server.start()
    assert "the broker's URL is wrong" in server.log_text()
    assert "secret-word" not in server.log_text()


class Load(threading.Thread):
    """A phone that sends numbered samples as fast as the server takes them."""

    def __init__(self, server: Server, name: str, count: int):
        super().__init__(daemon=True)
        self.phone_name, self.count, self.sent = name, count, 0
        self.phone = TelemetryPhone(server.ws_url, name)

    def run(self) -> None:
        first_ns = time.time_ns()
        for number in range(self.count):
            self.phone.send(sample(first_ns + number * 1_000_000, phone=self.phone_name, number=number))
            self.sent = number + 1


def collect(broker: Broker, queue: str, expected: int, timeout: float) -> list[tuple[str, int, bool]]:
    """(phone, number, flagged as redelivered) of a queue's messages, in order, until so many different ones came."""
    seen, messages = set(), []
    deadline = time.monotonic() + timeout
    with channel_of(broker) as channel:
        channel.basic_qos(prefetch_count=1_000)
        for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
            if method:
                fields = json.loads(body)
                flagged = method.redelivered or bool((properties.headers or {}).get("redelivered"))
                messages.append((fields["phone"], fields["number"], flagged))
                seen.add(messages[-1][:2])
            # One more second for what should not come.
            elif len(seen) >= expected:
                return messages
            assert time.monotonic() < deadline, f"{len(seen)} of {expected} messages within {timeout} s"


@pytest.mark.timeout(400)
def test_a_killed_broker_costs_no_telemetry(make_server, make_broker):
    """100,000 samples of five phones; the broker is killed and restarted in the middle."""
    phones, each = 5, 20_000
    broker = make_broker()
    bind_queue(broker, "telemetry", "imu_data_exchange")
    server = with_bus(make_server, broker)
    wait_connected(server)
    loads = [Load(server, f"phone{number}", each) for number in range(phones)]
    sent = lambda: sum(load.sent for load in loads)  # noqa: E731
    for load in loads:
        load.start()
    wait_until(lambda: sent() >= 40_000, 120, "the first samples are sent")
    broker.kill()
    wait_until(lambda: sent() >= 60_000, 120, "samples are sent while the broker is away")
    broker.start()
    for load in loads:
        load.join(120)
    assert sent() == phones * each
    wait_connected(server)
    messages = collect(broker, "telemetry", phones * each, 200)
    for load in loads:
        assert_delivered([(number, flagged) for phone, number, flagged in messages if phone == load.phone_name], each)
        load.phone.close()
    wait_until(lambda: metric(server, "worldsystem_spool_messages") == 0, 20, "the spool is empty")
    wait_until(lambda: metric(server, "worldsystem_bus_unconfirmed") == 0, 20, "everything is confirmed")
    for place in ("outgoing", "spool"):
        assert not server.metric(f'worldsystem_bus_messages_dropped_total{{place="{place}"}}')


def assert_delivered(messages: list[tuple[int, bool]], count: int) -> None:
    """All numbers came, first in order, and again only where flagged."""
    latest, repeated = -1, 0
    for number, flagged in messages:
        if number > latest:
            assert number == latest + 1, f"{number} came after {latest}"
            latest = number
        else:
            assert flagged, f"{number} came again after {latest}, not flagged"
            repeated += 1
    assert latest == count - 1
    assert repeated < count // 2
