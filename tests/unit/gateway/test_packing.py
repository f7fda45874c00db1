"""Arrays packed by numpy are, byte for byte, what the driver makes value by value."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import Transformer
from psycopg.types.array import ListBinaryDumper
from psycopg.types.datetime import DatetimeBinaryDumper
from psycopg.types.numeric import (
    Float4BinaryDumper,
    FloatBinaryDumper,
    Int2BinaryDumper,
    Int4BinaryDumper,
    Int8BinaryDumper,
)
from psycopg.types.string import BytesBinaryDumper

from storesense_contracts.clock import from_epoch_us
from storesense_gateway.packing import PackedArray, PgType, pack_fixed, pack_variable

INTEGERS = {
    PgType.INT2: (st.integers(-(2**15), 2**15 - 1), Int2BinaryDumper),
    PgType.INT4: (st.integers(-(2**31), 2**31 - 1), Int4BinaryDumper),
    PgType.INT8: (st.integers(-(2**63), 2**63 - 1), Int8BinaryDumper),
}


def by_the_driver(values: list[Any], element_dumper: type[Any], element_type: type[Any]) -> bytes:
    transformer = Transformer()
    dumper = ListBinaryDumper(list, transformer)
    dumper.sub_dumper = element_dumper(element_type, transformer)
    return bytes(dumper.dump(values) or b"")


@given(st.data(), st.sampled_from(sorted(INTEGERS, key=lambda each: each.oid)))
def test_integers(data: st.DataObject, pg_type: PgType) -> None:
    numbers, dumper = INTEGERS[pg_type]
    values = data.draw(st.lists(numbers, max_size=20))
    packed = pack_fixed(pg_type, np.asarray(values, np.int64))
    assert packed == PackedArray(pg_type.array_oid, by_the_driver(values, dumper, int))


@given(st.lists(st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=20))
def test_nulls_take_no_room(values: list[int | None]) -> None:
    nulls = np.asarray([value is None for value in values])
    packed = pack_fixed(PgType.INT4, np.asarray([value or 0 for value in values], np.int64), nulls)
    assert packed.data == by_the_driver(values, Int4BinaryDumper, int)


@given(st.lists(st.floats(allow_nan=False), max_size=20))
def test_doubles(values: list[float]) -> None:
    assert pack_fixed(PgType.FLOAT8, np.asarray(values, np.float64)).data == by_the_driver(
        values, FloatBinaryDumper, float
    )


@given(st.lists(st.floats(allow_nan=False, width=32), max_size=20))
def test_reals(values: list[float]) -> None:
    assert pack_fixed(PgType.FLOAT4, np.asarray(values, np.float64)).data == by_the_driver(
        values, Float4BinaryDumper, float
    )


@given(st.lists(st.integers(-4_000_000_000_000_000, 4_000_000_000_000_000), max_size=20))
def test_timestamps(instants_us: list[int]) -> None:
    instants = [from_epoch_us(us) for us in instants_us]
    packed = pack_fixed(PgType.TIMESTAMPTZ, np.asarray(instants_us, np.int64))
    assert packed.data == by_the_driver(instants, DatetimeBinaryDumper, datetime)


@given(st.lists(st.one_of(st.none(), st.text(alphabet=st.characters(exclude_categories=["Cs"]))), max_size=20))
def test_texts(values: list[str | None]) -> None:
    expected = by_the_driver(
        [None if value is None else value.encode() for value in values], BytesBinaryDumper, bytes
    ).replace(PgType.BYTEA.oid.to_bytes(4, "big"), PgType.TEXT.oid.to_bytes(4, "big"), 1)
    assert pack_variable(PgType.TEXT, values).data == expected


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_bytes(values: list[bytes]) -> None:
    assert pack_variable(PgType.BYTEA, values).data == by_the_driver(values, BytesBinaryDumper, bytes)


@pytest.mark.parametrize(
    ("pg_type", "value"), [(PgType.INT2, 2**15), (PgType.INT2, -(2**15) - 1), (PgType.INT4, 2**31)]
)
def test_an_integer_that_does_not_fit_is_refused_not_wrapped(pg_type: PgType, value: int) -> None:
    with pytest.raises(OverflowError, match="does not fit"):
        pack_fixed(pg_type, np.asarray([0, value], np.int64))


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        pack_variable(PgType.TEXT, ["fine", "\ud800"])
