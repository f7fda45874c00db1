"""The embedded PostgreSQL: keeps its data and its secrets, starts after a crash, and says what stands in its way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from storesense_simulators.embedded.errors import DataFolderError, PortTakenError
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.postgres_files import install_dir
from storesense_simulators.embedded.service_user import can_pass, service_user

Make = Callable[..., EmbeddedPostgres]


@pytest.fixture(scope="session")
def made_once(session_service_dir: Path) -> Path:
    """A stopped server's data folder, to be copied: initdb takes a second."""
    postgres = EmbeddedPostgres(session_service_dir / "made-once")
    with postgres:
        return postgres.place


@pytest.fixture
def data_dir(made_once: Path, service_dir: Path) -> Path:
    """A data folder of this test's own, with a database."""
    copy = service_dir / "data"
    subprocess.run(["cp", "-a", made_once, copy], check=True)
    return copy


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(data_dir) as running:
        yield running


@pytest.fixture(scope="module")
def running(made_once: Path, session_service_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server for all tests that only ask it something."""
    copy = session_service_dir / "running"
    subprocess.run(["cp", "-a", made_once, copy], check=True)
    with EmbeddedPostgres(copy) as server:
        yield server


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=30) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def secret(postgres: EmbeddedPostgres) -> str:
    return postgres.url().get_secret_value()


def test_data_port_and_passwords_outlive_a_restart(postgres: EmbeddedPostgres) -> None:
    url, pid = secret(postgres), postgres.child and postgres.child.pid
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")
    postgres.start()
    assert secret(postgres) == url
    assert postgres.child is not None
    assert postgres.child.pid != pid
    assert ask(url, "SELECT answer FROM kept") == 42


def test_what_was_committed_survives_a_power_cut(postgres: EmbeddedPostgres) -> None:
    url = secret(postgres)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        for number in range(50):
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        postgres.kill()
    postgres.start()
    assert ask(url, "SELECT count(*) FROM kept") == 50


def test_it_promises_to_keep_what_it_commits(running: EmbeddedPostgres) -> None:
    for setting, expected in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "timezone": "UTC",
        "server_encoding": "UTF8",
        "listen_addresses": "127.0.0.1",
        "max_connections": "50",
        "shared_buffers": "128MB",
        "password_encryption": "scram-sha-256",
    }.items():
        assert ask(secret(running), f"SHOW {setting}") == expected, setting


def test_settings_of_the_caller_go_on_top_but_not_on_the_address(data_dir: Path) -> None:
    settings = {"work_mem": "3MB", "listen_addresses": "*"}
    with EmbeddedPostgres(data_dir, settings=settings) as postgres:
        assert ask(secret(postgres), "SHOW work_mem") == "3MB"
        assert ask(secret(postgres), "SHOW listen_addresses") == "127.0.0.1"


def test_it_listens_on_loopback_alone_and_not_as_root(running: EmbeddedPostgres) -> None:
    assert running.child is not None
    process = psutil.Process(running.child.pid)
    assert {c.laddr.ip for c in process.net_connections("inet")} == {"127.0.0.1"}
    assert process.uids().effective != 0


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda url: url.replace("storesense:", "storesense:x"), "a wrong password"),
        (lambda url: url.replace("storesense:", "postgres:"), "the superuser has another password"),
        (lambda url: url.replace("storesense:", "nobody:"), "a role that does not exist"),
    ],
)
def test_strangers_are_refused_over_tcp(running: EmbeddedPostgres, edit: Callable[[str], str], why: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        ask(edit(secret(running)), "SELECT 1")


def test_the_socket_asks_for_the_password_too_and_stands_in_a_private_folder(running: EmbeddedPostgres) -> None:
    conninfo = f"host={running.socket_dir} port={running.port} user=storesense dbname=storesense"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(conninfo)
    password = secret(running).partition("storesense:")[2].partition("@")[0]
    assert ask(f"{conninfo} password={password}", "SELECT 1") == 1
    assert running.socket_dir.stat().st_mode & 0o777 == 0o700


def test_the_plain_role_owns_its_database_and_no_more(running: EmbeddedPostgres) -> None:
    assert ask(secret(running), "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(secret(running), "SELECT pg_read_file('/etc/passwd')")
    assert ask(running.admin_url().get_secret_value(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")


def test_no_secret_is_shown_or_readable(running: EmbeddedPostgres) -> None:
    password = secret(running).partition("storesense:")[2].partition("@")[0]
    assert len(password) >= 40
    assert password not in repr(running) + str(running.url()) + repr(running.url())
    files = [path for path in running.place.iterdir() if path.is_file()]
    assert any(password.encode() in path.read_bytes() for path in files)
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []
    assert (running.place / "pgdata").stat().st_mode & 0o777 == 0o700
    assert running.child is not None
    assert password not in " ".join(psutil.Process(running.child.pid).cmdline())
    for process in psutil.Process(running.child.pid).children():
        with suppress(psutil.NoSuchProcess):  # a server's workers end when they like
            assert password not in " ".join(process.cmdline())


def test_variables_of_another_server_do_not_reach_it(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with EmbeddedPostgres(data_dir) as postgres:
        assert ask(postgres.admin_url().get_secret_value(), "SHOW data_directory") == str(postgres.place / "pgdata")


def test_two_may_not_use_one_folder(running: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(running.data_dir)
    with pytest.raises(DataFolderError, match="another Storesense is using it; stop that one first"):
        second.start()
    assert ask(secret(running), "SELECT 1") == 1


@pytest.mark.parametrize(
    ("first_line", "why"),
    [
        ("999999999", "a process that is long gone"),
        pytest.param(str(os.getpid()), "after a reboot a stranger has the number", id="a stranger has the number"),
        ("", "a file cut short by the power cut"),
    ],
)
def test_a_stale_mark_of_a_dead_server_is_no_hindrance(data_dir: Path, first_line: str, why: str) -> None:
    mark = data_dir / "pgdata/postmaster.pid"
    mark.write_text(f"{first_line}\n{data_dir / 'pgdata'}\n1700000000\n5432\n\nlocalhost\n1 1\nready\n")
    with EmbeddedPostgres(data_dir) as postgres:
        assert ask(secret(postgres), "SELECT 1") == 1, why


def test_a_foreign_server_on_the_folder_is_left_alone(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody started the cluster by hand: its lock is free, but two servers would ruin it."""
    monkeypatch.setattr("storesense_simulators.embedded.postgres_files._OLD_SERVER_DEADLINE_S", 0.0)
    pgdata = data_dir / "pgdata"
    sleeper = subprocess.Popen(["sleep", "60"], cwd=pgdata)
    try:
        (pgdata / "postmaster.pid").write_text(f"{sleeper.pid}\n{pgdata}\n")
        with pytest.raises(DataFolderError, match=rf"process {sleeper.pid}.* runs on it; stop that server"):
            EmbeddedPostgres(data_dir).start()
        assert (pgdata / "postmaster.pid").exists()
    finally:
        sleeper.kill()
        sleeper.wait()


def test_another_major_version_is_refused_with_the_remedy(data_dir: Path) -> None:
    (data_dir / "pgdata/PG_VERSION").write_text("15\n")
    with pytest.raises(DataFolderError, match=r"made by PostgreSQL 15, and the installed one is \d+; .*dump"):
        EmbeddedPostgres(data_dir).start()


def test_lost_passwords_are_said(data_dir: Path) -> None:
    (data_dir / "passwords.json").unlink()
    with pytest.raises(DataFolderError, match=r"passwords\.json is missing; put it back"):
        EmbeddedPostgres(data_dir).start()


def test_wrong_passwords_are_said_at_once(data_dir: Path) -> None:
    (data_dir / "passwords.json").write_text('{"postgres": "x", "user": "y"}')
    with pytest.raises(DataFolderError, match=r"passwords\.json does not fit"):
        EmbeddedPostgres(data_dir).start()


def test_a_folder_with_other_things_is_not_taken(service_dir: Path) -> None:
    (service_dir / "thesis.txt").write_text("years of work")
    with pytest.raises(DataFolderError, match="files that are not Storesense's; name a new or an empty folder"):
        EmbeddedPostgres(service_dir).start()
    assert [path.name for path in service_dir.iterdir()] == ["thesis.txt"]


def test_a_start_cut_short_is_begun_anew(data_dir: Path) -> None:
    """The power went while the cluster was being made: nothing of it is taken for whole."""
    shutil.rmtree(data_dir / "pgdata")
    half_made = data_dir / "init/pgdata"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data_dir) as postgres:
        assert ask(secret(postgres), "SELECT 1") == 1
    assert not (data_dir / "init").exists()


def test_a_taken_port_is_named(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} on 127\.0\.0\.1, wanted for PostgreSQL, is taken by"):
            EmbeddedPostgres(data_dir, port=port).start()
    with EmbeddedPostgres(data_dir, port=port) as postgres:
        assert postgres.port == port


def test_a_long_path_gets_its_socket_elsewhere(service_dir: Path, made_once: Path) -> None:
    deep = service_dir / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir()
    subprocess.run(["cp", "-a", made_once, deep], check=True)
    with EmbeddedPostgres(deep) as postgres:
        elsewhere = postgres.socket_dir
        assert elsewhere.stat().st_mode & 0o777 == 0o700
        assert list(elsewhere.iterdir())
    assert not elsewhere.exists()


def test_clients_do_not_hold_up_a_stop(postgres: EmbeddedPostgres) -> None:
    busy = psycopg.connect(secret(postgres), autocommit=True)
    idle = psycopg.connect(secret(postgres))
    with closing(busy), closing(idle), ThreadPoolExecutor(1) as pool:
        idle.execute("CREATE TABLE half_done (a int)")
        sleeping = pool.submit(busy.execute, "SELECT pg_sleep(60)")
        while ask(secret(postgres), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'") != 1:
            pass
        started = time.monotonic()
        postgres.stop()
        assert time.monotonic() - started < 40, "it did not wait for its clients"
        assert isinstance(sleeping.exception(), psycopg.OperationalError)


async def test_it_lives_in_asynchronous_code_too(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as postgres:
        url = secret(postgres)
        connection = await psycopg.AsyncConnection.connect(url)
        await connection.close()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")


def test_it_dies_with_its_parent_and_starts_again_at_once(data_dir: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from storesense_simulators.embedded.postgres import EmbeddedPostgres\n"
        "postgres = EmbeddedPostgres(Path(sys.argv[1])); postgres.start()\n"
        "print(postgres.child.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, data_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        everything = [server, *server.children(recursive=True)]
        assert len(everything) > 3
        parent.send_signal(signal.SIGKILL)
    with EmbeddedPostgres(data_dir) as postgres:  # without waiting for the old one to be gone
        assert ask(secret(postgres), "SELECT 1") == 1
    assert psutil.wait_procs(everything, timeout=30)[1] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to choose another user and place")
def test_below_a_private_folder_root_keeps_the_data_elsewhere_and_says_so(
    service_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in root's home: neither the data nor the programs can be reached by the server's user there."""
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    package = install_dir().parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name)
    install = private / package.name / "pginstall"
    monkeypatch.setattr("storesense_simulators.embedded.postgres.install_dir", lambda: install)
    system = service_dir / "system"
    for _ in range(2):
        with EmbeddedPostgres(private / "data", system_dirs=[system]) as postgres:
            account = service_user(("postgres",))
            assert account is not None
            assert can_pass(postgres.place, account)
            assert postgres.place.parent == system
            assert ask(secret(postgres), "SELECT 1") == 1
            assert postgres.child is not None
            assert Path(psutil.Process(postgres.child.pid).exe()).is_relative_to(system / "programs")
    assert private.stat().st_mode & 0o777 == 0o700
    assert not (private / "data").exists()
    assert f"its data is kept in {postgres.place} instead" in caplog.text


@pytest.mark.parametrize("run", ["first", "second"])
def test_each_test_has_a_database_of_its_own_with_the_schema(database_url: str, run: str) -> None:
    assert ask(database_url, "SELECT to_regclass('schema_migrations') IS NOT NULL"), run
    assert ask(database_url, "SELECT to_regclass('mine') IS NULL"), run
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE mine (a int)")


def test_an_empty_database_is_empty(empty_database_url: str) -> None:
    assert ask(empty_database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
