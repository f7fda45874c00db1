"""The database's address and the errors of not getting there, the same for every service and command."""

from storesense_contracts.errors import StoresenseError
from storesense_contracts.settings import DatabaseSettings, SettingsError


class DatabaseError(StoresenseError):
    """The database cannot be reached, or will not do what it was asked.

    Attributes:
        reason: what the database, or the attempt to reach it, said.
        remedy: what to do about it.
    """

    exit_code = 5
    code = "database"

    def __init__(self, *, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"database: {reason}; {remedy}")


_WRITE_IT = "write postgresql://user:password@host:port/database"
_REMEDIES = (
    ("password authentication failed", "check the user and password in STORESENSE_DATABASE_URL"),
    ("no password supplied", "give STORESENSE_DATABASE_URL a password, or name STORESENSE_DATABASE_PASSWORD_FILE"),
    ("does not exist", "create it (CREATE DATABASE ...), or correct STORESENSE_DATABASE_URL"),
    ("could not translate host name", "correct the host in STORESENSE_DATABASE_URL"),
    ("failed to resolve host", "correct host and port in STORESENSE_DATABASE_URL"),
    ("too many clients", "raise max_connections, or stop what holds the connections"),
    ("starting up", "wait until it has started"),
    ('missing "="', _WRITE_IT),
    ("invalid connection option", _WRITE_IT),
)
_START_IT = "start it, or correct host and port in STORESENSE_DATABASE_URL"


def unreachable(exc: Exception) -> DatabaseError:
    """Translate a driver's failure to connect into an error that names the remedy."""
    reason = " ".join(str(exc).split()) or type(exc).__name__
    remedy = next((remedy for mark, remedy in _REMEDIES if mark in reason), _START_IT)
    return DatabaseError(reason=f"cannot connect: {reason}", remedy=remedy)


def database_conninfo(settings: DatabaseSettings) -> str:
    """Return the libpq connection string, with the password from its file if one is named.

    Raises:
        SettingsError: the password file cannot be read, or the address is none.
    """
    import psycopg  # noqa: PLC0415 -- only services with the database extra have the driver
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    url = settings.url.get_secret_value()
    try:
        if settings.password_file is None:
            return make_conninfo(url)
        return make_conninfo(url, password=settings.password_file.read_text(encoding="utf-8").strip())
    except OSError as exc:
        raise SettingsError(problems=[f"STORESENSE_DATABASE_PASSWORD_FILE: {exc}"]) from exc
    except psycopg.ProgrammingError as exc:
        raise SettingsError(problems=[f"STORESENSE_DATABASE_URL: it is no address of a database; {_WRITE_IT}"]) from exc
