"""A Mosquitto that is installed on this machine, run as a child with a configuration of our own on loopback."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from storesense_simulators.embedded.accounts import Account
from storesense_simulators.embedded.broker_process import BrokerProcess
from storesense_simulators.embedded.errors import MissingProgramError
from storesense_simulators.embedded.mosquitto_config import (
    MosquittoFiles,
    MosquittoLimits,
    MosquittoTls,
    acl_text,
    conf_text,
    password_file_text,
)
from storesense_simulators.embedded.process import ChildSpec
from storesense_simulators.embedded.service_user import (
    SYSTEM_DIRS,
    data_place,
    give_folder,
    service_user,
    write_private,
)

_OLDEST = (2, 0)
_SYSTEM_BIN = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/sbin")
_REMEDY = "install it (on Debian and Ubuntu: apt-get install mosquitto), or use the embedded broker"


def find_mosquitto() -> Path:
    """Find an installed Mosquitto of version 2 or later, also where only root's path looks.

    Raises:
        MissingProgramError: there is none, or it is older.
    """
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_SYSTEM_BIN))
    if found is None:
        raise MissingProgramError(program="mosquitto", reason="is not installed", remedy=_REMEDY)
    answer = subprocess.run([found, "-h"], capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603
    version = re.search(r"mosquitto version (\d+)\.(\d+)", answer)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise MissingProgramError(program=found, reason="is older than version 2.0", remedy=_REMEDY)
    return Path(found)


class MosquittoBroker(BrokerProcess):
    """Mosquitto with per-device accounts and access control, as a shop runs it, for this machine alone.

    When we are root it runs from its first instruction as the user ``mosquitto`` (or ``nobody``), to whom
    its files belong; otherwise as ourselves.

    Args:
        data_dir: folder for its configuration, state and log.
        accounts: who may sign in, and as what.
        port: TCP port on loopback; None or 0 takes a free one, and keeps it for later starts of this object.
        tls: certificate and key that it can read; None for plain connections.
        tls_context: how our own probe checks that certificate; needed with ``tls``.
        limits: its bounds.
        system_dirs: where root may put data that the broker's user could not reach otherwise.

    Raises (``start``):
        MissingProgramError: no Mosquitto 2 is installed.
        PortTakenError: the port that was asked for is taken.
        DataFolderError: the folder cannot be used.
        ChildEndedError, ChildNotReadyError: the broker did not come up; its last log lines are in the error.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        accounts: Sequence[Account],
        port: int | None = None,
        tls: MosquittoTls | None = None,
        tls_context: ssl.SSLContext | None = None,
        limits: MosquittoLimits | None = None,
        system_dirs: Sequence[Path] = SYSTEM_DIRS,
    ) -> None:
        super().__init__("Mosquitto", data_dir, accounts=accounts, port=port, tls_context=tls_context)
        self._tls = tls
        self._limits = limits
        self._system_dirs = system_dirs

    def _prepare(self) -> ChildSpec:
        program = find_mosquitto()
        account = service_user(("mosquitto",))
        place = data_place(self.data_dir, account, self._system_dirs)
        own = give_folder(place / "mosquitto", account)
        files = MosquittoFiles(passwords=own / "passwords", acl=own / "acl", data_dir=own)
        write_private(own / "passwords", password_file_text(self._accounts), account)
        write_private(own / "acl", acl_text(self._accounts), account)
        conf = conf_text(files, host=self.host, port=self.port, tls=self._tls, limits=self._limits)
        write_private(own / "mosquitto.conf", conf, account)
        return ChildSpec(
            name=self.name,
            argv=(str(program), "-c", str(own / "mosquitto.conf")),
            log_path=place / "mosquitto.log",
            cwd=own,
            user=account,
            ready_deadline_s=15.0,
        )
