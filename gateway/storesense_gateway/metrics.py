"""The gateway's Prometheus metrics, each counted a batch at a time."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from storesense_contracts.messages import DropReason

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_LONG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0)
_READINGS = (1, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)


class GatewayMetrics:
    """One registry with everything that a gateway counts; nothing global, so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = self._counter("received_messages", "messages taken from the broker, repeats included")
        self.refused = self._counter("refused_messages", "messages sent with QoS 0 that found the inbox full")
        self.messages = self._counter("messages", "messages of finished batches", ("outcome",))
        self.readings = self._counter("readings", "readings stored", ("table",))
        self.dead_letters = self._counter("dead_letters", "dead letters stored", ("stage",))
        self.letters_left_out = self._counter(
            "dead_letters_left_out", "dead letters beyond a device's quota, counted and not kept", ("stage",)
        )
        self.unsubscribed = self._counter(
            "stale_subscriptions", "filters of stores that are not ours any more, found in the session and ended"
        )
        self.declared_drops = self._counter(
            "declared_drops", "messages that devices declared dropped and that are lost", ("reason",)
        )
        self.batches = self._counter("batches", "transactions committed with something new")
        self.statuses = self._counter("device_statuses", "status messages of devices that changed something")
        self.commit_acks = self._counter("commit_acks", "commit acks to devices", ("result",))
        self.commands = self._counter("commands_sent", "commands sent to devices, repeats included")
        self.retries = self._counter("database_retries", "batches that had to wait for the database")
        self.connections = self._counter("broker_connections", "connections made to the broker")
        self.batch_readings = self._histogram("batch_readings", "readings in a batch", _READINGS)
        self.commit_s = self._histogram("commit_seconds", "seconds that one transaction took", _SECONDS)
        self.latency_s = self._histogram(
            "receive_to_commit_seconds", "seconds from the receipt of a batch's first message to its commit", _SECONDS
        )
        self.inbox = self._gauge("inbox_messages", "messages received and not yet in a batch")
        self.broker_up = self._gauge("broker_up", "1 while subscribed at the broker")
        self.database_up = self._gauge("database_up", "1 while the database answers")
        self.last_commit = self._gauge("last_commit_timestamp_seconds", "when the last batch was committed, Unix time")
        self.upkeep_runs = self._counter("upkeep_runs", "runs of the database's upkeep", ("outcome",))
        self.upkeep_batches = self._counter("upkeep_batches", "batches added to the rollups")
        self.upkeep_compressed = self._counter("upkeep_compressed_chunks", "weeks of a table compressed")
        self.upkeep_dropped = self._counter(
            "upkeep_dropped", "weeks of a table dropped because of their age, and stray readings"
        )
        self.upkeep_s = self._histogram("upkeep_seconds", "seconds that one run of the upkeep took", _LONG_SECONDS)
        self.upkeep_last = self._gauge(
            "upkeep_last_timestamp_seconds", "when a run last came through, or left it to another process, Unix time"
        )
        self.upkeep_raw_from = self._gauge(
            "upkeep_raw_from_timestamp_seconds", "readings before are dropped, Unix time"
        )
        for outcome in ("done", "skipped", "failed"):
            self.upkeep_runs.labels(outcome)
        for reason in DropReason:
            self.declared_drops.labels(reason.value)
        for outcome in ("stored", "repeated", "unreadable"):
            self.messages.labels(outcome)
        for result in ("sent", "unsent"):
            self.commit_acks.labels(result)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"storesense_gateway_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"storesense_gateway_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"storesense_gateway_{name}", text, buckets=buckets, registry=self.registry)
