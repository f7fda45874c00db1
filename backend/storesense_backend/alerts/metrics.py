"""What the alert engine tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class AlertMetrics:
    """The engine's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.is_leading = Gauge(
            "storesense_alerts_is_leading",
            "1 if this engine judges any store, 0 if it stands by",
            registry=self.registry,
        )
        self.stores = Gauge("storesense_alerts_stores", "Stores whose lease this engine holds", registry=self.registry)
        self.assessor_failures = Counter(
            "storesense_alerts_assessor_failures",
            "Times that an assessor could not tell what is the case",
            registry=self.registry,
        )
        self.changes = Counter(
            "storesense_alerts_changes",
            "Changes of alerts by rule kind and change (opened, updated, resolved, withdrawn)",
            ["kind", "change"],
            registry=self.registry,
        )
        self.observations = Counter(
            "storesense_alerts_observations", "Readings judged", ["kind"], registry=self.registry
        )
        self.late = Counter(
            "storesense_alerts_late_observations",
            "Readings that came too late to decide anything",
            registry=self.registry,
        )
        self.step_s = Histogram(
            "storesense_alerts_step_seconds",
            "Seconds from reading new batches to the commit of what they led to",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self.registry,
        )
        self.batches_behind = Gauge(
            "storesense_alerts_batches_behind", "Committed batches that are not judged yet", registry=self.registry
        )
        self.delay_s = Gauge(
            "storesense_alerts_delay_seconds",
            "Seconds from the arrival of the newest judged reading to its commit as judged",
            registry=self.registry,
        )
        self.watches = Gauge("storesense_alerts_watches", "Queues and slots times rules", registry=self.registry)
        self.open = Gauge("storesense_alerts_open", "Causes with an unresolved alert", registry=self.registry)
        self.reconnects = Counter(
            "storesense_alerts_database_errors", "Times the database connection was lost", registry=self.registry
        )
