"""Reads the input size out of an ONNX file, because OpenCV loads a model without saying what it wants to see.

Only the few protocol buffer fields on the way are walked (ONNX `ModelProto.graph` 7, `GraphProto.input` 11,
`ValueInfoProto.type` 2, `TypeProto.tensor_type` 1, `shape` 2, `dim` 1, `dim_value` 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def picture_input_shape(model: bytes) -> tuple[int, ...] | None:
    """Return the shape of the first input with four dimensions; 0 stands for one that is not fixed.

    Args:
        model: the ONNX file's bytes.

    Returns:
        (batch, channels, height, width), or None where the bytes are no ONNX model or have no such input.
    """
    try:
        for graph in _messages(memoryview(model), 7):
            for value_info in _messages(graph, 11):
                shape = _shape(value_info)
                if len(shape) == 4:
                    return shape
    except (IndexError, ValueError):
        return None
    return None


def _shape(value_info: memoryview) -> tuple[int, ...]:
    dims: list[int] = []
    for kind in _messages(value_info, 2):
        for tensor in _messages(kind, 1):
            for shape in _messages(tensor, 2):
                for dim in _messages(shape, 1):
                    values = [value for number, value in _fields(dim) if number == 1 and isinstance(value, int)]
                    dims.append(values[0] if values else 0)
    return tuple(dims)


def _messages(data: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in _fields(data):
        if number == wanted and isinstance(value, memoryview):
            yield value


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif wire == BYTES:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError(number)
            yield number, data[at : at + size]
            at += size
        elif wire in {FIXED64, FIXED32}:
            at += 8 if wire == FIXED64 else 4
        else:
            raise ValueError(number)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError(at)
