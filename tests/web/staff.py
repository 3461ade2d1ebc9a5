"""One person for each role, and a row of every ledger in three villages: for the tests of the doors.

All of them but the officer work for 城区; 康宁 lies inside everybody's area, 东山村 outside
everybody's, 牧童 outside the officer's alone. Whatever a row of a village says carries that village's
code, so that a leak is seen in the bytes of an answer.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Self

import pytest
from flask import Flask
from sqlalchemy import Boolean, Date, Engine, Integer, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services.sign_in import begin_session
from models.account import Account, Grant
from models.attachment import Attachment
from models.base import Base, BigKey, Wall, table_of
from models.change import ChangeRow
from models.code_item import CodeItem
from models.household import Household
from models.batch_run import BatchRun
from models.import_run import ImportRow, ImportRun
from models.kinds import SealedText
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.saved_view import SavedView
from models.student import Student
from models.task import Task
from seed import makers
from tests.desk import Desk, Page

城区, 康宁, 牧童, 东山村 = "990101400000", "990101400001", "990101400002", "990101100200"
STAFF = {
    Role.ADMINISTRATOR: ("周主任", 城区), Role.VILLAGE_OFFICER: ("康干部", 康宁),
    Role.INSPECTOR: ("督导员", 城区), Role.AUDITOR: ("审计员老郑", 城区), Role.SYSTEM_ADMIN: ("机房小吴", 城区),
}
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10
MACHINERY = {"login_session", "sign_in_attempt", "change_seal"}


@dataclass(frozen=True)
class Village:
    """The row of every ledger in one village, by table; and what nobody else may read of it."""

    code: str
    rows: dict[str, int]
    change: int
    change_row: int
    words: tuple[bytes, ...]


class Person(Desk):
    """A desk that signs in without typing a password, and takes every answer as it comes."""

    def __init__(self, application: Flask, username: str = "") -> None:
        super().__init__(application)
        self.application = application
        if username:
            self.enter(username)

    def enter(self, username: str) -> Self:
        plant = self.application.extensions["baoxue"]
        with unscoped(plant.engine, "a session of the tests", writing=True) as session:
            account = session.scalars(select(Account).where(Account.username == username)).one()
            token = begin_session(session, account, account.grants[0], address="127.0.0.1", agent="试",
                                  now=datetime.now(UTC))
            session.commit()
        self.browser.set_cookie("baoxue", token)
        return self

    def get(self, address: str, **headers: Any) -> Page:
        self.page = Page(self.browser.get(address, buffered=True, **headers))
        return self.page

    def send(self, address: str, values: dict[str, Any] | None = None, *, token: str | None = None,
             **more: Any) -> Page:
        """Post with a good token, as a page that is open would."""
        data = {"csrf_token": token or self.good_token, **(values or {})}
        self.page = Page(self.browser.post(address, data=data, buffered=True, **more))
        if address in {"/login", "/logout", "/password"}:
            self.__dict__.pop("_token", None)  # a new person at the browser, a new token
        return self.page

    @property
    def good_token(self) -> str:
        if not hasattr(self, "_token"):
            self._token = Page(self.browser.get("/login", buffered=True)).forms[-1].fields["csrf_token"]
        return self._token


@contextmanager
def by_the_machine(engine: Engine, what: str) -> Iterator[Any]:
    """A session that writes as the machine does, over all units."""
    with unscoped(engine, what, writing=True) as session:
        with recording(session, Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12), "试"):
            yield session


@pytest.fixture
def app(application: Flask) -> Flask:
    """The application on a store with the code tables and the rules of the place."""
    return application


def hire(engine: Engine, people: Iterable[tuple[str, Role, str]], **grant: Any) -> None:
    """Accounts with one grant each, past their first password."""
    machine = Actor(0, "测试", Role.SYSTEM_ADMIN, "0" * 12)
    with unscoped(engine, "the staff of the tests", writing=True) as session:
        with recording(session, machine, "load"):
            for username, role, region in people:
                account = makers.account(session, region, username, must_change_password=False)
                session.add(Grant(account_id=account.id, role=role.value, region_code=region,
                                  **{"since": date(2026, 1, 1), **grant}))


def hire_staff(engine: Engine) -> None:
    hire(engine, [(name, role, region) for role, (name, region) in STAFF.items()])


def settle(application: Flask, code: str, child: Any) -> Village:
    """A row of every ledger in the village of a child of the district."""
    plant = application.extensions["baoxue"]
    local = Actor(0, f"本村{code}", Role.ADMINISTRATOR, code)
    rows = {"student": child.id, "household": child.household_id, "guardian": child.guardian_id,
            "special_group_flag": child.flag_id, "responsibility_letter": child.letter_id,
            "attachment": child.attachment_id}
    with unscoped(plant.engine, "a row of every ledger", writing=True) as session:
        with recording(session, local, "建立", f"因由{code}") as change:
            for view in application.extensions["baoxue_views"]:
                if view.model.__tablename__ not in rows and view.model.__wall__ in (Wall.CHILD, Wall.OFFICE):
                    record = view.model(**_invented(session, view.model, code, rows))
                    session.add(record)
                    session.flush()
                    rows[view.model.__tablename__] = record.id
            number = change.id
        officer = session.scalar(select(Account.id).where(Account.username == STAFF[Role.VILLAGE_OFFICER][0]))
        brought_by = officer if officer and code == 康宁 else rows["account"]
        run = ImportRun(region_code=code, account_id=brought_by, sheet="roster", filename=f"名单{code}.xlsx",
                        sha256="0" * 64, state="checked", plan_digest="d", created_at=datetime.now(UTC),
                        counts={"new": 1, "changed": 0, "same": 0, "refused": 1, "warned": 0}, captions=["姓名"])
        session.add(run)
        session.flush()
        session.add(ImportRow(region_code=code, run_id=run.id, excel_row=2, outcome="refused", messages=[],
                              label=f"孩子其{code}", cells='{"cells": ["甲"], "values": {}}', plan=None))
        now = datetime.now(UTC)
        own = [
            BatchRun(region_code=code, account_id=rows["account"], table_name="student", verb="graduate", state="checked",
                     keys=[child.id], refused={}, counts={"chosen": 1, "fit": 1, "refused": 0}, digest="d",
                     given='{"values": {}, "evidence": null}', reason=f"因由{code}", created_at=now),
            Task(account_id=rows["account"], role="administrator", region_code=code, kind="export", created_at=now,
                 title=f"名单{code}", arguments="{}", state="queued"),
            SavedView(account_id=rows["account"], table_name="student", name=f"其{code}", query="size=50",
                      region_code=code),
        ]
        session.add_all(own)
        session.commit()
        rows["import_run"] = run.id
        rows["place"] = session.scalars(select(Region.id).where(Region.code == code)).one()
        rows |= {record.__tablename__: record.id for record in own}
        change_row = session.scalars(select(ChangeRow.id).where(ChangeRow.change_id == number)).first()
        home, letter = session.get_one(Household, child.household_id), session.get_one(
            ResponsibilityLetter, child.letter_id)
        student = session.get_one(Student, child.id)
        file = session.get_one(Attachment, child.attachment_id)
        path = plant.files.path(file.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)
        words = (f"其{code}", f"本村{code}", f"因由{code}", f"名单{code}", child.name, home.head_name,
                 home.phone.open(), child.identity_number, student.identity_index, letter.number,
                 session.get_one(type(student.guardians[0]), child.guardian_id).phone.open())
    assert change_row
    return Village(code, rows, number, change_row, tuple(word.encode() for word in words))


def _invented(session: Any, model: Any, code: str, rows: dict[str, int]) -> dict[str, Any]:
    """A value for every column of a ledger that must have one, also of a ledger added tomorrow."""
    values: dict[str, Any] = {}
    for column in table_of(model).columns:
        field = column.info["field"]
        if column.primary_key or column.default is not None or (column.nullable and column.type.__class__ is Date):
            continue
        if column.name == "region_code":
            values[column.name] = code
        elif column.name.endswith("_id"):
            values[column.name] = rows.get(column.name.removesuffix("_id"))
        elif field.codes:
            values[column.name] = session.scalars(select(CodeItem.code).where(
                CodeItem.code_table == field.codes).order_by(CodeItem.id)).first()
        elif isinstance(column.type, Date):
            values[column.name] = date(2026, 9, 1)
        elif isinstance(column.type, Integer | type(BigKey)):
            values[column.name] = 2026
        elif isinstance(column.type, SealedText) or (not isinstance(column.type, Boolean)
                                                     and column.type.python_type is str):
            values[column.name] = f"{field.label}其{code}"
    return values


def value(store: Engine, column: Any, key: int) -> Any:
    """What a column of one record holds now."""
    with unscoped(store, "what stands") as session:
        return session.scalar(select(column).where(column.class_.id == key))


def everything_in(owner: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of data, as it really lies there."""
    with owner.connect() as connection:
        return {name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY id')]
                for name in Base.metadata.tables if name not in MACHINERY}


def opened(page: Any) -> bytes:
    """All that an answer says: its headers, its body, and what lies in a workbook."""
    said = repr(sorted(page.headers.items())).encode() + page.bytes
    if page.bytes[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(page.bytes)) as book:
            said += b"".join(book.read(name) for name in book.namelist())
    return said
