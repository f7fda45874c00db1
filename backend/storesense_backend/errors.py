"""Errors of the backend: what the API answers with, and what keeps a service from starting."""

from storesense_contracts.database import DatabaseError
from storesense_contracts.errors import StoresenseError


class ApiError(StoresenseError):
    """An answer that is an error: ``{"error": {"code", "message", "field"?}}`` with ``status``.

    Attributes:
        field: the part of the request that is wrong, such as ``layout.queues[0].section``.
        headers: HTTP headers of the answer.
    """

    status = 500

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        if code is not None:
            self.code = code
        self.message = message
        self.field = field
        self.headers = headers or {}
        super().__init__(message)


class NotSignedInError(ApiError):
    """Nobody is signed in, or no longer."""

    status = 401
    code = "not_signed_in"


class ForbiddenError(ApiError):
    """Somebody is signed in who may not do this."""

    status = 403
    code = "forbidden"


class NotFoundError(ApiError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class ConflictError(ApiError):
    """What was asked for does not go with what is the case."""

    status = 409
    code = "conflict"


class InvalidError(ApiError):
    """The request can be read, but a value in it is not valid."""

    status = 422
    code = "invalid"


class TooManyAttemptsError(ApiError):
    """Too many sign-ins failed, or too much was asked in a short time; wait."""

    status = 429
    code = "too_many_attempts"


class UnavailableError(ApiError):
    """Something that is needed for the answer is not there now."""

    status = 503
    code = "unavailable"


class PortTakenError(StoresenseError):
    """A service cannot listen where it was told to."""

    exit_code = 6
    code = "port_taken"

    def __init__(self, *, host: str, port: int, reason: str, setting: str) -> None:
        self.host = host
        self.port = port
        super().__init__(f"cannot listen on {host}:{port}: {reason}; stop what holds it, or choose another {setting}")


class SchemaMissingError(DatabaseError):
    """The database is there, but its schema is not, or is older than this release."""

    code = "schema_missing"

    def __init__(self, *, version: int, pending: tuple[str, ...]) -> None:
        self.version = version
        self.pending = pending
        super().__init__(
            reason=f"its schema is at {version:04d} and lacks {', '.join(pending)}", remedy="run: storesense db migrate"
        )
