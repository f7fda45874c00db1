"""How the driver sends arrays that are packed already."""

from psycopg.abc import DumperKey, PyFormat
from psycopg.adapt import Dumper
from psycopg.pq import Format

from storesense_gateway.packing import PackedArray


class PackedDumper(Dumper):
    """Hands a packed array to the driver as it is."""

    format = Format.BINARY

    def get_key(self, obj: PackedArray, format: PyFormat) -> DumperKey:  # noqa: A002, ARG002 -- psycopg's name
        """Tell arrays of different types apart."""
        return (self.cls, obj.array_oid)  # type: ignore[return-value]

    def upgrade(self, obj: PackedArray, format: PyFormat) -> "PackedDumper":  # noqa: A002, ARG002
        """Return the dumper of this array's type."""
        dumper = type(self)(self.cls)
        dumper.oid = obj.array_oid
        return dumper

    def dump(self, obj: PackedArray) -> bytes:
        """Return the array as it is."""
        return obj.data
