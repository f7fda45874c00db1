"""The small MQTT 5 broker of the demo: rumqttd from the ``iotcore`` wheel, in a child process on loopback.

What to know about it: it has passwords and no access control; sessions and retained messages do not survive
its restart (the edge's outbox does); and it cuts off a client that acknowledges out of the order of
receipt.
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

# rumqttd's own threads outlive a failed listener, so the port is checked in the child as well.
_PROGRAM = """\
import sys
from iotcore import IotCoreBroker
broker = IotCoreBroker(config_path=sys.argv[1])
broker.check_ports()
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
            argv=(sys.executable, "-I", "-c", _PROGRAM, str(config)),
            log_path=place / "broker.log",
            ready_deadline_s=15.0,
            stop_deadline_s=2.0,
        )
