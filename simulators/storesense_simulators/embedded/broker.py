"""The small MQTT 5 broker of the demo: rumqttd from the ``iotcore`` wheel, in a child process on loopback.

What to know about it:

- It has passwords and no access control.
- Sessions and retained messages do not survive its restart (the edge's outbox does).
- It cuts off a client that acknowledges out of the order of receipt.
- It sends a client 100 messages at most before one is acknowledged, and then answers no ping either.
- A client id with ``/``, ``+``, ``#`` or ``$`` is refused, and when that client tries again, rumqttd 0.20 panics and
  serves nobody any more; the child process then ends, for its supervisor to see. ``{store_id}:{device_id}`` is fine.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from storesense_contracts.errors import MissingPartError
from storesense_simulators.embedded.accounts import Account
from storesense_simulators.embedded.broker_process import BrokerProcess
from storesense_simulators.embedded.process import ChildSpec
from storesense_simulators.embedded.rumqttd_config import RumqttdLimits, rumqttd_toml
from storesense_simulators.embedded.service_user import data_place, write_private

# Rumqttd logs each packet as an error, so its log is shut off; panics come past it. Its threads outlive a failed
# listener and a poisoned lock, after which it accepts connections and serves nobody, so the child checks the port
# itself and ends at the first panic: a broker that is gone can be started again, one that only looks alive cannot.
_PROGRAM = """\
import logging, os, sys, threading
from iotcore import IotCoreBroker

log = os.dup(2)
reading, writing = os.pipe()
os.dup2(writing, 2)

def watch():
    for line in os.fdopen(reading, "rb"):
        os.write(log, line)
        if b" panicked at " in line:
            os._exit(70)

threading.Thread(target=watch, daemon=True).start()
logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
broker = IotCoreBroker(config_path=sys.argv[1])
try:
    broker.check_ports()
except OSError as exc:
    os.write(log, f"the port is in use: {exc}\\n".encode())
    os._exit(71)
broker.run_forever()
"""


class EmbeddedBroker(BrokerProcess):
    """An MQTT 5 broker of our own.

    Args:
        data_dir: folder for its configuration, which holds the passwords (0600), and its log.
        accounts: who may sign in.
        port: TCP port on loopback; None or 0 takes a free one, and keeps it for later starts of this object.
        limits: its bounds.

    Raises (``start``):
        PortTakenError: the port that was asked for is taken.
        DataFolderError: the folder cannot be used.
        ChildEndedError, ChildNotReadyError: the broker did not come up; its last log lines are in the error.
        MissingPartError: the wheel with the broker is not installed.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        accounts: Sequence[Account],
        port: int | None = None,
        limits: RumqttdLimits | None = None,
    ) -> None:
        super().__init__("the embedded MQTT broker", data_dir, accounts=accounts, port=port)
        self._limits = limits

    def _prepare(self) -> ChildSpec:
        if find_spec("iotcore") is None:
            raise MissingPartError(part="iotcore", extra="simulators")
        place = data_place(self.data_dir, None)
        config = place / "rumqttd.toml"
        text = rumqttd_toml(host=self.host, port=self.port, passwords=self._passwords, limits=self._limits)
        write_private(config, text)
        return ChildSpec(
            name=self.name,
            env={"RUST_BACKTRACE": "0"},
            argv=(sys.executable, "-P", "-c", _PROGRAM, str(config)),
            log_path=place / "broker.log",
            ready_deadline_s=15.0,
            stop_deadline_s=2.0,
        )
