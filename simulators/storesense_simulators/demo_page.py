"""Asking the demo's own page whether it lives: signed in as a person would be, over HTTP."""

import http.client
import json
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from storesense_contracts.ids import StoreId
from storesense_simulators.embedded.ports import LOOPBACK

_TIMEOUT_S = 5.0
_MEASURED = ("footfall", "zones", "queues", "lanes", "slots", "environment")


class PageProbe:
    """One signed-in visitor of the page."""

    def __init__(self, port: int, *, user_name: str, password: SecretStr) -> None:
        self._port = port
        self._user_name = user_name
        self._password = password
        self._cookie: str | None = None

    def is_living(self, store_id: StoreId, since_at: datetime) -> bool:
        """Tell whether the store's snapshot shows something measured since ``since_at``; False while nobody answers."""
        try:
            if self._cookie is None:
                self._sign_in()
            snapshot = self._get(f"/api/v1/stores/{store_id}/live")
        except (OSError, http.client.HTTPException, ValueError):
            return False
        if snapshot is None:
            self._cookie = None
            return False
        instants = [item.get("measured_at") for key in _MEASURED for item in snapshot.get(key, [])]
        return any(text is not None and datetime.fromisoformat(text) >= since_at for text in instants)

    def _sign_in(self) -> None:
        body = json.dumps({"user_name": self._user_name, "password": self._password.get_secret_value()})
        origin = f"http://{LOOPBACK}:{self._port}"
        headers = {"Content-Type": "application/json", "Origin": origin}
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", "/api/v1/session", body=body, headers=headers)
            response = connection.getresponse()
            cookie = response.getheader("Set-Cookie")
            if response.status != http.client.OK or cookie is None:
                raise ValueError(f"the sign-in was answered with {response.status}")
            self._cookie = cookie.split(";")[0]
        finally:
            connection.close()

    def _get(self, path: str) -> dict[str, Any] | None:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"Cookie": self._cookie or ""})
            response = connection.getresponse()
            if response.status != http.client.OK:
                return None
            snapshot = json.loads(response.read())
            return snapshot if isinstance(snapshot, dict) else None
        finally:
            connection.close()
