"""What the demo asks of its database: whether somebody can sign in, and what a run came to."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from storesense_contracts.sql import load_queries

_QUERIES = load_queries("storesense_simulators", "demo.sql")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to, counted in the database: rows, messages and alerts since it began."""

    readings: int
    messages: int
    dead_letters: int
    alerts_opened: int
    alerts_resolved: int


def has_user(database_url: str, user_name: str) -> bool:
    """Tell whether the database knows the user."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(_QUERIES["has_user"], {"user_name": user_name}).fetchone() is not None


def read_figures(database_url: str, since_at: datetime) -> Figures:
    """Count what came of the run that began at an instant."""
    with psycopg.connect(database_url) as connection:
        cursor = connection.cursor(row_factory=class_row(Figures))
        figures = cursor.execute(_QUERIES["figures"], {"since": since_at}).fetchone()
    if figures is None:
        raise AssertionError("a SELECT of totals returns one row")
    return figures
