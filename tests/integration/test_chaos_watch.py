"""What chaos asks the ledger."""

from datetime import UTC, datetime, timedelta

import psycopg

from storesense_contracts.sql import load_queries

_QUERIES = load_queries("storesense_simulators", "chaos/chaos.sql")


def test_a_device_that_never_restarted_is_still_watched_after_many_restarts_of_others(database_url: str) -> None:
    now_at = datetime.now(UTC)
    with psycopg.connect(database_url) as connection:
        for number in range(30):
            # The first boot is the oldest, and was heard of last.
            heard_at = now_at if number == 0 else now_at - timedelta(hours=30 - number)
            connection.execute(
                "INSERT INTO device_boots (store_id, device_id, boot_id, first_received_at, last_received_at) "
                "VALUES ('store-1', %s, %s, %s, %s)",
                ("steady" if number == 0 else "restarting", f"{number:032}", now_at - timedelta(days=2), heard_at),
            )
        rows = connection.execute(_QUERIES["newest_boots"], {"store_ids": ["store-1"]}).fetchall()
    assert ("store-1", "steady", f"{0:032}") in [row[:3] for row in rows]
    assert ("store-1", "restarting", f"{29:032}") in [row[:3] for row in rows]
