"""MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as much of it as plain data needs.

Written out here so that the drive needs nothing but Python.
"""

import struct

_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
# First byte: how many bytes hold the length.
_STRINGS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_ARRAYS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def pack(value):
    """The bytes of a value made of None, bool, int, float, str, list and dict."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if 0 <= value < 0x80:
            return bytes([value])
        return struct.pack(">BQ", 0xCF, value) if value >= 0 else struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        data = value.encode()
        return struct.pack(">BI", 0xDB, len(data)) + data
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(pack, value))
    if isinstance(value, dict):
        items = b"".join(pack(key) + pack(item) for key, item in value.items())
        return struct.pack(">BI", 0xDF, len(value)) + items
    raise TypeError(f"cannot pack a {type(value).__name__}")


def unpack(data):
    """The value that the bytes hold; ValueError when there is more, less or something else."""
    try:
        value, end = _unpack(data, 0)
    except (IndexError, struct.error) as error:
        raise ValueError("the message ends too early") from error
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the message")
    return value


def _unpack(data, at):
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    if first >= 0xE0:
        return first - 0x100, at
    if first < 0x90:
        return _map(data, at, first & 0x0F)
    if first < 0xA0:
        return _array(data, at, first & 0x0F)
    if first < 0xC0:
        return _string(data, at, first & 0x1F)
    if first in _CONSTANTS:
        return _CONSTANTS[first], at
    if first in _NUMBERS:
        form = _NUMBERS[first]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    for kinds, read in ((_STRINGS, _string), (_BYTES, _raw), (_ARRAYS, _array), (_MAPS, _map)):
        if first in kinds:
            end = at + kinds[first]
            return read(data, end, int.from_bytes(data[at:end], "big"))
    raise ValueError(f"no such type: {first:#04x}")


def _raw(data, at, size):
    if at + size > len(data):
        raise ValueError("the message ends too early")
    return data[at : at + size], at + size


def _string(data, at, size):
    raw, at = _raw(data, at, size)
    return raw.decode(), at


def _array(data, at, count):
    values = []
    for _ in range(count):
        value, at = _unpack(data, at)
        values.append(value)
    return values, at


def _map(data, at, count):
    values = {}
    for _ in range(count):
        key, at = _unpack(data, at)
        values[key], at = _unpack(data, at)
    return values, at
