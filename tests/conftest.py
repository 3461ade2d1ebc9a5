"""Fixtures for tests on both stores: SQLite always, PostgreSQL where one is found.

Each test has a database of its own, copied from a template that is migrated once. The PostgreSQL
server is the one that BAOXUE_TEST_POSTGRESQL_URL names (a role that may create databases and roles),
or else a private one, started from the binaries found and stopped at the end. Where there is
neither, the tests of that store are left out and the header says so;
BAOXUE_TEST_REQUIRE_POSTGRESQL=1 makes that an error.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import URL, Engine, NullPool, create_engine, event, make_url, text

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.store import open_store, owner_engine, upgrade
from models.attachment import Attachment
from models.guardian import Guardian
from models.kinds import install_cipher
from models.responsibility_letter import ResponsibilityLetter
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from seed import makers

SERVER_URL = "BAOXUE_TEST_POSTGRESQL_URL"
REQUIRED = "BAOXUE_TEST_REQUIRE_POSTGRESQL"
BROWSER_REQUIRED = "BAOXUE_TEST_REQUIRE_BROWSER"
OWNER = "baoxue_test_owner"  # neither superuser nor BYPASSRLS: as an application's owner should be

示范县, 城区, 另一乡镇 = "990101000000", "990101400000", "990101100000"
康宁社区, 牧童社区, 晕山社区 = "990101400001", "990101400002", "990101400003"
另一村 = "990101100200"
PLACES = {
    示范县: "示范县", 城区: "城区", 康宁社区: "康宁社区", 牧童社区: "牧童社区", 晕山社区: "晕山社区",
    另一乡镇: "东山乡", 另一村: "东山村",
}


# --- which stores there are -----------------------------------------------------------------------


def postgresql_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    on_path = shutil.which("initdb")
    found = newest[-1] if newest else Path(on_path) if on_path else None
    return found.parent if found and (found.parent / f"pg_ctl{found.suffix}").exists() else None


def postgresql_is_here() -> bool:
    return bool(os.environ.get(SERVER_URL)) or postgresql_binaries() is not None


def browser_is_here() -> bool:
    return shutil.which("chromium") is not None


def pytest_configure() -> None:
    if os.environ.get(REQUIRED) == "1" and not postgresql_is_here():
        raise pytest.UsageError(f"{REQUIRED}=1, but PostgreSQL was not found: install it or set {SERVER_URL}")
    if os.environ.get(BROWSER_REQUIRED) == "1" and not browser_is_here():
        raise pytest.UsageError(f"{BROWSER_REQUIRED}=1, but chromium was not found: install it")


def pytest_report_header() -> list[str]:
    browser = "browser: chromium" if browser_is_here() else "browser: chromium was not found, so the journeys are left out."
    if os.environ.get(SERVER_URL):
        return [f"stores: SQLite, PostgreSQL (the server of {SERVER_URL})", browser]
    if binaries := postgresql_binaries():
        return [f"stores: SQLite, PostgreSQL (a private server from {binaries})", browser]
    return ["stores: SQLite only. PostgreSQL was not found, so the tests on it are left out.", browser]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def left_out(item: pytest.Item) -> bool:
        callspec = getattr(item, "callspec", None)
        wants_postgresql = callspec is not None and callspec.params.get("store_url") == "postgresql"
        return (wants_postgresql and not postgresql_is_here()) or (
            "journeys" in item.path.parts and not browser_is_here())

    leaving = [item for item in items if left_out(item)]
    if leaving:
        config.hook.pytest_deselected(items=leaving)
        items[:] = [item for item in items if item not in leaving]


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


class PostgresqlServer:
    """Databases for tests: one template, and a copy of it for each test."""

    def __init__(self, url: URL) -> None:
        self._names = (f"baoxue_test_{os.getpid()}_{number}" for number in count())
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._admin = self._engine.connect()  # one for all: a new one for each costs half a second
        self._url = self._owner(url)
        self._template = self.create()
        upgrade(self.address(self._template))

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

    def create(self, template: str = "template0") -> str:
        name = next(self._names)
        self._admin.exec_driver_sql(
            f'CREATE DATABASE "{name}" OWNER "{self._url.username}" TEMPLATE "{template}"'
        )
        return name

    def copy(self) -> str:
        return self.create(self._template)

    def drop(self, name: str) -> None:
        self._admin.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        self.drop(self._template)
        self._admin.close()
        self._engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with contextmanager(_server)() as url:
        server = PostgresqlServer(url)
        yield server
        server.close()


def _server() -> Iterator[URL]:
    if given := os.environ.get(SERVER_URL):
        yield make_url(given)
        return
    binaries = postgresql_binaries()
    assert binaries, "a test of PostgreSQL was collected though there is none"
    with private_server(binaries) as url:
        yield url


# --- a database for each test -----------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def cipher(tmp_path_factory: pytest.TempPathFactory) -> FieldKeys:
    """The keys of sealed fields, of this session only."""
    keys = FieldKeys.load_or_make(tmp_path_factory.mktemp("keys") / "keys.json")
    install_cipher(keys.cipher())
    return keys


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty store of one's own. `@pytest.mark.parametrize("store_url", ["sqlite"],
    indirect=True)` is for a test of one store."""
    if request.param == "sqlite":
        path = tmp_path / "baoxue.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        name = server.copy()
        yield server.address(name)
        server.drop(name)


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """What the application works with: the wall stands on it."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(store_url: str) -> Iterator[Engine]:
    """What really lies there. In PostgreSQL the policies are forced on the owner too, so its
    connections say that they want to see everything."""
    engine = owner_engine(store_url)
    if engine.dialect.name == "postgresql":

        @event.listens_for(engine, "connect")
        def see_everything(connection: Any, _record: Any) -> None:
            connection.execute(
                "SELECT set_config('app.office_lo', '', false), set_config('app.office_hi', ':', false),"
                " set_config('app.child_lo', '', false), set_config('app.child_hi', ':', false),"
                " set_config('app.system', 'on', false)"
            )
            connection.commit()

    yield engine
    engine.dispose()


# --- people at work ---------------------------------------------------------------------------------


def actor(name: str, role: Role, region_code: str) -> Actor:
    return Actor(account_id=0, name=name, role=role, region_code=region_code, request_id=f"试-{name}")


@pytest.fixture
def 城区管理员() -> Actor:
    return actor("城区管理员", Role.ADMINISTRATOR, 城区)


@pytest.fixture
def 康宁干部() -> Actor:
    return actor("康宁干部", Role.VILLAGE_OFFICER, 康宁社区)


@pytest.fixture
def 牧童干部() -> Actor:
    return actor("牧童干部", Role.VILLAGE_OFFICER, 牧童社区)


@pytest.fixture
def 督导() -> Actor:
    return actor("督导", Role.INSPECTOR, 示范县)


@pytest.fixture
def 审计() -> Actor:
    return actor("审计", Role.AUDITOR, 示范县)


@pytest.fixture
def 系统管理员() -> Actor:
    return actor("系统管理员", Role.SYSTEM_ADMIN, "0" * 12)


# --- the district -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Child:
    """Where a child and what hangs on it lie. Plain values, good in every session."""

    id: int
    name: str
    region_code: str
    identity_number: str
    household_id: int
    guardian_id: int
    flag_id: int
    letter_id: int
    attachment_id: int


@pytest.fixture
def district(engine: Engine) -> SimpleNamespace:
    """示范县 with 城区 (康宁, 牧童, 晕山) and another township; 李明 lives in 康宁, 王芳 in 牧童, 赵强
    in the other township. All three go to one school."""
    with unscoped(engine, "the district of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 示范县), "建立示范区"):
            for code, name in PLACES.items():
                makers.region(session, code, name)
            school = School(name="示范小学", kind="211", region_code=城区)
            session.add(school)
            session.flush()
            children = {
                name: _child(session, name, surname, village, sex, serial, school.id)
                for serial, (name, surname, village, sex) in enumerate((
                    ("李明", "李", 康宁社区, "1"), ("王芳", "王", 牧童社区, "2"), ("赵强", "赵", 另一村, "1"),
                ))
            }
            school_id = school.id
    return SimpleNamespace(
        school_id=school_id, 示范县=示范县, 城区=城区, 康宁=康宁社区, 牧童=牧童社区, 晕山=晕山社区,
        另一乡镇=另一乡镇, 另一村=另一村, **children,
    )


def _child(session: Any, name: str, surname: str, village: str, sex: str, serial: int,
           school_id: int) -> Child:
    born = date(2016, 3, 1 + serial)
    number = makers.make_identity_number(born, sex, serial=serial)
    home = makers.household(session, village, head_name=f"{surname}建国", phone=f"1993571246{serial}",
                            address=f"{PLACES[village]}1号")
    child = makers.student(session, home, name, sex=sex, birth_date=born, identity_number=number,
                           school_id=school_id, grade="13", note=f"{name}的备注")
    place = {"region_code": village}
    guardian = Guardian(**place, student_id=child.id, name=f"{surname}建国", phone=f"1993571248{serial}")
    flag = SpecialGroupFlag(**place, student_id=child.id, kind="left_behind", state="reported")
    letter = ResponsibilityLetter(
        **place, number=f"{village}-2026-1", level="village_family", school_year=2026,
        household_id=home.id, party_a=PLACES[village], party_b=f"{surname}建国", state="unsigned",
    )
    attachment = Attachment(
        **place, owner_table="student", owner_id=child.id, sha256=f"{serial}" * 64,
        filename=f"{name}.jpg", content_type="image/jpeg", size=1,
    )
    session.add_all([guardian, flag, letter, attachment])
    session.flush()
    return Child(child.id, name, village, number, home.id, guardian.id, flag.id, letter.id,
                 attachment.id)


@pytest.fixture
def what_lies_there(owner: Engine) -> Callable[[str], list[tuple[Any, ...]]]:
    """Runs a query as the owner and gives its rows."""

    def look(query: str) -> list[tuple[Any, ...]]:
        with owner.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    return look
