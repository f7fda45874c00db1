"""Each kind of reading has its table, in the code, in the schema and in the queries alike."""

import re
from importlib.resources import files

import msgspec
import pytest

from storesense_contracts.readings import DWELL_EDGES_S, READING_TYPES, Reading
from storesense_contracts.sql import load_queries
from storesense_gateway.batch import COMMON_COLUMNS
from storesense_gateway.families import FAMILIES, Family
from storesense_gateway.packing import PgType

QUERIES = load_queries("storesense_gateway", "queries.sql")
SCHEMA = "\n".join(
    path.read_text()
    for path in files("storesense_contracts").joinpath("schema").iterdir()
    if path.name.endswith(".sql")
)
SQL_TYPES = {
    PgType.INT2: "smallint",
    PgType.INT4: "integer",
    PgType.INT8: "bigint",
    PgType.FLOAT4: "real",
    PgType.FLOAT8: "double precision",
    PgType.BOOL: "boolean",
    PgType.TEXT: "text",
    PgType.BYTEA: "bytea",
}
TAG_FIELDS = {"measured_at"}
CASES = [pytest.param(kind, family, id=family.table) for kind, family in FAMILIES.items()]


def columns_of_schema(table: str) -> dict[str, tuple[str, bool]]:
    body = re.search(rf"CREATE TABLE {table} \((.*?)\n\)", SCHEMA, re.DOTALL)
    assert body is not None
    lines = [line.strip().rstrip(",") for line in body[1].strip().splitlines()]
    lines += re.findall(rf"^ALTER TABLE {table} ADD COLUMN (.*);", SCHEMA, re.MULTILINE)
    return {
        line.split()[0]: (line.split(maxsplit=1)[1].replace(" NOT NULL", ""), "NOT NULL" not in line) for line in lines
    }


def test_every_reading_has_a_family() -> None:
    assert set(FAMILIES) == {kind for kinds in READING_TYPES.values() for kind in kinds}


@pytest.mark.parametrize(("kind", "family"), CASES)
def test_columns_are_those_of_the_table(kind: type[Reading], family: Family) -> None:
    table = columns_of_schema(family.table)
    own = {column.name: (SQL_TYPES[column.pg_type], column.nullable) for column in family.columns}
    assert {name: table[name] for name in table if name not in {*COMMON_COLUMNS, "batch_no"}} == own
    assert {*COMMON_COLUMNS, "batch_no"} <= set(table)


@pytest.mark.parametrize(("kind", "family"), CASES)
def test_the_insert_names_every_column_thrice_in_one_order(kind: type[Reading], family: Family) -> None:
    query = QUERIES[f"insert_{family.table}"]
    target, chosen, given = (
        [name.strip() for name in part.split(",")]
        for part in re.search(
            rf"INSERT INTO {family.table} \((.*?)\)\s*SELECT\s(.*?)FROM unnest\((.*?)\) AS", query, re.DOTALL
        ).groups()  # type: ignore[union-attr]
    )
    names = [*COMMON_COLUMNS, *(column.name for column in family.columns)]
    assert target == [*COMMON_COLUMNS, "batch_no", *(column.name for column in family.columns)]
    assert [name.replace("%(batch_no)s", "batch_no") for name in chosen] == target
    assert given == [f"%({name})s" for name in names]


@pytest.mark.parametrize(("kind", "family"), CASES)
def test_no_field_of_a_reading_is_lost(kind: type[Reading], family: Family) -> None:
    fields = {field.name for field in msgspec.structs.fields(kind)} - TAG_FIELDS
    taken = {column.name for column in family.columns}
    if "origin_xy_m" in fields:
        fields = fields - {"origin_xy_m"} | {"origin_x_m", "origin_y_m"}
    if "dwell_counts" in fields:
        # Kept cumulative, so that the rollups add columns; the steps can be told from them again.
        fields = fields - {"dwell_counts"} | {"visit_count", *(f"dwell_le_{edge_s}s" for edge_s in DWELL_EDGES_S)}
    if "event_no" in fields:
        # What a correction becomes has columns that a told event leaves empty, and the other way round.
        fields |= {"correction_no", "is_withdrawn", "burst_units", "straddles"}
        fields -= {name for name in fields if name.startswith("told_")}
    assert len(fields - taken) == 1, "the subject, which becomes the series"
    assert taken <= fields
