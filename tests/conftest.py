"""Fixtures for tests on both stores: SQLite always, PostgreSQL where one is found.

Each test has a database of its own, copied from one in which stands already what its fixtures name
(`STAGES`). Where there is no PostgreSQL, the tests of that store are left out and the header says so;
BAOXUE_TEST_REQUIRE_POSTGRESQL=1 makes that an error.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.cli import prepare
from admin_app.services import accounts, passwords
from admin_app.services.attachments import FileStore
from admin_app.store import open_store, owner_engine
from admin_app.web.context import Plant
from models.attachment import Attachment
from models.guardian import Guardian
from models.kinds import install_cipher
from models.responsibility_letter import ResponsibilityLetter
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from seed import makers
from tests.desk import PASSWORD, PEOPLE, deployment
from tests.stores import SERVER_URL, PostgresqlServer, SqliteFiles, Stage, Stocked, postgresql_binaries, postgresql_server

REQUIRED = "BAOXUE_TEST_REQUIRE_POSTGRESQL"
BROWSER_REQUIRED = "BAOXUE_TEST_REQUIRE_BROWSER"

示范县, 城区, 另一乡镇 = "990101000000", "990101400000", "990101100000"
康宁社区, 牧童社区, 晕山社区 = "990101400001", "990101400002", "990101400003"
另一村 = "990101100200"
PLACES = {
    示范县: "示范县", 城区: "城区", 康宁社区: "康宁社区", 牧童社区: "牧童社区", 晕山社区: "晕山社区",
    另一乡镇: "东山乡", 另一村: "东山村",
}


# --- which stores there are -----------------------------------------------------------------------


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

    # What takes longest first, or one of two workers does it at the end while the other has nothing left.
    items.sort(key=lambda item: "journeys" not in item.path.parts)
    leaving = [item for item in items if left_out(item)]
    if leaving:
        config.hook.pytest_deselected(items=leaving)
        items[:] = [item for item in items if item not in leaving]


# --- what is done once for all tests --------------------------------------------------------------


passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # a sign-in in each test: not the tested work
# A store for each test is an engine for each test, and each would compile all statements anew: a fifth of the time.
_COMPILED = {name: LRUCache(2000) for name in ("sqlite", "postgresql")}
for _dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
    _dialect.__eq__ = lambda self, other: type(self) is type(other)
    _dialect.__hash__ = lambda self: hash(type(self))


@event.listens_for(Engine, "engine_connect")
def share_what_was_compiled(connection: Connection) -> None:
    connection.engine._compiled_cache = _COMPILED[connection.dialect.name]


# --- a database for each test -----------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def cipher(tmp_path_factory: pytest.TempPathFactory) -> FieldKeys:
    """The keys of sealed fields, of this session only."""
    keys = FieldKeys.load_or_make(tmp_path_factory.mktemp("keys") / "keys.json")
    install_cipher(keys.cipher())
    return keys


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def stocked_sqlite(tmp_path_factory: pytest.TempPathFactory, cipher: FieldKeys) -> Stocked:
    return Stocked(SqliteFiles(tmp_path_factory.mktemp("stores")), cipher)


@pytest.fixture(scope="session")
def stocked_postgresql(postgresql: PostgresqlServer, cipher: FieldKeys) -> Iterator[Stocked]:
    stocked = Stocked(postgresql, cipher)
    yield stocked
    stocked.drop_all()


def _stocked(request: pytest.FixtureRequest, backend: str) -> tuple[str, dict[Stage, Any], SqliteFiles | PostgresqlServer]:
    """The store that is copied for this test, and what stands in it: of STAGES what the test's fixtures name."""
    stocked: Stocked = request.getfixturevalue(f"stocked_{backend}")
    asked = tuple(stage for name, stage in STAGES.items() if name in request.fixturenames)
    return *stocked.template(asked), stocked.stores


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated store of one's own. `@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)` is for a test
    of one store."""
    template, _, stores = _stocked(request, request.param)
    name = stores.create(template)
    yield stores.address(name)
    stores.drop(name)


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
def district(request: pytest.FixtureRequest, store_url: str) -> SimpleNamespace:
    """Where the records of `found_district` lie in the store of this test."""
    _, told, _ = _stocked(request, make_url(store_url).get_backend_name())
    return copy(told[found_district])


def set_up(url: str, keys: FieldKeys) -> None:
    """What `flask db upgrade` leaves."""
    plant = Plant(deployment(url, Path()), open_store(url), keys, FileStore(Path()))
    prepare(plant)
    plant.close()


def found_district(url: str, _keys: FieldKeys) -> SimpleNamespace:
    """示范县 with 城区 (康宁, 牧童, 晕山) and another township; 李明 lives in 康宁, 王芳 in 牧童, 赵强
    in the other township. All three go to one school."""
    engine = open_store(url)
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
    engine.dispose()
    return SimpleNamespace(
        school_id=school_id, 示范县=示范县, 城区=城区, 康宁=康宁社区, 牧童=牧童社区, 晕山=晕山社区,
        另一乡镇=另一乡镇, 另一村=另一村, **children,
    )


def hire_people(url: str, _keys: FieldKeys) -> None:
    """An account for each of PEOPLE."""
    engine, machine = open_store(url), Actor(0, "测试", Role.SYSTEM_ADMIN, "0" * 12)
    with unscoped(engine, "the people of the tests", writing=True) as session, recording(session, machine, "load"):
        for username, (role, region) in PEOPLE.items():
            accounts.make_account(
                session, machine, username=username, display_name=username, role=role.value,
                region=accounts.region_named(session, region), password=PASSWORD, must_change=False)
    engine.dispose()


# Fixture → what stands in the store of a test that asks for it, one upon the other.
STAGES: dict[str, Stage] = {"application": set_up, "district": found_district, "district_application": hire_people}


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
