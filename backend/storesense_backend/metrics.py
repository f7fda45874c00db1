"""What the backend tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class BackendMetrics:
    """The backend's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "storesense_backend_requests",
            "Answers by method, route and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_s = Histogram(
            "storesense_backend_request_seconds",
            "Seconds to an answer, by route; live streams are left out",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
            registry=self.registry,
        )
        self.sign_ins = Counter(
            "storesense_backend_sign_ins",
            "Sign-ins by outcome (right, wrong, throttled)",
            ["outcome"],
            registry=self.registry,
        )
        self.streams = Gauge("storesense_backend_streams", "Live streams that are open", registry=self.registry)
        self.stream_events = Counter(
            "storesense_backend_stream_events", "Events sent on live streams", ["event"], registry=self.registry
        )
        self.streams_cut = Counter(
            "storesense_backend_streams_cut",
            "Live streams cut off because the client took nothing",
            registry=self.registry,
        )
        self.streams_blocked = Gauge(
            "storesense_backend_streams_blocked",
            "Live streams whose client takes nothing while numbers wait for it",
            registry=self.registry,
        )
        self.live_rows = Counter(
            "storesense_backend_live_rows", "Readings taken into live states", registry=self.registry
        )
        self.bad_grids = Counter(
            "storesense_backend_bad_grids", "Stored heatmap grids that could not be read", registry=self.registry
        )
        self.pool_connections = Gauge(
            "storesense_backend_pool_connections",
            "Database connections by state (idle, busy)",
            ["state"],
            registry=self.registry,
        )
