"""The obvious script, as a yardstick: a paho callback that inserts each reading and commits each message.

It runs as a process of its own: ``python -m storesense_simulators.bench_naive``, with an order as a line of JSON on
standard input (it holds passwords), and ends when its standard input does.
"""

import json
import sys
from typing import Any

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

TABLE = "bench_naive"
_INSERT = """
INSERT INTO bench_naive (
    measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, in_count, out_count
) VALUES (%s, now(), 1, 1, %s, %s, 0, %s, %s, %s)
"""


def main() -> int:
    """Subscribe and insert until standard input ends."""
    order = json.loads(sys.stdin.readline())
    connection = psycopg.connect(order["database_url"])
    cursor = connection.cursor()

    def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        for idx, reading in enumerate(body["readings"]):
            cursor.execute(
                _INSERT,
                (
                    reading["measured_at"],
                    body["seq"],
                    idx,
                    reading["period_ms"],
                    reading["in_count"],
                    reading["out_count"],
                ),
            )
        connection.commit()

    def on_connect(client: paho.Client, *_: Any) -> None:
        client.subscribe(order["filter"], qos=1)

    def on_subscribe(*_: Any) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="naive", protocol=paho.MQTTv5)
    client.username_pw_set("gateway", order["password"])
    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.connect("127.0.0.1", order["port"])
    client.loop_start()
    sys.stdin.read()
    client.disconnect()
    client.loop_stop()
    connection.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
