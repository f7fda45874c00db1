"""What every bench stands on: a database, a broker, a gateway process and load generator processes."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString, Self
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psutil
import psycopg
from psycopg import sql

from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.migrate import migrate
from storesense_simulators.embedded.accounts import Account, Role, new_device_account, new_service_account
from storesense_simulators.embedded.broker import EmbeddedBroker
from storesense_simulators.embedded.broker_process import BrokerProcess
from storesense_simulators.embedded.errors import MissingProgramError
from storesense_simulators.embedded.mosquitto import MosquittoBroker, find_mosquitto
from storesense_simulators.embedded.ports import free_port
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child
from storesense_simulators.gateway_child import gateway_child
from storesense_simulators.load_order import LoadOrder, LoadResult


class BenchError(StoresenseError):
    """A bench could not measure, or what it measured does not add up."""

    code = "bench"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BenchWorld:
    """Database and broker, running inside of ``with``.

    Args:
        devices: (store id, device id) of each account.
        database_url: a server to use; a database of our own is made there and dropped. None starts the embedded one.
        broker_kind: ``mosquitto``, ``embedded``, or ``auto``: Mosquitto where it is installed.
        keep_dir: where files and logs stay; None for a folder that goes.
    """

    def __init__(
        self,
        devices: Sequence[tuple[str, str]],
        *,
        database_url: str | None,
        broker_kind: str,
        keep_dir: Path | None,
    ) -> None:
        self._wanted_url = database_url
        self._broker_kind = broker_kind
        self._keep_dir = keep_dir
        self._accounts = [new_device_account(StoreId(store), DeviceId(device)) for store, device in devices]
        self._gateway_account = new_service_account(Role.GATEWAY)
        self._stack = ExitStack()
        self.dir: Path
        self.database_url: str
        self.broker: BrokerProcess
        self.postgres: EmbeddedPostgres | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._keep_dir is None:
                self.dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storesense-bench-")))
            else:
                self._keep_dir.mkdir(parents=True, exist_ok=True)
                if any(self._keep_dir.iterdir()):
                    raise BenchError(reason=f"the folder {self._keep_dir} is not empty; name an empty or a new one")
                self.dir = self._keep_dir
            self.dir.chmod(0o711)
            if self._wanted_url is None:
                self.postgres = stack.enter_context(EmbeddedPostgres(self.dir / "postgres"))
                self.database_url = self.postgres.url().get_secret_value()
            else:
                self.database_url = stack.enter_context(_own_database(self._wanted_url))
            migrate(self.database_url)
            self.broker = stack.enter_context(self._make_broker())
            say(f"bench: {type(self.broker).__name__}, files in {self.dir}")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def gateway(self, **settings: str) -> Child:
        """Return a gateway process; ``settings`` are named as in ``STORESENSE_GATEWAY_...``."""
        return gateway_child(
            broker_port=self.broker.port,
            broker_password=self._gateway_account.password.get_secret_value(),
            database_url=self.database_url,
            http_port=free_port(),
            log_path=self.dir / "gateway.log",
            settings=settings,
        )

    @property
    def gateway_password(self) -> str:
        """The password of the broker's account ``gateway``."""
        return self._gateway_account.password.get_secret_value()

    def devices(self, store_id: str) -> list[tuple[str, str, str]]:
        """Return (store id, device id, password) of every device of a store."""
        return [
            (account.store_id, account.device_id, account.password.get_secret_value())
            for account in self._accounts
            if account.store_id == store_id
        ]

    def query_one(self, statement: LiteralString | sql.Composed) -> Any:
        """Return the first column of the first row."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return None if row is None else row[0]

    def _make_broker(self) -> BrokerProcess:
        accounts: list[Account] = [*self._accounts, self._gateway_account]
        kind = self._broker_kind
        if kind == "auto":
            try:
                find_mosquitto()
            except MissingProgramError:
                kind = "embedded"
            else:
                kind = "mosquitto"
        if kind == "mosquitto":
            return MosquittoBroker(self.dir / "broker", accounts=accounts)
        return EmbeddedBroker(self.dir / "broker", accounts=accounts)


class LoadProcess:
    """A load generator in a process of its own, from its order to its result."""

    def __init__(self, order: LoadOrder) -> None:
        self._order = order
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it; returns when everything is encoded and connected. Raises BenchError."""
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "storesense_simulators.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._write(msgspec.json.encode(self._order))
        if json.loads(self._read()) != {"event": "ready"}:
            raise BenchError(reason="the load generator did not become ready")
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._popen is not None:
            for pipe in (self._popen.stdin, self._popen.stdout):
                if pipe is not None:
                    pipe.close()
            if self._popen.poll() is None:
                self._popen.kill()
            self._popen.wait()

    def go(self) -> None:
        """Let it publish."""
        self._write(b"go")

    def stop(self) -> None:
        """Let it publish nothing more and wait for the last acknowledgements."""
        self._write(b"stop")

    def result(self) -> LoadResult:
        """Wait for its end. Raises BenchError."""
        return LoadResult(**json.loads(self._read()))

    def _write(self, line: bytes) -> None:
        if self._popen is None or self._popen.stdin is None:
            raise BenchError(reason="the load generator does not run")
        self._popen.stdin.write(line + b"\n")
        self._popen.stdin.flush()

    def _read(self) -> bytes:
        if self._popen is None or self._popen.stdout is None:
            raise BenchError(reason="the load generator does not run")
        line = self._popen.stdout.readline()
        if not line:
            raise BenchError(reason="the load generator ended early; what it wrote stands above")
        return line


@contextmanager
def _own_database(server_url: str) -> Iterator[str]:
    """Make a database beside the one named and drop it in the end, so that a bench never meets anybody's data."""
    name = f"storesense_bench_{time.time_ns()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        has_timescale = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    try:
        if has_timescale:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        yield url
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def cpu_s(pid: int | None) -> float:
    """Return the processor seconds that a process has used. Raises BenchError if it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error as exc:
        raise BenchError(reason="the gateway ended during the bench; its log tells why") from exc
    return float(times.user + times.system)


def rss_mb(pid: int | None) -> float:
    """Return the resident memory of a process in MB. Raises BenchError if it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error as exc:
        raise BenchError(reason="the gateway ended during the bench; its log tells why") from exc


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that ``share`` (0..1) of sorted ``ordered`` are not above. Raises BenchError if it is empty."""
    if not ordered:
        raise BenchError(reason="no message was acknowledged; the gateway's log tells why")
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def say(line: str) -> None:
    """Tell progress on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def tell(result: dict[str, Any], *, prints_json: bool) -> None:
    """Print a result, as one JSON object or as a table."""
    if prints_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        width = max(map(len, result))
        sys.stdout.writelines(f"{name:<{width}}  {value}\n" for name, value in result.items())
