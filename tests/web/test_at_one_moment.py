"""Two people at the very same moment: PostgreSQL lets both write, SQLite lets one wait. Nobody's work is lost in
silence, and nothing that may stand but once stands twice."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import ledger_position, recording
from admin_app.changes.seal import seal
from admin_app.errors import Conflict, Invalid
from admin_app.services import passwords, records
from models.household import Household
from models.responsibility_letter import ResponsibilityLetter
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from seed.makers import make_identity_number
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster
from admin_app.web import record_forms

康宁, 城区 = "990101400001", "990101400000"
AWHILE = 0.5  # seconds in which the second comes to the first's lock
POSTGRESQL = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


def do(store: Engine, act: Callable[[ScopedSession, Any], object], name: str = "城区主任") -> None:
    who = actor(name, Role.ADMINISTRATOR, 城区)
    with ScopedSession(store, who.scope, writing=True) as session, recording(session, who, "试"):
        act(session, who)


def at_once(store: Engine, act: Callable[[ScopedSession, Any], object]) -> list[Exception]:
    """Two do the same; the second begins when the first has written and before it has committed. What they met."""
    written = Event()

    def first() -> None:
        def slowly(session: ScopedSession, who: Any) -> None:
            act(session, who)
            written.set()
            time.sleep(AWHILE)
        do(store, slowly, "甲")

    def second() -> None:
        assert written.wait(10)
        do(store, act, "乙")

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(first), pool.submit(second)]
    return [fault for run in runs if (fault := run.exception()) is not None]


def test_of_two_saves_of_one_form_the_second_is_told(store: Engine, district: SimpleNamespace) -> None:
    home = district.李明.household_id
    with unscoped(store, "the version of the form") as session:
        as_of = ledger_position(session, "household", home)
    numbers = iter(("甲改的", "乙改的"))

    def save(session: ScopedSession, who: Any) -> None:
        records.edit(session, who, session.get_one(Household, home), {"address": next(numbers)}, as_of=as_of)

    [fault] = at_once(store, save)
    assert isinstance(fault, Conflict)
    with unscoped(store, "what stands") as session:
        assert session.get_one(Household, home).address == "甲改的"


def test_one_flag_of_a_kind_comes_to_stand(store: Engine, district: SimpleNamespace) -> None:
    def report(session: ScopedSession, who: Any) -> None:
        records.create(session, who, SpecialGroupFlag, {"student_id": district.李明.id, "kind": "72"})

    [fault] = at_once(store, report)
    assert isinstance(fault, Invalid) and "不用再报" in fault.message
    with unscoped(store, "how many") as session:
        assert session.scalar(select(func.count()).where(SpecialGroupFlag.kind == "72")) == 1


def test_two_letters_and_two_families_of_one_village_get_two_numbers(store: Engine, district: SimpleNamespace) -> None:
    with unscoped(store, "families", writing=True) as session, recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "试"):
        homes = iter([makers.household(session, 康宁, head_name=name).id for name in ("曾大山", "曾小山")])
    heads = iter(("解大川", "解小川"))

    def sign(session: ScopedSession, who: Any) -> None:
        records.create(session, who, ResponsibilityLetter, {"household_id": next(homes), "school_year": 2031})

    def register(session: ScopedSession, who: Any) -> None:
        records.create(session, who, Household, {"region_code": 康宁, "head_name": next(heads), "address": "示范路"})

    assert [*at_once(store, sign), *at_once(store, register)] == []
    with unscoped(store, "their numbers") as session:
        assert sorted(session.scalars(select(ResponsibilityLetter.number).where(
            ResponsibilityLetter.school_year == 2031))) == ["2031-001-0001", "2031-001-0002"]
        assert sorted(session.scalars(select(Household.register_number).where(
            Household.head_name.in_(("解大川", "解小川"))))) == [f"{康宁}0001", f"{康宁}0002"]


def test_a_form_is_not_older_than_its_version(
        store: Engine, district: SimpleNamespace, district_application: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves between the moments at which the page reads the record and its version."""
    home, real = district.李明.household_id, record_forms.ledger_position
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)

    def meanwhile(*asked: Any) -> int:
        monkeypatch.setattr(record_forms, "ledger_position", real)
        do(store, lambda session, who: records.edit(session, who, session.get_one(Household, home), {"address": "乙改的"}))
        return real(*asked)

    monkeypatch.setattr(record_forms, "ledger_position", meanwhile)
    officer.open(f"/admin/household/edit/?id={home}")
    form = officer.page.form("保存")
    officer.browser.post(officer.page.address, data={**form.fields, "note": "看过"})
    with unscoped(store, "what stands") as session:
        assert session.get_one(Household, home).address == "乙改的"


@POSTGRESQL
def test_an_import_sees_what_was_under_way_when_it_was_previewed(
        store: Engine, district: SimpleNamespace, district_application: Flask) -> None:
    """An edit that began before the preview, and ended after it, with a lower number than one that was there."""
    孙悦 = {"村（社区）": "康宁社区", "户编号": "0007", "户主姓名": "孙建国", "儿童姓名": "孙悦", "出生日期": "2015-09-01",
          "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=7), "班级": "1班"}
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    director.upload(roster(孙悦), "名单.xlsx")
    director.press("确认导入")
    written, previewed = Event(), Event()

    def under_way() -> None:
        def slowly(session: ScopedSession, who: Any) -> None:
            child = session.scalars(select(Student).where(Student.name == "孙悦")).one()
            records.edit(session, who, child, {"class_name": "别人改的班"})
            written.set()
            assert previewed.wait(20)
        do(store, slowly)

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(under_way)
        assert written.wait(10)
        do(store, lambda session, who: makers.household(session, 康宁, head_name="曾大山"))  # a higher number
        director.upload(roster({**孙悦, "班级": "名单班"}), "名单.xlsx")
        previewed.set()
        run.result(20)
    assert "请再看一遍预览后确认" in director.press("确认导入").text
    assert "别人改的班" in director.page.text
    director.press("确认导入")
    assert "成功 1 条" in director.page.text, "the control: seen, it may be confirmed"


# --- not quite at one moment ---


def test_a_move_that_was_made_meanwhile_is_told_to_whoever_saves_a_form(
        district_application: Flask, district: SimpleNamespace) -> None:
    officer, director = (Desk(district_application).sign_in(who, PASSWORD) for who in ("康宁网格员", "城区主任"))
    child = district.李明.id
    form = officer.open(f"/admin/student/edit/?id={child}")
    director.open(director.open(f"/admin/student/details/?id={child}").link("报疑似辍学"))
    director.press("报疑似辍学", absent_since="20261101")
    officer.page = form
    page = officer.press("保存", status=409, class_name="三班")
    assert "城区主任 已修改了这条记录" in page.text
    told = {row["字段"]: (row["原值"], row["对方"], row["我的"]) for row in page.table("字段")}
    assert told["就学状态"] == ("在校就读", "疑似辍学", "没有改")
    assert told["班级"][1:] == ("没有改", "三班")
    officer.press("保存")
    assert officer.page.facts["班级"] == "三班" and "疑似辍学" in officer.page.text


def test_who_cannot_send_a_family_back_is_not_offered_to_undo_its_coming(
        district_application: Flask, district: SimpleNamespace) -> None:
    county = Desk(district_application).sign_in("县主任", PASSWORD)
    county.open(f"/families/{district.赵强.household_id}/hand-over")
    county.press("移交", region_code=康宁, reason="举家迁入")
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    act = next(href for _, href in director.open(f"/admin/household/details/?id={district.赵强.household_id}").links
               if href.startswith("/changes/") and href != "/changes/")
    page = director.open(act)
    assert not [form for form in page.forms if "撤销这次变更" in form.buttons]
    refused = director.post(f"{act}/undo", {"csrf_token": director.token, "reason": "弄错了"}, status=403)
    assert "请联系上一级管理员撤销" in refused.text
    county.open(act)
    county.press("撤销这次变更")
    director.open(f"/admin/household/details/?id={district.赵强.household_id}", status=404)


def test_others_write_while_the_passwords_of_a_list_are_made(
        store: Engine, district_application: Flask, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a password takes a while. Were the store held for so long, nobody could save."""
    real, saved = passwords.first_passwords, []

    def meanwhile(number: int) -> list[passwords.First]:
        do(store, lambda session, who: records.edit(
            session, who, session.get_one(Household, district.李明.household_id), {"address": "乙改的"}))
        saved.append(number)
        return real(number)

    monkeypatch.setattr(passwords, "first_passwords", meanwhile)
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    listing = "用户名,姓名,角色,区划\nnew01,张三,村干部,康宁社区\nnew02,李四,村干部,牧童社区\n".encode()
    director.open("/accounts/load")
    director.press("上传并建立", status=400, file=("账号.csv", listing + "new03,王五,村干部,没有的村\n".encode()))
    assert "没有区划“没有的村”" in director.page.text and saved == [], "a list with a fault makes nothing"
    director.press("上传并建立", file=("账号.csv", listing))
    assert saved == [2]
    password = next(row["初始密码"] for row in director.page.table("初始密码") if row["用户名"] == "new02")
    Desk(district_application).sign_in("new02", password)


@pytest.mark.parametrize("sealed", [False, True], ids=["sealed later", "sealed between"])
def test_what_was_written_under_a_lower_number_and_kept_later_is_shown_at_once(
        store: Engine, district: SimpleNamespace, district_application: Flask, cipher: FieldKeys, sealed: bool) -> None:
    """Two name schools anew; who began first ends last. What a page reads in between is kept by its worker."""
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)

    def named(name: str) -> Callable[[ScopedSession, Any], object]:
        return lambda session, who: records.edit(session, who, session.get_one(School, district.school_id), {"name": name})

    def counted() -> str:
        return officer.open("/admin/household/").text.partition("共 ")[2].partition(" 条")[0]

    def schools() -> str:
        return officer.open("/admin/student/").text

    assert counted() == "1" and "示范小学" in schools()
    written, shown = Event(), Event()

    def first() -> None:
        def slowly(session: ScopedSession, who: Any) -> None:
            named("先改的小学")(session, who)
            written.set()
            assert shown.wait(20)
        do(store, slowly, "甲")

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(first)
        assert written.wait(10)
        if store.dialect.name == "postgresql":
            do(store, lambda session, _: makers.household(session, 康宁, head_name="曾大山"))  # a higher number
        if sealed:
            seal(store, cipher, at_once=True)  # somebody is acting: nothing is sealed
        assert counted() == ("2" if store.dialect.name == "postgresql" else "1") and "示范小学" in schools()
        shown.set()
        run.result(20)
    assert "先改的小学" in schools()
    if sealed:
        seal(store, cipher)
    do(store, lambda session, _: makers.household(session, 康宁, head_name="曾小山"))
    assert counted() == ("3" if store.dialect.name == "postgresql" else "2")
    do(store, named("后改的小学"))
    assert "后改的小学" in schools()
