"""What the delivery worker tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class NotifyMetrics:
    """The worker's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "storesense_notify_messages",
            "Messages by kind of channel and outcome: sent, failed, dead, skipped",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.digests = Counter(
            "storesense_notify_digests", "Messages that told several events at once", registry=self.registry
        )
        self.send_s = Histogram(
            "storesense_notify_send_seconds",
            "Seconds that a channel took for a message, by kind of channel",
            ["kind"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.delay_s = Histogram(
            "storesense_notify_delay_seconds",
            "Seconds from the decision to the channel's acknowledgement",
            buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600),
            registry=self.registry,
        )
        self.waiting = Gauge("storesense_notify_waiting", "Deliveries that wait", registry=self.registry)
        self.oldest_s = Gauge(
            "storesense_notify_oldest_seconds", "Age of the oldest delivery that waits", registry=self.registry
        )
        self.broken = Gauge(
            "storesense_notify_broken_channels", "Channels that are left alone after failures", registry=self.registry
        )
        self.reconnects = Counter(
            "storesense_notify_database_errors", "Times the database connection was lost", registry=self.registry
        )
