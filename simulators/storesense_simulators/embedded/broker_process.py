"""What the brokers that we run have in common: accounts, a port, a process, and a start that proves itself."""

import ssl
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from storesense_simulators.embedded.accounts import Account, Role, by_user_name, new_service_account
from storesense_simulators.embedded.errors import ChildEndedError, ServiceError
from storesense_simulators.embedded.lifetime import Lifetime
from storesense_simulators.embedded.mqtt_probe import signs_in
from storesense_simulators.embedded.ports import LOOPBACK, free_port, require_free_port
from storesense_simulators.embedded.process import Child, ChildSpec

_PORT_TRIES = 5


class BrokerProcess(Lifetime):
    """An MQTT 5 broker in a child process on loopback; which one, its subclass says.

    Args:
        name: what errors call it.
        data_dir: folder for its configuration, state and log.
        accounts: who may sign in. One more is added, which may do nothing, to see whether the broker is up.
        port: TCP port; None or 0 takes a free one, and keeps it for later starts of this object.
        tls_context: how our own probe checks the broker's certificate; None where the broker has none.
    """

    def __init__(
        self,
        name: str,
        data_dir: Path,
        *,
        accounts: Sequence[Account],
        port: int | None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.data_dir = data_dir
        self.host = LOOPBACK
        self._probe = new_service_account(Role.HEALTH, name="start-probe")
        self._accounts: tuple[Account, ...] = (*accounts, self._probe)
        self._passwords = by_user_name(self._accounts)
        self._wanted_port = port or None
        self._port: int | None = port or None
        self._tls_context = tls_context
        self._child: Child | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(data_dir={str(self.data_dir)!r}, port={self._port})"

    @property
    def child(self) -> Child | None:
        """The broker's process, None before the first start."""
        return self._child

    @property
    def port(self) -> int:
        """The TCP port on loopback."""
        if self._port is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._port

    def password(self, user_name: str) -> SecretStr:
        """Return the password of ``user_name``. Raises KeyError when there is no such account."""
        return self._passwords[user_name]

    def start(self) -> None:
        """Write the configuration, start the broker, return when it lets us in; errors: see the class."""
        if self._child is not None and self._child.is_running:
            return
        if self._wanted_port is not None:
            require_free_port(self._wanted_port, purpose=self.name)
        tries = 1 if self._wanted_port is not None else _PORT_TRIES
        while True:
            self._port = self._port or free_port()
            self._child = Child(self._prepare(), ready=self._lets_us_in)
            try:
                self._child.start()
            except ChildEndedError as exc:
                tries -= 1
                if "in use" not in exc.log_tail or tries <= 0:
                    raise
                self._port = None  # somebody else took the free port first
                continue
            return

    def stop(self) -> None:
        """Stop the broker; harmless when it does not run."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """End the broker at once, with what it had acknowledged and not yet written down."""
        if self._child is not None:
            self._child.kill()

    def abandon(self) -> None:
        """Make a start that is under way in another thread give up."""
        if self._child is not None:
            self._child.abandon()

    def failure(self) -> ServiceError | None:
        """Return how the broker ended if it did so by itself, None otherwise."""
        return None if self._child is None else self._child.failure()

    @abstractmethod
    def _prepare(self) -> ChildSpec:
        """Write the configuration for the present port and say how to run the broker."""

    def _lets_us_in(self) -> bool:
        return signs_in(
            host=self.host,
            port=self.port,
            user_name=self._probe.user_name,
            password=self._probe.password,
            tls=self._tls_context,
        )
