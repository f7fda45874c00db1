"""The subcommands ``storesense backend``, ``storesense alerts`` and ``storesense notify``."""

import argparse
import asyncio
import getpass
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storesense_backend.planogram.commands import add_planogram_commands
from storesense_contracts.errors import UsageError
from storesense_contracts.number_arguments import number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from storesense_backend.database import Connection
    from storesense_backend.notify.vault import Vault

_ROLES = ("viewer", "staff", "manager", "admin")
_ROLE_HELP = (
    "viewer reads; staff also act on alerts; managers also change rules, drawings and planograms; admins also register "
    "stores"
)
_SITE_HELP = "the YAML file that describes the site"


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands of this package to the ``storesense`` command."""
    backend = subparsers.add_parser("backend", help="the HTTP API and pages; users, keys, stores")
    group = backend.add_subparsers(dest="backend_command", metavar="COMMAND", required=True)
    run = group.add_parser(
        "run",
        help="serve the API and the pages until stopped; settings: STORESENSE_BACKEND_..., STORESENSE_DATABASE_...",
        epilog="Example:\n  STORESENSE_DATABASE_URL=postgresql://db.example.org/storesense storesense backend run",
    )
    run.set_defaults(handler=_run_backend)
    register = group.add_parser(
        "register",
        help="write a site file's store, devices and rules into the database",
        epilog="Example:\n  storesense backend register --site site.yaml",
    )
    register.add_argument("--site", type=Path, required=True, metavar="FILE", help=_SITE_HELP)
    register.add_argument("--json", action="store_true", help="print one JSON object")
    register.set_defaults(handler=_register)
    _add_user_commands(group)
    _add_key_commands(group)
    add_planogram_commands(group, _with_connection, _say)
    alerts = subparsers.add_parser("alerts", help="the alert engine")
    alerts_group = alerts.add_subparsers(dest="alerts_command", metavar="COMMAND", required=True)
    alerts_run = alerts_group.add_parser(
        "run",
        help="judge readings and raise alerts until stopped; settings: STORESENSE_ALERTS_..., STORESENSE_DATABASE_...",
        epilog="Example:\n  STORESENSE_DATABASE_URL=postgresql://db.example.org/storesense storesense alerts run",
    )
    alerts_run.set_defaults(handler=_run_alerts)
    replay = alerts_group.add_parser(
        "replay",
        help="try rules on the past: how often they would have fired, for how long, and how rightly",
        description="Judge a store's stored readings by rules from a YAML file ({store, rules}) with the same engine "
        "that judges live, and hold what it would have said against what staff did and what the sensors proved.",
        epilog="Example:\n"
        "  storesense alerts replay --rules rules.yaml --store corner-shop \\\n"
        "    --from 2026-10-01T00:00Z --to 2026-10-15T00:00Z",
    )
    replay.add_argument("--rules", type=Path, required=True, metavar="FILE", help="YAML file with the key rules")
    replay.add_argument("--store", metavar="ID", help="whose past; needed where there are several stores")
    replay.add_argument(
        "--from", dest="from_at", type=_instant, metavar="T", help="beginning, such as 2026-10-01T00:00Z; 30 days ago"
    )
    replay.add_argument("--to", dest="to_at", type=_instant, metavar="T", help="end; now if not given")
    replay.add_argument("--json", action="store_true", help="print one JSON object")
    replay.set_defaults(handler=_replay)
    notify = subparsers.add_parser("notify", help="the delivery worker, which tells people and machines of alerts")
    notify_group = notify.add_subparsers(dest="notify_command", metavar="COMMAND", required=True)
    notify_run = notify_group.add_parser(
        "run",
        help="deliver what is to be told (STORESENSE_NOTIFY_..., STORESENSE_DATABASE_..., STORESENSE_BROKER_...)",
        epilog="Example:\n  STORESENSE_DATABASE_URL=postgresql://db.example.org/storesense storesense notify run",
    )
    notify_run.set_defaults(handler=_run_notify)
    rotate = notify_group.add_parser(
        "rotate-key",
        help="make a new key for channels' secrets and seal them anew (STORESENSE_SECRETS_...)",
        description="Make a new key, seal all channels' secrets with it, and keep the former key for what is being "
        "written at this moment; services take the new one up by themselves. Keys before the former one are dropped.",
        epilog="Example:\n  storesense notify rotate-key",
    )
    rotate.add_argument("--json", action="store_true", help="print one JSON object")
    rotate.set_defaults(handler=_rotate_key)


def _add_user_commands(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    user = group.add_parser("user", help="people who sign in")
    users = user.add_subparsers(dest="user_command", metavar="COMMAND", required=True)
    for name, text, handler in (
        ("add", "add a user; the password is read from standard input", _user_add),
        ("passwd", "change a password and end the user's sessions", _user_passwd),
    ):
        role = " --role manager" if name == "add" else ""
        parser = users.add_parser(
            name, help=text, epilog=f"Example:\n  storesense backend user {name} anna{role} --generate"
        )
        parser.add_argument("user_name", help="who signs in, such as anna")
        parser.add_argument("--generate", action="store_true", help="make a password and print it, once")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        if name == "add":
            parser.add_argument("--role", choices=_ROLES, required=True, help=_ROLE_HELP)
        parser.set_defaults(handler=handler)
    listing = users.add_parser("list", help="list the users", epilog="Example:\n  storesense backend user list")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(handler=_user_list)


def _add_key_commands(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    key = group.add_parser("key", help="keys of machines")
    keys = key.add_subparsers(dest="key_command", metavar="COMMAND", required=True)
    add = keys.add_parser(
        "add",
        help="make a key and print it, once",
        epilog="Example:\n  storesense backend key add till-export --role viewer --days 365",
    )
    add.add_argument("name", help="what uses the key, such as till-export")
    add.add_argument("--role", choices=_ROLES, required=True, help=_ROLE_HELP)
    add.add_argument(
        "--days",
        type=number(0, 36_500, "days", is_above=True),
        metavar="N",
        help="days after which it ends; never if not given",
    )
    revoke = keys.add_parser(
        "revoke", help="end a key at once", epilog="Example:\n  storesense backend key revoke till-export"
    )
    revoke.add_argument("name", help="the key's name")
    listing = keys.add_parser("list", help="list the keys", epilog="Example:\n  storesense backend key list")
    for parser, handler in ((add, _key_add), (revoke, _key_revoke), (listing, _key_list)):
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.set_defaults(handler=handler)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant; write it as 2026-10-01T08:00Z") from exc
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _replay(args: argparse.Namespace) -> int:
    from storesense_backend.alerts.replay_command import run_replay  # noqa: PLC0415 -- heavy

    return run_replay(args, _with_connection, _say)


def _conninfo() -> str:
    from storesense_contracts.database import database_conninfo  # noqa: PLC0415 -- loaded by who needs it
    from storesense_contracts.settings import DatabaseSettings, load_settings  # noqa: PLC0415

    return database_conninfo(load_settings(DatabaseSettings))


def _run_backend(_args: argparse.Namespace) -> int:
    from storesense_backend.service import run_backend  # noqa: PLC0415 -- heavy
    from storesense_backend.settings import BackendSettings  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415

    settings = load_settings(BackendSettings)
    asyncio.run(run_backend(settings, conninfo=_conninfo(), clock=SystemClock(), vault=_vault()))
    return 0


def _run_alerts(_args: argparse.Namespace) -> int:
    from storesense_backend.alerts.service import run_alerts  # noqa: PLC0415 -- heavy
    from storesense_backend.settings import AlertsSettings  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415

    settings = load_settings(AlertsSettings)
    asyncio.run(run_alerts(settings, conninfo=_conninfo(), clock=SystemClock()))
    return 0


def _run_notify(_args: argparse.Namespace) -> int:
    from storesense_backend.notify.service import run_notify  # noqa: PLC0415 -- heavy
    from storesense_backend.settings import NotifySettings  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415
    from storesense_contracts.settings import BrokerSettings, load_settings  # noqa: PLC0415

    settings = load_settings(NotifySettings)
    broker = load_settings(BrokerSettings) if settings.mqtt else None
    asyncio.run(run_notify(settings, conninfo=_conninfo(), broker=broker, clock=SystemClock(), vault=_vault()))
    return 0


def _vault() -> "Vault":
    from storesense_backend.notify.vault import Vault  # noqa: PLC0415 -- loaded by who needs it
    from storesense_backend.settings import SecretsSettings  # noqa: PLC0415
    from storesense_contracts.settings import load_settings  # noqa: PLC0415

    return Vault(load_settings(SecretsSettings).key_file)


def _rotate_key(args: argparse.Namespace) -> int:
    from storesense_backend.notify.sealing import seal_anew  # noqa: PLC0415 -- heavy

    vault = _vault()
    sealed, lost = _with_connection(lambda connection: seal_anew(connection, vault))
    told = {"key_file": str(vault.path), "sealed": sealed, "unreadable": lost}
    text = f"sealed {sealed} channels with a new key in {vault.path}"
    if lost:
        text += f"; {lost} could not be opened with any key and were left: enter their addresses anew"
    return _say(args, text, told)


def _with_connection(work: "Callable[[Connection], Awaitable[Any]]") -> Any:
    from storesense_backend.database import check_schema, connected  # noqa: PLC0415 -- heavy

    async def run() -> Any:
        conninfo = _conninfo()
        await check_schema(conninfo)
        async with connected(conninfo, application_name="storesense command") as connection:
            return await work(connection)

    return asyncio.run(run())


def _say(args: argparse.Namespace, text: str, value: dict[str, Any]) -> int:
    sys.stdout.write(json.dumps(value, default=str) + "\n" if args.json else text + "\n")
    return 0


def _register(args: argparse.Namespace) -> int:
    from storesense_backend.registry import put_store  # noqa: PLC0415 -- heavy
    from storesense_contracts.drawing import views_of  # noqa: PLC0415
    from storesense_contracts.site import load_site  # noqa: PLC0415

    site = load_site(args.site)
    row = _with_connection(
        lambda connection: put_store(
            connection,
            site.store,
            devices=[(device.id, device.kind) for device in site.devices],
            cameras=views_of(site),
            rules=site.rules if "rules" in site.model_fields_set else None,
        )
    )
    told = {
        "store_id": row["store_id"],
        "layout_version": row["layout_version"],
        "devices": len(site.devices),
        "rules": len(site.rules),
    }
    text = "{store_id}: layout version {layout_version}, {devices} devices, {rules} rules".format(**told)
    return _say(args, text, told)


def _new_password(args: argparse.Namespace) -> str:
    from storesense_backend.passwords import check_strength  # noqa: PLC0415 -- heavy
    from storesense_backend.tokens import new_password  # noqa: PLC0415

    if args.generate:
        return new_password()
    if not sys.stdin.isatty():
        try:
            return check_strength(sys.stdin.readline().rstrip("\r\n"))
        except UnicodeDecodeError as exc:
            raise UsageError("the password on standard input is no text in this terminal's encoding") from exc
    password = check_strength(getpass.getpass(f"New password of {args.user_name}: "))
    if getpass.getpass("The same again: ") != password:
        raise UsageError("the two passwords differ; nothing was changed")
    return password


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise UsageError(f"{name[:120]!r} is no name: use 1 to 100 printable characters, without spaces around them")
    return name


def _password_told(args: argparse.Namespace, password: str) -> dict[str, str]:
    return {"password": password} if args.generate else {}


def _user_add(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import add_user  # noqa: PLC0415 -- heavy
    from storesense_backend.passwords import Passwords  # noqa: PLC0415
    from storesense_backend.roles import Role  # noqa: PLC0415

    name = _checked_name(args.user_name)
    password = _new_password(args)

    async def work(connection: "Connection") -> bool:
        password_hash = await Passwords(concurrency=1).hash(password)
        return await add_user(connection, user_name=name, password_hash=password_hash, role=Role(args.role))

    if not _with_connection(work):
        raise UsageError(f"there is a user {name!r} already; change the password with: storesense backend user passwd")
    generated = f", password {password}" if args.generate else ""
    told = {"user_name": name, "role": args.role, **_password_told(args, password)}
    return _say(args, f"added {name} as {args.role}{generated}", told)


def _user_passwd(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import set_password  # noqa: PLC0415 -- heavy
    from storesense_backend.passwords import Passwords  # noqa: PLC0415

    password = _new_password(args)

    async def work(connection: "Connection") -> bool:
        password_hash = await Passwords(concurrency=1).hash(password)
        return await set_password(connection, user_name=args.user_name, password_hash=password_hash)

    if not _with_connection(work):
        raise UsageError(f"there is no user {args.user_name!r}; see: storesense backend user list")
    generated = f": {password}" if args.generate else ""
    told = {"user_name": args.user_name, **_password_told(args, password)}
    return _say(args, f"changed the password of {args.user_name}{generated}", told)


def _user_list(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import list_users  # noqa: PLC0415 -- heavy

    users = _with_connection(list_users)
    lines = [
        f"{user['user_name']}\t{user['role']}{'' if user['disabled_at'] is None else chr(9) + 'disabled'}"
        for user in users
    ]
    return _say(args, "\n".join(lines) or "there are no users", {"users": users})


def _key_add(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import add_key  # noqa: PLC0415 -- heavy
    from storesense_backend.roles import Role  # noqa: PLC0415
    from storesense_backend.tokens import new_api_key  # noqa: PLC0415
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415

    name, key = _checked_name(args.name), new_api_key()
    expires_at = None if args.days is None else SystemClock().now() + timedelta(days=args.days)
    is_added = _with_connection(
        lambda connection: add_key(connection, name=name, key=key, role=Role(args.role), expires_at=expires_at)
    )
    if not is_added:
        raise UsageError(f"there is, or was, a key {name!r} already; choose another name")
    return _say(args, key, {"name": name, "role": args.role, "key": key, "expires_at": expires_at})


def _key_list(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import list_keys  # noqa: PLC0415 -- heavy

    keys = _with_connection(list_keys)
    lines = [f"{key['name']}\t{key['role']}{'' if key['revoked_at'] is None else chr(9) + 'revoked'}" for key in keys]
    return _say(args, "\n".join(lines) or "there are no keys", {"keys": keys})


def _key_revoke(args: argparse.Namespace) -> int:
    from storesense_backend.accounts import revoke_key  # noqa: PLC0415 -- heavy
    from storesense_contracts.clock import SystemClock  # noqa: PLC0415

    now = SystemClock().now()
    if not _with_connection(lambda connection: revoke_key(connection, name=args.name, now=now)):
        raise UsageError(f"there is no key {args.name!r}; see: storesense backend key list")
    return _say(args, f"revoked {args.name}", {"name": args.name, "revoked_at": now})
