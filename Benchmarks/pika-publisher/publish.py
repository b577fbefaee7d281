#!/usr/bin/env python3
"""Publishes one body many times with pika and prints the figures as JSON. For `worldsystem bench bus --compare-pika`.

The body comes from standard input, the broker from $RABBITMQ_URL. Two ways, as pika's documentation shows them:
`blocking` is a BlockingConnection with confirm_delivery, where each publish waits for its confirm; `select` is a
SelectConnection with up to `--window` messages unconfirmed.
"""

import argparse
import json
import os
import sys
import time

import pika


def properties(content_type: str, number: int) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type=content_type, delivery_mode=pika.DeliveryMode.Persistent, message_id=f"benchmark-{number}")


def publish_blocking(url: str, exchange: str, content_type: str, messages: int, body: bytes) -> tuple[float, float]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    started, cpu = time.monotonic(), time.process_time()
    for number in range(1, messages + 1):
        channel.basic_publish(exchange, "", body, properties(content_type, number))
    figures = time.monotonic() - started, time.process_time() - cpu
    connection.close()
    return figures


class SelectPublisher:
    """Publishes whenever fewer than `window` messages are unconfirmed."""

    def __init__(self, url: str, exchange: str, content_type: str, messages: int, window: int, body: bytes):
        self.exchange, self.content_type, self.messages = exchange, content_type, messages
        self.window, self.body = window, body
        self.sent = self.confirmed = 0
        self.started = self.cpu = 0.0
        self.figures: tuple[float, float] | None = None
        self.error = "the connection ended early"
        self.channel = None
        self.connection = pika.SelectConnection(
            pika.URLParameters(url), on_open_callback=lambda connection: connection.channel(
                on_open_callback=self.on_channel),
            on_open_error_callback=self.on_error, on_close_callback=self.on_close)

    def run(self) -> tuple[float, float]:
        self.connection.ioloop.start()
        if self.figures is None:
            sys.exit(self.error)
        return self.figures

    def on_error(self, connection, error) -> None:
        self.error = str(error)
        connection.ioloop.stop()

    def on_close(self, connection, reason) -> None:
        connection.ioloop.stop()

    def on_channel(self, channel) -> None:
        self.channel = channel
        channel.confirm_delivery(self.on_confirm, callback=self.on_ready)

    def on_ready(self, _frame) -> None:
        self.started, self.cpu = time.monotonic(), time.process_time()
        self.publish()

    def publish(self) -> None:
        while self.sent < self.messages and self.sent - self.confirmed < self.window:
            self.sent += 1
            self.channel.basic_publish(self.exchange, "", self.body, properties(self.content_type, self.sent))

    def on_confirm(self, frame) -> None:
        if isinstance(frame.method, pika.spec.Basic.Nack):
            self.error = "the broker refused a message"
            self.connection.close()
            return
        # Confirms of one channel to one queue come in order, single or for all up to a number.
        self.confirmed = max(self.confirmed, frame.method.delivery_tag)
        if self.confirmed == self.messages:
            self.figures = time.monotonic() - self.started, time.process_time() - self.cpu
            self.connection.close()
        else:
            self.publish()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchange", required=True)
    parser.add_argument("--content-type", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--window", type=int, default=4096)
    parser.add_argument("--mode", choices=["blocking", "select"], required=True)
    options = parser.parse_args()
    url = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")
    body = sys.stdin.buffer.read()
    if options.mode == "blocking":
        seconds, cpu = publish_blocking(url, options.exchange, options.content_type, options.messages, body)
    else:
        seconds, cpu = SelectPublisher(
            url, options.exchange, options.content_type, options.messages, options.window, body).run()
    json.dump({"messages": options.messages, "seconds": seconds, "cpuSeconds": cpu}, sys.stdout)


if __name__ == "__main__":
    main()
