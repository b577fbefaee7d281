#!/usr/bin/env python3
"""Writes messages into an MCAP file with a writer of PyPI and prints the figures as JSON. For `worldsystem bench mcap`.

`mcap` is the package of that name, `foxglove` is foxglove-sdk. The file `--payloads` has the schema and the messages,
each behind its length in 32 bits, big-endian; they are written in turn.
"""

import argparse
import json
import os
import struct
import time
from pathlib import Path


def pieces(path: Path) -> list[bytes]:
    data, offset, found = path.read_bytes(), 0, []
    while offset < len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        found.append(data[offset + 4:offset + 4 + length])
        offset += 4 + length
    return found


def write_with_mcap(output: str, compression: str, name: str, schema: bytes, payloads: list[bytes], messages: int):
    from mcap.writer import CompressionType, Writer

    with open(output, "wb") as stream:
        writer = Writer(stream, compression=CompressionType[compression.upper()])
        writer.start()
        schema_id = writer.register_schema(name=name, encoding="protobuf", data=schema)
        channel = writer.register_channel(topic="/benchmark", message_encoding="protobuf", schema_id=schema_id)
        for index in range(messages):
            nanos = 1_700_000_000_000_000_000 + index * 1_000
            writer.add_message(channel, nanos, payloads[index % len(payloads)], nanos)
        writer.finish()


def write_with_foxglove(output: str, compression: str, name: str, schema: bytes, payloads: list[bytes], messages: int):
    import foxglove
    from foxglove.mcap import MCAPCompression, MCAPWriteOptions

    chosen = {"none": None, "lz4": MCAPCompression.Lz4, "zstd": MCAPCompression.Zstd}[compression]
    writer = foxglove.open_mcap(output, allow_overwrite=True, writer_options=MCAPWriteOptions(compression=chosen))
    channel = foxglove.Channel(
        "/benchmark", schema=foxglove.Schema(name=name, encoding="protobuf", data=schema), message_encoding="protobuf")
    for index in range(messages):
        channel.log(payloads[index % len(payloads)], log_time=1_700_000_000_000_000_000 + index * 1_000)
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=["mcap", "foxglove"], required=True)
    parser.add_argument("--payloads", type=Path, required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--compression", choices=["none", "lz4", "zstd"], required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    schema, *payloads = pieces(arguments.payloads)
    write = write_with_mcap if arguments.client == "mcap" else write_with_foxglove
    # What importing takes is not writing.
    write(os.devnull if arguments.client == "mcap" else arguments.output, arguments.compression, arguments.schema,
          schema, payloads, 1)
    started, cpu = time.monotonic(), time.process_time()
    write(arguments.output, arguments.compression, arguments.schema, schema, payloads, arguments.messages)
    figures = {
        "seconds": time.monotonic() - started, "cpuSeconds": time.process_time() - cpu,
        "messages": arguments.messages, "fileBytes": os.path.getsize(arguments.output),
        "bytes": sum(len(payloads[index % len(payloads)]) for index in range(arguments.messages)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
