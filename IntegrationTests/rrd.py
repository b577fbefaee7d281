"""Files of Rerun taken apart, without Rerun: chunks with their entity and the values of small columns.

Runs in the environment of rerun-sdk, which has pyarrow, and prints JSON: `rrd.py FILE` the chunks, with `--manifests`
what the end of the file says of them.
"""

import json
import struct
import sys
from collections.abc import Iterator

# Columns of longer rows are left out.
LONGEST = 256


def varint(data: bytes, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, offset = data[offset], offset + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, offset


def fields(data: bytes) -> dict[int, int | bytes]:
    """The fields of a message of Protocol Buffers; of those that repeat, the last."""
    offset, found = 0, {}
    while offset < len(data):
        tag, offset = varint(data, offset)
        if tag & 7 == 0:
            value, offset = varint(data, offset)
        elif tag & 7 == 1:
            value, offset = struct.unpack_from("<Q", data, offset)[0], offset + 8
        else:
            length, offset = varint(data, offset)
            value, offset = data[offset:offset + length], offset + length
        found[tag >> 3] = value
    return found


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of all messages that are whole; 2 is a chunk."""
    assert data[:4] == b"RRF2"
    offset = 12
    while offset + 16 <= len(data):
        kind, length = struct.unpack_from("<QQ", data, offset)
        if kind == 0 or offset + 16 + length > len(data):
            return
        yield kind, data[offset + 16:offset + 16 + length]
        offset += 16 + length


def read(payload: bytes, is_pressed: bool, size: int) -> "pyarrow.Table":
    """A table as a message carries it.

    size: bytes of the table where it is pressed by LZ4.
    """
    import pyarrow

    if is_pressed:
        payload = pyarrow.decompress(payload, size, codec="lz4_raw")
    table = pyarrow.ipc.open_stream(payload).read_all()
    table.validate(full=True)
    return table


def times_as_integers(table: "pyarrow.Table") -> "Iterator[tuple[pyarrow.Field, pyarrow.ChunkedArray]]":
    """Each column with its field; Python's own times have no nanoseconds."""
    import pyarrow

    for field, column in zip(table.schema, table.columns):
        yield field, column.cast(pyarrow.int64()) if pyarrow.types.is_timestamp(field.type) else column


def chunk(body: bytes) -> dict:
    import pyarrow

    message = fields(body)
    table, columns = read(message[5], message.get(2) == 2, message.get(3)), {}
    for field, column in times_as_integers(table):
        if field.name == "VideoStream:sample":
            # What Annex B begins with: a key frame has its parameter sets, or a delimiter, in front.
            columns[field.name] = [bytes(row[0][:8]).hex() for row in column.to_pylist()]
        elif column.nbytes <= LONGEST * max(1, len(column)) and not pyarrow.types.is_fixed_size_binary(field.type):
            columns[field.name] = column.to_pylist()
    return {
        "entity": table.schema.metadata[b"rerun:entity_path"].decode(), "is_static": bool(message.get(7)),
        "recording": fields(message[1])[2].decode(), "rows": table.num_rows, "columns": columns,
        "names": table.schema.names,
    }


def manifests(data: bytes) -> list[dict]:
    """What the end of a file says of each of its stores, by name."""
    start, length, _, mark, footers = struct.unpack_from("<QQI8sI", data, len(data) - 32)
    assert mark == b"RRF2FOOT" and footers == 1
    offset, found = start, []
    while offset < start + length:
        tag, offset = varint(data, offset)
        assert tag == 1 << 3 | 2
        size, offset = varint(data, offset)
        found.append(manifest(data[offset:offset + size]))
        offset += size
    return sorted(found, key=lambda one: one["store"])


def manifest(body: bytes) -> dict:
    import pyarrow

    message = fields(body)
    store, part = fields(message[1]), fields(message[4])
    assert len(message[3]) == 32

    def described(field: pyarrow.Field) -> dict:
        metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        return {"type": str(field.type), "isNullable": field.nullable, "metadata": metadata}

    columns = {}
    for field, column in times_as_integers(read(part[2], part.get(3) == 2, part.get(4))):
        values = [value.hex() if isinstance(value, bytes) else value for value in column.to_pylist()]
        columns[field.name] = {**described(field), "values": values}
    schema = pyarrow.ipc.open_stream(fields(message[2])[1]).schema
    return {
        "store": f"{store[1]} {store[2].decode()}", "schema": {field.name: described(field) for field in schema},
        "table": columns,
    }


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as stream:
        content = stream.read()
    if "--manifests" in sys.argv:
        print(json.dumps(manifests(content)))
    else:
        print(json.dumps([chunk(body) for kind, body in messages(content) if kind == 2]))
