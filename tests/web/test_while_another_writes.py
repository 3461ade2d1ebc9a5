"""Two people at the very same moment, from their pages: what a page read when it began is over by the time that it has
waited for somebody else; and whoever only reads waits for nobody."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event, Timer
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, select, update

from admin_app import standing, tasks
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import Conflict
from admin_app.exchange import importer
from admin_app.listing import Wanted
from admin_app.services import batches, hand_over, records
from models.account import Account
from models.batch_run import BatchRun
from models.guardian import Guardian
from models.household import Household
from models.login_session import LoginSession
from models.student import Student
from models.task import Task
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster
from tests.web.test_at_one_moment import AWHILE, POSTGRESQL, do
from tests.web.test_written_at_once import found, meanwhile, village, 牧童


# --- a batch -----------------------------------------------------------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("second", ["confirms it too", "fills in its form anew"])
def test_the_receipt_of_a_batch_stays_as_it_was_done(
        store: Engine, district: SimpleNamespace, district_application: Flask, monkeypatch: pytest.MonkeyPatch,
        second: str) -> None:
    """Two windows of one person. Both have read the batch as it was previewed when the one is confirmed."""
    who = replace(actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
                  account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    with ScopedSession(store, who.scope, writing=True) as session:
        run = batches.choose(session, who, Wanted(Student, keys=(district.李明.id, district.王芳.id)), "suspect")
        batches.check(session, who, run, {"absent_since": date(2026, 9, 1)}, None, None)
        session.commit()
        number, digest = run.id, run.digest
    real, moved, read = batches._move, Event(), Event()

    def slowly(*said: Any) -> None:
        real(*said)
        moved.set()
        assert read.wait(10)
        time.sleep(AWHILE)

    def confirm() -> None:
        with ScopedSession(store, who.scope, writing=True) as session:
            batches.confirm(session, who, number, digest)

    def beside() -> None:
        assert moved.wait(10)
        with ScopedSession(store, who.scope, writing=True) as session:
            run = batches.run_of(session, who, number)
            read.set()
            with pytest.raises(Conflict, match="已经确认过了"):
                if second == "confirms it too":
                    batches.confirm(session, who, number, digest)
                else:
                    batches.check(session, who, run, {"absent_since": date(2026, 9, 2)}, None, None)

    monkeypatch.setattr(batches, "_move", slowly)
    with ThreadPoolExecutor(2) as pool:
        for run_ in [pool.submit(confirm), pool.submit(beside)]:
            run_.result(20)
    assert found(store, select(BatchRun.counts).where(BatchRun.id == number)) == {"chosen": 2, "fit": 2, "refused": 0}
    receipt = Desk(district_application).sign_in("城区主任", PASSWORD).open(f"/batches/{number}")
    assert "2026-09-01" in receipt.text and "当前状态是" not in receipt.text


# --- who only reads ----------------------------------------------------------------------------------


@contextmanager
def an_import(store: Engine) -> Iterator[None]:
    """Somebody's list is being written for two seconds: nobody else writes."""
    with unscoped(store, "a list is written", writing=True) as session:
        session.alone()
        done = Timer(2, session.close)
        done.start()
        yield
        done.join()


def how_long(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def test_whoever_reads_does_not_wait_for_an_import(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    """That a session was used, and that the bell was heard, is noted by the next page."""
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    whose = found(store, select(Account.id).where(Account.username == "康宁网格员"))
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with unscoped(store, "a task that was done, by somebody who was away", writing=True) as session:
        session.execute(update(LoginSession).values(seen_at=long_ago).execution_options(synchronize_session=False))
        session.add(Task(account_id=whose, role="village_officer", region_code=district.康宁, kind="export", title="导出",
                         arguments="{}", state=tasks.DONE, created_at=long_ago, finished_at=long_ago))
        session.commit()
    seen = select(LoginSession.seen_at).where(LoginSession.account_id == whose)
    with an_import(store):
        assert how_long(lambda: officer.open("/admin/student/")) < 1
        assert how_long(lambda: officer.open("/tasks/")) < 1
        assert found(store, seen) == long_ago and not found(store, select(Task.seen))
    officer.open("/tasks/")
    assert found(store, seen) > long_ago and found(store, select(Task.seen)), "the control: nobody writes any more"


def test_an_export_does_not_wait_to_say_how_far_it_is(store: Engine, district: SimpleNamespace) -> None:
    who = replace(actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
                  account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    number = tasks.enqueue(store, who, kind="export", title="导出", arguments={})

    def work() -> Any:  # each tells but once a second
        return tasks.Work(store, None, None, None, who, {}, number)  # type: ignore[arg-type]

    with an_import(store):
        assert how_long(lambda: work().progress(1000, 2000)) < 1
        assert found(store, select(Task.done)) == 0
    work().progress(1000, 2000)
    assert found(store, select(Task.done)) == 1000, "the control: nobody writes any more"


# --- a record that goes elsewhere, or that something is added to -------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("page", ["edit", "move"])
def test_who_saves_a_child_that_is_being_handed_over_is_told_that_it_is_not_there(
        store: Engine, district: SimpleNamespace, district_application: Flask, page: str) -> None:
    child = district.李明
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    address = f"/admin/student/{page}/?id={child.id}" + ("&verb=suspect" if page == "move" else "")
    form = officer.open(address).form("保存" if page == "edit" else "报疑似辍学")
    said = {"class_name": "三班"} if page == "edit" else {"absent_since": "2026-09-01"}

    def away(session: ScopedSession, who: Any) -> None:
        hand_over.hand_over(session, who, session.get_one(Household, child.household_id), village(session, 牧童))

    meanwhile(store, away, lambda: officer.post(address, {**form.fields, **said}, status=404))
    assert "可能不在您的管辖范围内，或已被移走" in officer.page.text
    assert found(store, select(Student.region_code).where(Student.id == child.id)) == 牧童


@POSTGRESQL
def test_a_guardian_is_added_beside_an_edit_of_its_child(
        store: Engine, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one holds the village and needs the child to be there; the other holds the child, and needs the village."""
    child = district.李明.id
    real, held, both = standing.hold_place, Event(), Event()

    def slowly(session: ScopedSession, code: str | None) -> None:
        if held.is_set():
            both.set()  # the edit has its child, and comes to the village
        real(session, code)
        held.set()

    def guardian(session: ScopedSession, who: Any) -> None:
        records.create(session, who, Guardian, {"student_id": child, "name": "曾大山"})

    def named_anew(session: ScopedSession, who: Any) -> None:
        assert held.wait(10)
        records.edit(session, who, session.get_one(Student, child), {"name": "李小明"}, as_of=10**6, reason="录入有误")

    @event.listens_for(ScopedSession, "before_flush")
    def once_both_hold(session: ScopedSession, *_: Any) -> None:
        if any(isinstance(one, Guardian) for one in session.new):
            assert both.wait(10)
            time.sleep(AWHILE)

    monkeypatch.setattr(standing, "hold_place", slowly)
    try:
        with ThreadPoolExecutor(2) as pool:
            faults = [run.exception() for run in [pool.submit(do, store, act) for act in (guardian, named_anew)]]
    finally:
        event.remove(ScopedSession, "before_flush", once_both_hold)
    assert faults == [None, None]
    assert found(store, select(Student.name).where(Student.id == child)) == "李小明"
    assert found(store, select(Guardian.id).where(Guardian.name == "曾大山"))


# --- a list that is read -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["城区主任", "康宁网格员"])
def test_others_write_while_a_list_is_read_and_checked(
        store: Engine, district: SimpleNamespace, district_application: Flask, monkeypatch: pytest.MonkeyPatch,
        who: str) -> None:
    """Also while that of a village is, which is asked first whether it still stands."""
    real, saved = importer.read_upload, []

    def meanwhile_saved(*said: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(do, store, lambda session, who: records.edit(
                session, who, session.get_one(Household, district.李明.household_id), {"address": "乙改的"})).result(20)
        saved.append(True)
        return real(*said)

    monkeypatch.setattr(importer, "read_upload", meanwhile_saved)
    desk = Desk(district_application).sign_in(who, PASSWORD)
    desk.upload(roster({"村（社区）": "康宁社区", "户主姓名": "孙建国", "儿童姓名": "孙悦", "出生日期": "2015-09-01"}), "名单.xlsx")
    assert saved and "新增 1" in desk.page.text.replace("\xa0", " ")
