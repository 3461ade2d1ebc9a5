"""The stores of the tests: where they come from, and how one with something in it is made once and copied for each test.

PostgreSQL is the server that BAOXUE_TEST_POSTGRESQL_URL names (a role that may create databases and roles), or else a
private one, started from the binaries found and stopped at the end.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import URL, NullPool, create_engine, make_url, text

from admin_app.access.field_keys import FieldKeys
from admin_app.store import upgrade

SERVER_URL = "BAOXUE_TEST_POSTGRESQL_URL"
OWNER = "baoxue_test_owner"  # neither superuser nor BYPASSRLS: as an application's owner should be


def postgresql_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    on_path = shutil.which("initdb")
    found = newest[-1] if newest else Path(on_path) if on_path else None
    return found.parent if found and (found.parent / f"pg_ctl{found.suffix}").exists() else None


# --- the PostgreSQL server --------------------------------------------------------------------------


def _as_server_account(*command: str | Path) -> list[str]:
    """The command as an account that may run the server: PostgreSQL refuses to run as root."""
    words = [str(word) for word in command]
    if sys.platform == "win32" or os.geteuid() != 0:
        return words
    runuser = shutil.which("runuser") or "/usr/sbin/runuser"
    return [runuser, "-u", _server_account(), "--", *words]


def _server_account() -> str:
    import pwd

    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _run(command: list[str]) -> None:
    # To a file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                              cwd=tempfile.gettempdir(), check=False)
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)}\n{said.read().decode(errors='replace')}")


def _roomy_memory() -> str | None:
    """A folder in memory, if it is big enough: a database for each test is much writing of files."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return str(memory) if roomy else None


@contextmanager
def private_server(binaries: Path) -> Iterator[URL]:
    """A PostgreSQL server on a free loopback port, gone with all its data at the end."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-postgresql-", dir=_roomy_memory()))
    password_file, data = folder / "password", folder / "data"
    password_file.write_text(secrets.token_urlsafe(16))
    if sys.platform != "win32" and os.geteuid() == 0:
        shutil.chown(folder, _server_account())
        shutil.chown(password_file, _server_account())
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "
        "-c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c shared_buffers=32MB "
        "-c min_wal_size=32MB -c max_wal_size=128MB"
    )
    stop = _as_server_account(binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    watcher = subprocess.Popen([sys.executable, "-c", _WATCHER, str(folder), *stop], stdin=subprocess.PIPE,
                               cwd=tempfile.gettempdir(), start_new_session=True)
    try:
        _run(_as_server_account(
            binaries / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "-A",
            "scram-sha-256", f"--pwfile={password_file}", "--no-sync",
        ))
        _run(_as_server_account(
            binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", settings, "-w", "start"
        ))
        yield URL.create("postgresql+psycopg", "postgres", password_file.read_text(), "127.0.0.1", port,
                         "postgres")
    finally:
        watcher.communicate()


# Stops the server and clears its folder when the tests are over, also when they were killed: the end
# of their process closes the pipe.
_WATCHER = """
import shutil, subprocess, sys
sys.stdin.read()
subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class SqliteFiles:
    """Databases as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    def address(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}"

    def create(self, template: str | None = None) -> str:
        name = f"{next(self._numbers)}.sqlite"
        if template:
            shutil.copyfile(self._folder / template, self._folder / name)
        return name

    def drop(self, name: str) -> None:
        for beside in ("", "-wal", "-shm"):
            (self._folder / f"{name}{beside}").unlink(missing_ok=True)


class PostgresqlServer:
    """Databases of one server, owned by a role that sees no further than an application's owner should."""

    def __init__(self, url: URL) -> None:
        self._names = (f"baoxue_test_{os.getpid()}_{number}" for number in count())
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._admin = self._engine.connect()  # one for all: a new one for each costs half a second
        self._url = self._owner(url)

    def _owner(self, url: URL) -> URL:
        """The role that owns the tables. A superuser would look over every wall."""
        if not self._admin.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            return url
        password = secrets.token_urlsafe(16)
        known = self._admin.scalar(text(f"SELECT 1 FROM pg_roles WHERE rolname = '{OWNER}'"))
        self._admin.exec_driver_sql(
            f"{'ALTER' if known else 'CREATE'} ROLE {OWNER} LOGIN CREATEROLE CREATEDB "
            f"NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'"
        )
        return url.set(username=OWNER, password=password)

    def address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        name = next(self._names)
        self._admin.exec_driver_sql(
            f'CREATE DATABASE "{name}" OWNER "{self._url.username}" TEMPLATE "{template or "template0"}"'
        )
        return name

    def drop(self, name: str) -> None:
        self._admin.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        self._admin.close()
        self._engine.dispose()


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """The server that is named, or one of one's own."""
    if given := os.environ.get(SERVER_URL):
        url = nullcontext(make_url(given))
    else:
        binaries = postgresql_binaries()
        assert binaries, "a test of PostgreSQL was collected though there is none"
        url = private_server(binaries)
    with url as address:
        server = PostgresqlServer(address)
        yield server
        server.close()


Stage = Callable[[str, FieldKeys], Any]  # fills the store at an address, and tells what stands in it now


class Stocked:
    """Stores in which something stands already: each kind is made once in a run, stage upon stage, and copied for
    whoever asks for it. Most tests begin in the same district: to found it anew for each took half of their time."""

    def __init__(self, stores: SqliteFiles | PostgresqlServer, keys: FieldKeys) -> None:
        self.stores, self._keys = stores, keys
        self._made: dict[tuple[Stage, ...], tuple[str, dict[Stage, Any]]] = {}

    def template(self, stages: tuple[Stage, ...]) -> tuple[str, dict[Stage, Any]]:
        """The store that is copied, and what each stage told."""
        if stages not in self._made:
            if not stages:
                name, told = self.stores.create(), {}
                upgrade(self.stores.address(name))
            else:
                below, told = self.template(stages[:-1])
                name = self.stores.create(below)
                told = {**told, stages[-1]: stages[-1](self.stores.address(name), self._keys)}
            self._made[stages] = name, told
        return self._made[stages]

    def drop_all(self) -> None:
        for name, _ in self._made.values():
            self.stores.drop(name)
