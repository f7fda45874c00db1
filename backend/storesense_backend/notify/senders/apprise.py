"""Chat, e-mail, SMS and push services through Apprise, each named by one of its URLs."""

import asyncio
import logging
import threading
import warnings
from typing import Any

from storesense_backend.notify.senders.port import Parcel, SendError, Way
from storesense_contracts.errors import MissingPartError

_TYPES = {"info": "info", "warning": "warning", "critical": "failure"}
_INWARD = frozenset({"file", "dbus", "qt", "glib", "kde", "gnome", "windows", "macosx", "syslog", "null"})
"""Services of Apprise that write to the machine itself instead of telling anybody."""


def load_apprise() -> Any:
    """Import Apprise. Raises MissingPartError."""
    try:
        with warnings.catch_warnings():
            # Some of its services, which it loads at the first use, need what Python is about to drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise  # noqa: PLC0415 -- an extra

            apprise.Apprise.instantiate("json://localhost", suppress_exceptions=True)
    except ImportError as exc:
        raise MissingPartError(part="Apprise", extra="notify") from exc
    # It logs addresses, and with them tokens.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    return apprise


def check_url(url: str) -> str | None:
    """Say what is wrong with an Apprise URL; None if nothing is."""
    scheme = url.partition("://")[0].lower()
    if scheme in _INWARD or scheme.startswith(("json", "xml", "form")):
        return "this service of Apprise is not offered; for HTTP use a channel of kind webhook"
    apprise = load_apprise()
    if apprise.Apprise.instantiate(url, suppress_exceptions=True) is None:
        return "Apprise does not know this service, or the URL lacks a part; see its list of services"
    return None


class AppriseSender:
    """Sends through Apprise, whose services block: each channel has at most one thread, which may hang alone.

    Args:
        timeout_s: how long a message is waited for.
    """

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._busy: dict[int, threading.Thread] = {}

    async def send(self, way: Way, parcel: Parcel) -> None:
        """Send the text. Raises SendError."""
        stuck = self._busy.get(way.channel_id)
        if stuck is not None and stuck.is_alive():
            raise SendError("the message before still hangs in this service")
        try:
            apprise = load_apprise()
        except MissingPartError as exc:
            raise SendError(str(exc)) from exc
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[bool | None] = loop.create_future()
        url = str(way.secrets["url"])

        def tell(value: bool | None) -> None:
            if not outcome.done():
                outcome.set_result(value)

        def work() -> None:
            taken: bool | None = False
            try:
                service = apprise.Apprise()
                if service.add(url):
                    title, body = parcel.text.title, parcel.text.body or parcel.text.title
                    taken = service.notify(title=title, body=body, notify_type=_TYPES[parcel.severity])
            except Exception:  # noqa: BLE001 -- a supervisor of foreign code: whatever it raises, it did not send
                taken = None
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, taken)

        thread = threading.Thread(target=work, name=f"apprise {way.channel_id}", daemon=True)
        self._busy[way.channel_id] = thread
        thread.start()
        try:
            async with asyncio.timeout(self._timeout_s):
                taken = await outcome
        except TimeoutError as exc:
            raise SendError(f"no answer within {self._timeout_s:g} s") from exc
        self._busy.pop(way.channel_id, None)
        if not taken:
            raise SendError("the service did not take it")

    async def close(self) -> None:
        """Nothing is held; a thread that hangs ends with the process."""
