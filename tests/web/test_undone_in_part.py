"""An undo that had to leave something: what holds it is named, and once that is gone the rest goes too."""

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.services import accounts
from models.change import Change
from models.household import Household
from models.region import Region
from tests.desk import PASSWORD, Desk, roster
from tests.web.staff import by_the_machine

新来 = [{"村（社区）": "康宁社区", "户编号": f"09{n}", "户主姓名": f"{name}建国", "儿童姓名": f"{name}小明",
       "出生日期": f"2016-05-0{n}"} for n, name in ((1, "解"), (2, "仇"))]


def latest(store: Engine) -> str:
    """The page of the last act."""
    with unscoped(store, "the last act") as session:
        return f"/changes/{session.scalar(select(func.max(Change.id)))}"


def stand(store: Engine) -> int:
    with unscoped(store, "which families stand") as session:
        return session.scalar(select(func.count()).select_from(Household).where(
            Household.register_number.in_(("091", "092")))) or 0


@pytest.fixture
def auditor(district_application: Flask, store: Engine) -> Desk:
    machine = Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12)
    with by_the_machine(store, "an auditor of the place") as session:
        place = session.scalars(select(Region).where(Region.code == "990101400000")).one()
        accounts.make_account(session, machine, username="审计员老郑", display_name="审计员老郑", role="auditor",
                              region=place, password=PASSWORD, must_change=False)
    return Desk(district_application).sign_in("审计员老郑", PASSWORD)


@pytest.fixture
def imported(director: Desk, store: Engine) -> str:
    """The page of the act that brought two families."""
    director.upload(roster(*新来), "名单.xlsx")
    director.press("确认导入")
    return latest(store)


@pytest.fixture
def letter(director: Desk, imported: str, store: Engine) -> str:
    """The page of the act by which 解建国's family got a letter."""
    with unscoped(store, "one of the families") as session:
        family = session.scalars(select(Household.id).where(Household.register_number == "091")).one()
    director.open(f"/admin/responsibility_letter/new/?household_id={family}")
    director.press("保存")
    return latest(store)


def test_what_a_letter_held_goes_once_the_letter_is_gone(
        director: Desk, store: Engine, imported: str, letter: str) -> None:
    director.open(imported)
    director.press("撤销这次变更")
    assert "户：解建国" in director.page.text and "其下还有责任书" in director.page.text
    assert stand(store) == 1, "the other family went"
    director.press("再撤销余下的 1 条")
    assert "其下还有责任书" in director.page.text and stand(store) == 1, "the letter still stands"

    director.open(letter)
    director.press("撤销这次变更")
    director.open(imported)
    director.press("再撤销余下的 1 条")
    told = director.open(imported).text
    assert stand(store) == 0 and "已撤销：移除当时新增的 4 条" in told, "both undos together"
    assert "再撤销余下的" not in told and "条未动" not in told and "不在您的管辖范围" not in told
    director.open(latest(store))
    director.press("撤销这次变更")
    assert stand(store) == 1 and "已撤销：移除当时新增的 3 条，1 条未动" in director.open(imported).text, "the last goes first"
    director.open(director.page.link("查看撤销"))
    director.press("撤销这次变更")
    assert stand(store) == 2


def test_a_village_takes_back_no_rest_of_what_another_did(
        director: Desk, officer: Desk, imported: str, letter: str, store: Engine) -> None:
    director.open(imported)
    director.press("撤销这次变更")
    assert "再撤销余下的" not in officer.open(imported).text
    officer.post(f"{imported}/undo", {"rest": "1", "csrf_token": officer.token}, 403)
    assert stand(store) == 1


def test_an_auditor_is_not_told_that_a_family_has_left(
        district_application: Flask, director: Desk, imported: str, letter: str, auditor: Desk) -> None:
    director.open(imported)
    director.press("撤销这次变更")
    told = auditor.open(imported).text
    assert "已不在您的管辖范围内" not in told and "这类记录您的身份不能查看" in told and "解建国" not in told


def test_a_page_that_is_old_takes_back_nothing_more(director: Desk, store: Engine, imported: str, letter: str) -> None:
    """The first undo was taken back meanwhile: pressing for the rest is not to undo the whole."""
    director.open(imported)
    director.press("撤销这次变更")
    undoing = latest(store)
    old = {"rest": "1", "csrf_token": director.token}
    director.open(undoing)
    director.press("撤销这次变更")
    assert stand(store) == 2
    assert "后来已被恢复" in director.post(f"{imported}/undo", old, 409).text
    assert stand(store) == 2


def test_an_auditor_reads_what_holds_a_school_though_not_whom(
        director: Desk, store: Engine, auditor: Desk) -> None:
    first, later = ({**who, "户编号": f"10{n}", "学校": "新河实验小学"} for n, who in enumerate(新来))
    acts = []
    for child in (first, later):
        director.upload(roster(child), "名单.xlsx")
        director.press("确认导入")
        acts.append(latest(store))
    brought, _ = acts
    director.open(brought)
    director.press("撤销这次变更")
    assert "新河实验小学" in director.page.text and "其下还有学生" in director.page.text
    told = auditor.open(brought).text
    assert "其下还有学生" in told and "已不在，可再撤销" not in told


def test_of_a_family_that_an_undo_removed_an_act_says_that_it_is_not_there(director: Desk, imported: str) -> None:
    assert "解建国" in director.open(imported).text, "while it stands, the child's family is named"
    director.press("撤销")

    page = director.open(imported)
    assert "户 户（已移除）" in page.text
    assert "（不可见）" not in page.text
