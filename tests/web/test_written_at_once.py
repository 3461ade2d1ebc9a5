"""Two people at the very same moment, further: what may be but once is looked for by one at a time, an import lets
nobody else write, and what has moved on meanwhile is told."""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, Select, event, func, select, update

from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.changes.seal import seal, verify
from admin_app.errors import BaoxueError, Conflict, Invalid
from admin_app.listing import Wanted
from admin_app.services import (
    accounts, attachments, batches, hand_over, letters, moves, passwords, records, sign_in,
)
from admin_app.store import BUSY_SECONDS
from models.account import Account, Grant
from models.attachment import Attachment
from models.guardian import Guardian
from models.household import Household
from models.post import Post
from models.publicity_activity import PublicityActivity
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from models.task import Task
from seed.makers import make_identity_number
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster
from tests.web.test_at_one_moment import AWHILE, POSTGRESQL, at_once, do, 康宁

牧童, 晕山 = "990101400002", "990101400003"
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10
SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
孙悦 = {"村（社区）": "康宁社区", "户编号": "0007", "户主姓名": "孙建国", "儿童姓名": "孙悦", "出生日期": "2015-09-01",
      "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=7)}


def found(store: Engine, query: Select[Any]) -> Any:
    with unscoped(store, "what stands") as session:
        return session.scalar(query)


def village(session: ScopedSession, code: str) -> Region:
    return session.scalars(select(Region).where(Region.code == code)).one()


def meanwhile(store: Engine, act: Callable[[ScopedSession, Any], object], then: Callable[[], object]) -> None:
    """Somebody has written and not yet committed, when `then` is done."""
    written = Event()

    def slowly(session: ScopedSession, who: Any) -> None:
        act(session, who)
        written.set()
        time.sleep(AWHILE)

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(do, store, slowly, "别人")
        assert written.wait(10)
        then()
        run.result(20)


# --- what may be but once --------------------------------------------------------------------------


def test_the_letters_of_a_year_are_made_once(store: Engine, district: SimpleNamespace) -> None:
    [fault] = at_once(store, lambda session, who: letters.make_letters(session, who, 2030))
    assert isinstance(fault, Invalid) and "每户都已有责任书" in fault.message
    with unscoped(store, "the letters") as session:
        homes = session.scalars(select(ResponsibilityLetter.household_id).where(
            ResponsibilityLetter.school_year == 2030)).all()
    assert len(homes) == len(set(homes)) >= 2


def test_a_family_gets_its_letter_by_the_form_or_with_the_others(store: Engine, district: SimpleNamespace) -> None:
    home = district.李明.household_id
    meanwhile(store, lambda session, who: records.create(
        session, who, ResponsibilityLetter, {"household_id": home, "school_year": 2030}),
        lambda: do(store, lambda session, who: letters.make_letters(session, who, 2030)))
    assert found(store, select(func.count()).where(
        ResponsibilityLetter.school_year == 2030, ResponsibilityLetter.household_id == home)) == 1


@pytest.mark.parametrize("model, said, column", [
    (Household, {"region_code": 康宁, "head_name": "解大川"}, "head_name"),
    (Guardian, {"name": "解大川"}, "name"),
    (Post, {"region_code": 康宁, "kind": "1", "unit": "村委", "holder": "解大川"}, "holder"),
    (PublicityActivity, {"region_code": 康宁, "held_on": date(2026, 9, 1), "topic": "解大川讲政策", "form": "1"}, "topic"),
    (Student, {"name": "解小川", "birth_date": date(2016, 1, 1)}, "name"),
], ids=lambda value: getattr(value, "__tablename__", ""))
def test_a_form_that_was_sent_twice_registers_once(
        store: Engine, district: SimpleNamespace, model: Any, said: dict[str, Any], column: str) -> None:
    own = {Guardian: {"student_id": district.李明.id}, Student: {"household_id": district.李明.household_id}}
    [fault] = at_once(store, lambda session, who: records.create(session, who, model, {**said, **own.get(model, {})}))
    assert isinstance(fault, Invalid)
    assert found(store, select(func.count()).where(getattr(model, column) == said[column])) == 1


def test_a_right_that_was_granted_twice_is_granted_once(store: Engine, district: SimpleNamespace) -> None:
    whose = found(store, select(Account.id).where(Account.username == "康宁网格员"))

    def grant(session: ScopedSession, who: Any) -> None:
        accounts.grant_role(session, who, account=session.get_one(Account, whose), role="inspector",
                            region=village(session, 康宁), until=date(2099, 1, 1))

    [fault] = at_once(store, grant)
    assert isinstance(fault, Invalid) and "已有这项授权" in fault.message
    assert found(store, select(func.count()).where(Grant.account_id == whose, Grant.role == "inspector")) == 1


@POSTGRESQL
def test_a_batch_that_was_confirmed_twice_is_done_once(
        store: Engine, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    who = replace(actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
                  account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    with ScopedSession(store, who.scope, writing=True) as session:
        run = batches.choose(session, who, Wanted(Student, keys=(district.李明.id,)), "check")
        paper = {"sha256": "a" * 64, "filename": "入户.jpg", "content_type": "image/jpeg", "size": 1}
        batches.check(session, who, run, {"checked_on": date.today()}, None, paper)
        session.commit()
        asked = (run.id, run.digest)
    real, judged = batches.judge, Event()

    def slowly(*said: Any) -> Any:
        judged.set()
        time.sleep(AWHILE)
        return real(*said)

    def confirm(_: int) -> str:
        with ScopedSession(store, who.scope, writing=True) as session:
            try:
                return batches.confirm(session, who, *asked).state
            except Conflict as fault:
                return fault.message

    monkeypatch.setattr(batches, "judge", slowly)
    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(confirm, range(2)))
    assert outcomes[0] == "confirmed" and "没有重复办理" in outcomes[1]
    assert found(store, select(func.count()).where(Attachment.filename == "入户.jpg")) == 1


@POSTGRESQL
def test_a_flag_that_is_reported_again_and_its_child_who_leaves_do_not_wait_for_each_other(
        store: Engine, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both take the child first: each holding what the other needs, PostgreSQL would end one of them."""
    child, flag = district.李明.id, district.李明.flag_id
    do(store, lambda session, _: session.execute(
        update(SpecialGroupFlag).where(SpecialGroupFlag.id == flag).values(state="rejected")))
    real, both = ScopedSession.refresh, Barrier(2)

    def together(session: ScopedSession, *said: Any, **asked: Any) -> None:
        real(session, *said, **asked)
        if asked.get("with_for_update"):
            with suppress(BrokenBarrierError):
                both.wait(1)

    def move(model: Any, key: int, verb: str) -> Callable[[ScopedSession, Any], object]:
        return lambda session, who: moves.make_move(session, who, session.get_one(model, key), verb, values={},
                                                    reason="已核对", new_evidence=1)

    monkeypatch.setattr(ScopedSession, "refresh", together)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(do, store, act) for act in (move(SpecialGroupFlag, flag, "report_again"),
                                                        move(Student, child, "go_abroad"))]
        faults = [run.exception() for run in runs]
    assert all(fault is None or isinstance(fault, BaoxueError) for fault in faults), faults
    assert found(store, select(Student.schooling_state).where(Student.id == child)) == "abroad"
    assert found(store, select(SpecialGroupFlag.state).where(SpecialGroupFlag.id == flag)) in ("ended", "dropped")


@POSTGRESQL
def test_a_batch_that_brings_flags_back_and_their_child_who_leaves_do_not_wait_for_each_other(
        store: Engine, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    child, flag, who = district.李明.id, district.李明.flag_id, replace(
        actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
        account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    do(store, lambda session, _: session.execute(
        update(SpecialGroupFlag).where(SpecialGroupFlag.id == flag).values(state="rejected")))
    with ScopedSession(store, who.scope, writing=True) as session:
        run = batches.choose(session, who, Wanted(SpecialGroupFlag, keys=(flag,)), "report_again")
        paper = {"sha256": "a" * 64, "filename": "证明.jpg", "content_type": "image/jpeg", "size": 1}
        assert batches.check(session, who, run, {}, "已核对", paper).fit == [flag]
        session.commit()
        asked = (run.id, run.digest)
    real, held = ScopedSession.refresh, Event()

    def slowly(session: ScopedSession, *said: Any, **how: Any) -> None:
        real(session, *said, **how)
        held.set()
        time.sleep(AWHILE)

    def confirm() -> None:
        assert held.wait(10)
        with ScopedSession(store, who.scope, writing=True) as session, suppress(Conflict):
            batches.confirm(session, who, *asked)

    monkeypatch.setattr(ScopedSession, "refresh", slowly)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(do, store, lambda session, who: moves.make_move(
            session, who, session.get_one(Student, child), "go_abroad", values={}, new_evidence=1)), pool.submit(confirm)]
        assert [run.exception() for run in runs] == [None, None]
    assert found(store, select(Student.schooling_state).where(Student.id == child)) == "abroad"
    assert found(store, select(SpecialGroupFlag.state).where(SpecialGroupFlag.id == flag)) == "dropped"


def test_a_batch_moves_what_it_judged_and_nothing_else(store: Engine, district: SimpleNamespace) -> None:
    """李明 is in the ninth grade when the batch is previewed, and is being put back into the third when it is confirmed."""
    child, who = district.李明.id, replace(
        actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
        account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    do(store, lambda session, _: session.execute(update(Student).where(Student.id == child).values(grade="g9")))
    with ScopedSession(store, who.scope, writing=True) as session:
        run = batches.choose(session, who, Wanted(Student, keys=(child,)), "graduate")
        assert batches.check(session, who, run, {}, None, None).fit == [child]
        session.commit()
        asked = (run.id, run.digest)

    def confirm() -> None:
        with ScopedSession(store, who.scope, writing=True) as session, pytest.raises(Conflict, match="预览之后"):
            batches.confirm(session, who, *asked)

    meanwhile(store, lambda session, _: session.execute(update(Student).where(Student.id == child).values(grade="g3")),
              confirm)
    assert found(store, select(Student.schooling_state).where(Student.id == child)) == "enrolled"


# --- a family that is handed over at that moment -----------------------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("owner", [Household, Student, Guardian, SpecialGroupFlag, ResponsibilityLetter])
def test_a_paper_goes_with_what_it_proves_that_is_handed_over_while_it_is_hung(
        store: Engine, district: SimpleNamespace, tmp_path: Path, owner: Any) -> None:
    files, child = attachments.FileStore(tmp_path / "files"), district.李明
    key = {Household: child.household_id, Student: child.id, Guardian: child.guardian_id,
           SpecialGroupFlag: child.flag_id, ResponsibilityLetter: child.letter_id}[owner]

    def hang(session: ScopedSession, who: Any) -> None:
        attachments.attach(session, who, files, session.get_one(owner, key), stream=io.BytesIO(JPEG),
                           filename="证明.jpg")

    def away(session: ScopedSession, who: Any) -> None:
        hand_over.hand_over(session, who, session.get_one(Household, child.household_id), village(session, 牧童))

    meanwhile(store, hang, lambda: do(store, away))
    assert found(store, select(Student.region_code).where(Student.id == child.id)) == 牧童
    assert found(store, select(Attachment.region_code).where(Attachment.filename == "证明.jpg")) == 牧童


@POSTGRESQL
def test_a_hand_over_that_came_too_late_says_so(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    home = district.李明.household_id
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    director.open(f"/families/{home}/hand-over")

    def away(session: ScopedSession, who: Any) -> None:
        hand_over.hand_over(session, who, session.get_one(Household, home), village(session, 晕山))

    said = {"csrf_token": director.token, "region_code": 牧童, "reason": "举家迁入"}
    meanwhile(store, away, lambda: director.post(f"/families/{home}/hand-over", said, status=409))
    assert "别人刚刚移交过这户" in director.page.text
    assert found(store, select(Household.region_code).where(Household.id == home)) == 晕山


def test_two_families_of_one_number_who_come_at_once_have_two(store: Engine, district: SimpleNamespace) -> None:
    """李建国 comes from 康宁 and 晕大山 from 晕山, both to 牧童, and both are number 0001 where they lived."""
    first = district.李明.household_id

    def comes(key: int) -> Callable[[ScopedSession, Any], object]:
        return lambda session, who: hand_over.hand_over(session, who, session.get_one(Household, key), village(session, 牧童))

    def move_in(session: ScopedSession, _: Any) -> None:
        session.get_one(Household, first).register_number = "0001"
        session.add(Household(region_code=晕山, register_number="0001", head_name="晕大山"))

    do(store, move_in)
    second = found(store, select(Household.id).where(Household.head_name == "晕大山"))
    meanwhile(store, comes(first), lambda: do(store, comes(second)))
    numbers = {key: found(store, select(Household.register_number).where(Household.id == key, Household.region_code == 牧童))
               for key in (first, second)}
    assert numbers == {first: "0001", second: "0001（原003）"}


def test_a_move_is_judged_by_what_stands_when_it_is_made(store: Engine, district: SimpleNamespace) -> None:
    """李明 is in the ninth grade when the page is opened, and is being put back into the third when it is sent."""
    child = district.李明.id

    def put(grade: str) -> Callable[[ScopedSession, Any], object]:
        return lambda session, _: session.execute(update(Student).where(Student.id == child).values(grade=grade))

    def graduate(session: ScopedSession, who: Any) -> None:
        moves.make_move(session, who, session.get_one(Student, child), "graduate", values={})

    def too_late() -> None:
        with pytest.raises(Invalid, match="只办九年级的学生"):
            do(store, graduate)

    do(store, put("g9"))
    meanwhile(store, put("g3"), too_late)
    assert found(store, select(Student.schooling_state).where(Student.id == child)) == "enrolled"
    do(store, put("g9"))
    do(store, graduate)
    assert found(store, select(Student.schooling_state).where(Student.id == child)) == "graduated", "the control"


# --- an import ---------------------------------------------------------------------------------------


def imported(app: Flask, row: dict[str, Any]) -> Desk:
    """孙悦 stands, and a list about her is previewed."""
    director = Desk(app).sign_in("城区主任", PASSWORD)
    for listed in (孙悦, row):
        if listed is row:
            director.press("确认导入")
        director.upload(roster(listed), "名单.xlsx")
    return director


def test_an_import_waits_for_an_edit_under_way_and_does_not_write_over_it(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    director = imported(district_application, {**孙悦, "班级": "名单班"})
    child = found(store, select(Student.id).where(Student.name == "孙悦"))
    meanwhile(store, lambda session, who: records.edit(
        session, who, session.get_one(Student, child), {"class_name": "别人改的班"}), lambda: director.press("确认导入"))
    assert "已被别人修改" in director.page.text and "别人改的班" in director.page.text
    assert found(store, select(Student.class_name).where(Student.id == child)) == "别人改的班"
    director.press("确认导入")
    assert found(store, select(Student.class_name).where(Student.id == child)) == "名单班", "seen, and then confirmed"


def test_an_import_gives_no_second_flag_beside_one_under_way(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    director = imported(district_application, {**孙悦, "特殊群体": "孤儿"})
    child = found(store, select(Student.id).where(Student.name == "孙悦"))
    meanwhile(store, lambda session, who: records.create(
        session, who, SpecialGroupFlag, {"student_id": child, "kind": "21"}), lambda: director.press("确认导入"))
    assert found(store, select(func.count()).where(SpecialGroupFlag.student_id == child)) == 1


def test_a_number_that_was_registered_out_of_sight_meanwhile_refuses_its_row_alone(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    钱悦 = {"村（社区）": "康宁社区", "户编号": "0008", "户主姓名": "钱建国", "儿童姓名": "钱悦", "出生日期": "2015-09-02"}
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    officer.upload(roster(孙悦, 钱悦), "名单.xlsx")
    who = actor("牧童干部", Role.VILLAGE_OFFICER, 牧童)
    with ScopedSession(store, who.scope, writing=True) as session, recording(session, who, "试"):
        records.create(session, who, Student, {"household_id": session.scalar(select(Household.id)), "name": "孙悦",
                                               "identity_number": 孙悦["身份证号码"]})
    officer.press("确认导入")
    assert "已按最新数据重新核对" in officer.page.text
    assert [(row["姓名"], row["结果"]) for row in officer.page.table("结果")] == [("孙悦", "拒收"), ("钱悦", "新增")]
    officer.press("确认导入")
    assert "成功 1 条" in officer.page.text
    assert found(store, select(func.count()).where(Student.name == "钱悦")) == 1


# --- signing in --------------------------------------------------------------------------------------


def test_wrong_passwords_at_one_moment_are_each_counted(store: Engine, district: SimpleNamespace) -> None:
    together = Barrier(12)

    def guess(_: int) -> str:
        together.wait(10)
        try:
            return sign_in.sign_in(store, username="城区主任", password="wrong wrong wrong", address="10.0.0.9", agent="试",
                                   device=None)
        except BaoxueError as fault:
            return type(fault).__name__

    with ThreadPoolExecutor(12) as pool:
        said = Counter(pool.map(guess, range(12)))
    assert said == {"Invalid": sign_in.TRIES_PER_NAME_AND_ADDRESS, "SlowDown": 12 - sign_in.TRIES_PER_NAME_AND_ADDRESS}


def test_the_old_password_opens_nothing_while_it_is_being_reset(store: Engine, district: SimpleNamespace) -> None:
    whose = found(store, select(Account.id).where(Account.username == "康宁网格员"))

    def enter() -> str:
        return sign_in.sign_in(store, username="康宁网格员", password=PASSWORD, address="10.0.0.9", agent="试", device=None)

    assert enter(), "the control: until then it does"

    def late() -> None:
        with pytest.raises(Invalid):
            enter()

    meanwhile(store, lambda session, who: accounts.reset_password(session, who, session.get_one(Account, whose)), late)


NEW = "新的密码要记得住 8866"


def change(store: Engine, whose: int, current: str, new: str) -> None:
    with unscoped(store, "one's own account", writing=True) as session:
        account = session.get_one(Account, whose)
        with recording(session, actor("康宁网格员", Role.VILLAGE_OFFICER, 康宁), "change_password"):
            accounts.change_password(session, account, current=current, new=new, again=new)


def test_who_knows_the_old_password_keeps_nothing_of_it_while_it_is_being_reset(
        store: Engine, district: SimpleNamespace) -> None:
    whose, handed_over = found(store, select(Account.id).where(Account.username == "康宁网格员")), []
    change(store, whose, PASSWORD, NEW)  # the control: until then it is changed

    def reset(session: ScopedSession, who: Any) -> None:
        handed_over.append(accounts.reset_password(session, who, session.get_one(Account, whose)))

    def keep_it() -> None:
        with pytest.raises(Invalid, match="当前密码不对"):
            change(store, whose, NEW, PASSWORD)

    meanwhile(store, reset, keep_it)
    assert passwords.matches(found(store, select(Account.password_hash).where(Account.id == whose)), handed_over[0])


def test_a_reset_password_must_be_changed_though_its_owner_has_just_done_so(
        store: Engine, district: SimpleNamespace) -> None:
    whose, first = found(store, select(Account.id).where(Account.username == "康宁网格员")), []

    def reset(session: ScopedSession, who: Any) -> None:
        first.append(accounts.reset_password(session, who, session.get_one(Account, whose)))

    do(store, reset)
    meanwhile(store, lambda session, who: accounts.change_password(
        session, session.get_one(Account, whose), current=first[0], new=NEW, again=NEW), lambda: do(store, reset))
    assert passwords.matches(found(store, select(Account.password_hash).where(Account.id == whose)), first[1])
    assert found(store, select(Account.must_change_password).where(Account.id == whose)) is True


@pytest.mark.parametrize("forced_out", [True, False], ids=["forced out", "the control"])
def test_who_is_forced_out_right_after_changing_the_password_is_out(
        store: Engine, district: SimpleNamespace, district_application: Flask, forced_out: bool) -> None:
    whose = found(store, select(Account.id).where(Account.username == "康宁网格员"))
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    officer.open("/password")

    to_do = [lambda session, who: accounts.force_out(session, who, session.get_one(Account, whose))] * forced_out

    def come_between(_session: Any) -> None:
        if to_do:
            do(store, to_do.pop())

    event.listen(ScopedSession, "after_commit", come_between)
    try:
        officer.press("保存新密码", current=PASSWORD, new=NEW, again=NEW)
    finally:
        event.remove(ScopedSession, "after_commit", come_between)
    assert officer.open("/").address.startswith("/login") is forced_out


# --- what is not worth waiting for, where one writes at a time -----------------------------------------


@contextmanager
def somebody_writes(store: Engine) -> Iterator[None]:
    """For as long as that, SQLite lets nobody else write. What waits all the same waits ten seconds."""
    with unscoped(store, "somebody else", writing=True) as other:
        other.connection()
        begun = time.monotonic()
        yield
        assert time.monotonic() - begun < BUSY_SECONDS / 2


@SQLITE
def test_nobody_waits_for_a_seal_while_somebody_writes(
        store: Engine, district: SimpleNamespace, district_application: Flask, cipher: FieldKeys) -> None:
    plant, officer = district_application.extensions["baoxue"], Desk(district_application).sign_in("康宁网格员", PASSWORD)
    seal(store, cipher)
    form = officer.open(f"/admin/household/edit/?id={district.李明.household_id}").form("保存")
    for note, done in (("初访", plant.sweep), ("再访", lambda: officer.press("保存", note="三访"))):
        answer = officer.browser.post(officer.page.address, data={**form.fields, "note": note})
        with somebody_writes(store):
            answer.close()
        assert verify(store, cipher).unsealed == 1, "left for the next time"
        officer.open(f"/admin/household/edit/?id={district.李明.household_id}")
        form = officer.page.form("保存")
        done()
        assert verify(store, cipher).unsealed == 0, "the control: the sweep, or the next who saves, seals it"


@SQLITE
def test_who_looks_at_the_tasks_waits_for_nobody(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    with unscoped(store, "a task that is done", writing=True) as session:
        task = Task(account_id=session.scalar(select(Account.id).where(Account.username == "康宁网格员")),
                    role="village_officer", region_code=康宁, kind="export", title="导出", arguments="{}", state="done",
                    created_at=datetime.now(UTC), finished_at=datetime.now(UTC))
        session.add(task)
        session.commit()
        number = task.id
    for address in ("/tasks/", f"/tasks/{number}"):
        with somebody_writes(store):
            officer.open(address)
        assert found(store, select(Task.seen).where(Task.id == number)) is False
    officer.open("/tasks/")
    assert found(store, select(Task.seen).where(Task.id == number)) is True, "the control: the next look notes it"
