"""Columns packed as PostgreSQL's binary arrays by numpy, one pass a column instead of one call a value.

The format (PostgreSQL's ``array_recv``) is a header of five big-endian 32-bit integers (dimensions, has nulls, element
oid, length, lower bound), then of each element its length in bytes and its value; a null has length -1 and no value.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

PG_EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC, where PostgreSQL's timestamps begin, in microseconds since 1970."""

_HEADER = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)


class PgType(Enum):
    """Element types: oid, oid of the array, and numpy's big-endian dtype of a fixed-size value."""

    INT2 = (21, 1005, ">i2")
    INT4 = (23, 1007, ">i4")
    INT8 = (20, 1016, ">i8")
    FLOAT4 = (700, 1021, ">f4")
    FLOAT8 = (701, 1022, ">f8")
    BOOL = (16, 1000, "i1")
    TIMESTAMPTZ = (1184, 1185, ">i8")
    TEXT = (25, 1009, "")
    BYTEA = (17, 1001, "")

    def __init__(self, oid: int, array_oid: int, dtype: str) -> None:
        self.oid = oid
        self.array_oid = array_oid
        self.dtype = dtype


@dataclass(frozen=True, slots=True)
class PackedArray:
    """A binary array, ready to be sent as a parameter of type ``array_oid``."""

    array_oid: int
    data: bytes


def pack_fixed(pg_type: PgType, values: npt.ArrayLike, nulls: npt.NDArray[np.bool_] | None = None) -> PackedArray:
    """Pack values of fixed size.

    Args:
        pg_type: the element type; timestamps are given as microseconds since 1970-01-01 UTC.
        values: n numbers; under a null, any.
        nulls: n flags, true where the element is null; None if there is none.

    Raises:
        OverflowError: an integer does not fit the element type.
    """
    given = np.asarray(values)
    if pg_type is PgType.TIMESTAMPTZ:
        given = given - PG_EPOCH_US
    packed = np.empty(len(given), dtype=[("length", ">i4"), ("value", pg_type.dtype)])
    packed["length"] = packed.dtype["value"].itemsize
    if given.dtype.kind == "i" and pg_type in (PgType.INT2, PgType.INT4) and len(given):
        info = np.iinfo(pg_type.dtype)
        if given.min() < info.min or given.max() > info.max:
            raise OverflowError(f"a value does not fit {pg_type.name.lower()}")
    packed["value"] = given
    if nulls is None or not nulls.any():
        return _array(pg_type, len(given), has_null=False, body=packed.tobytes())
    packed["length"][nulls] = -1
    cells = packed.view(np.uint8).reshape(len(given), packed.dtype.itemsize)
    kept = np.ones(cells.shape, dtype=np.bool_)
    kept[nulls, 4:] = False
    return _array(pg_type, len(given), has_null=True, body=cells[kept].tobytes())


def pack_variable(pg_type: PgType, values: Sequence[Any]) -> PackedArray:
    """Pack texts (``TEXT``) or bytes (``BYTEA``), where None is null.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate.
    """
    parts: list[bytes] = []
    has_null = False
    for value in values:
        if value is None:
            parts.append(_NULL)
            has_null = True
            continue
        data = value.encode() if pg_type is PgType.TEXT else value
        parts.append(_LENGTH.pack(len(data)))
        parts.append(data)
    return _array(pg_type, len(values), has_null=has_null, body=b"".join(parts))


def _array(pg_type: PgType, length: int, *, has_null: bool, body: bytes) -> PackedArray:
    if length == 0:
        return PackedArray(pg_type.array_oid, _HEADER.pack(0, 0, pg_type.oid, 0, 0)[:12])
    return PackedArray(pg_type.array_oid, _HEADER.pack(1, int(has_null), pg_type.oid, length, 1) + body)
