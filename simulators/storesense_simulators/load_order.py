"""What a load generator is asked to publish, and what it says came of it."""

from dataclasses import dataclass

import msgspec


class TwinLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Which store, and how much of it.

    Attributes:
        store: a shipped store's name, or a store file.
        minutes: how long it is simulated, at its busiest hour of the week.
        seed: the root of all chance.
    """

    store: str = "convenience"
    minutes: int = 10
    seed: int = 7


class LoadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish.

    Attributes:
        host, port: of the broker.
        devices: (store id, device id, password) of each.
        messages: how many to have ready, over all devices.
        batch_size: readings in each.
        duration_s: no message is begun later than this after the start.
        window: messages of one device without an acknowledgement.
        rate: messages a second over all devices; None for as fast as the window lets.
        drain_s: how long to wait for the last acknowledgements.
        counts_commits: whether commit acks count, or the broker's PUBACKs.
        twin: the store that each store of ``devices`` is; None for footfall readings alone, all messages as large.
    """

    host: str
    port: int
    devices: list[tuple[str, str, str]]
    messages: int
    batch_size: int
    duration_s: float
    window: int = 256
    rate: float | None = None
    drain_s: float = 30.0
    counts_commits: bool = True
    twin: TwinLoad | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of it.

    Attributes:
        sent: messages published.
        acked: messages acknowledged,
        readings: and the readings in them.
        elapsed_s: from the first publication to the last acknowledgement.
        latencies_ms: sorted: publication to acknowledgement, of every message.
        ran_out: whether the messages ended before ``duration_s``.
        cpu_s: of this process, from the start.
    """

    sent: int
    acked: int
    readings: int
    elapsed_s: float
    latencies_ms: list[float]
    ran_out: bool
    cpu_s: float
