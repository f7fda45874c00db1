"""The load generator: simulated devices that publish as fast as the gateway acknowledges, or at a given rate.

It runs in a process of its own (``python -m storesense_simulators.load``) and must never be the bottleneck: payloads
are encoded before the start, many packets go with one system call, and of what comes back only commit acks are decoded.
Each device keeps a window of messages without a commit ack, as a real one does (the naive yardstick sends no commit
acks, so there the broker's PUBACKs count). The order, a line of JSON, comes on standard input; ``{"event": "ready"}``
and, after a line ``go``, the result go out on standard output. A line ``stop`` ends the publishing early.
"""

import json
import selectors
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

import msgspec

from storesense_simulators.load_device import LoadDevice
from storesense_simulators.load_order import LoadOrder, LoadResult, TwinLoad

if TYPE_CHECKING:
    from storesense_simulators.load_twin import TwinTraces

_WAIT_S = 0.02
_PACED_WAIT_S = 0.002


class LoadGenerator:
    """All devices of one order, in one thread."""

    def __init__(self, order: LoadOrder) -> None:
        """Encode everything; ``connect`` and ``run`` follow."""
        self._order = order
        traces = None if order.twin is None else _traces(order.twin, order.batch_size)
        self._devices = [LoadDevice(order, place, traces) for place in range(len(order.devices))]

    def connect(self) -> None:
        """Connect and subscribe every device. Raises OSError."""
        for device in self._devices:
            device.connect(self._order.host, self._order.port)

    def run(self, stop: TextIO) -> LoadResult:
        """Publish until the time or the messages end, then wait for the last acknowledgements.

        Args:
            stop: something to read from it ends the time.

        Raises:
            OSError: a connection ended.
        """
        order = self._order
        with selectors.DefaultSelector() as selector:
            for device in self._devices:
                selector.register(device.socket, selectors.EVENT_READ, device)
            selector.register(stop, selectors.EVENT_READ, None)
            begun_s, begun_cpu_s = time.monotonic(), time.process_time()
            end_s = begun_s + order.duration_s
            acked = -1
            acked_s = begun_s
            while True:
                now_s = time.monotonic()
                if now_s < end_s:
                    self._fill(now_s, now_s - begun_s)
                for key, _ in selector.select(_PACED_WAIT_S if order.rate else _WAIT_S):
                    if key.data is None:
                        selector.unregister(stop)
                        end_s = min(end_s, time.monotonic())
                    else:
                        key.data.receive()
                present = sum(device.acked for device in self._devices)
                if present != acked:
                    acked, acked_s = present, time.monotonic()
                sent = sum(len(device.sent_s) for device in self._devices)
                is_over = time.monotonic() >= end_s or sent == order.messages
                if is_over and (acked == sent or now_s >= end_s + order.drain_s):
                    break
        latencies_s = sorted(value for device in self._devices for value in device.latencies_s)
        return LoadResult(
            sent=sent,
            acked=acked,
            readings=sum(device.readings_acked for device in self._devices),
            elapsed_s=acked_s - begun_s,
            latencies_ms=[round(value * 1e3, 2) for value in latencies_s],
            ran_out=sent == order.messages,
            cpu_s=time.process_time() - begun_cpu_s,
        )

    def close(self) -> None:
        """Leave the broker."""
        for device in self._devices:
            device.socket.close()

    def _fill(self, now_s: float, since_s: float) -> None:
        rate = self._order.rate
        for place, device in enumerate(self._devices):
            limit = len(device.packets)
            if rate is not None:
                limit = int(since_s * rate / len(self._devices) + place / len(self._devices))
            device.fill(limit, now_s)


def _traces(twin: TwinLoad, batch_size: int) -> "TwinTraces":
    # The twin brings NumPy, for which a load of footfall alone should not wait.
    from storesense_simulators.load_twin import TwinTraces  # noqa: PLC0415

    return TwinTraces(twin, batch_size=batch_size)


def main() -> int:
    """Serve one order."""
    order = msgspec.json.decode(sys.stdin.readline(), type=LoadOrder)
    generator = LoadGenerator(order)
    generator.connect()
    _say({"event": "ready"})
    if sys.stdin.readline().strip() != "go":
        return 1
    result = generator.run(sys.stdin)
    generator.close()
    _say(asdict(result))
    return 0


def _say(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
