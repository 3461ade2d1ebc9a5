"""What is one's own is not a colleague's of the same village and role, nor one's own under another grant; and what the
gate keeps from a page, a command does not give."""

import os
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Engine

from admin_app import tasks
from admin_app.access.actor import Actor
from admin_app.access.field_keys import write_private
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services import accounts
from models.account import Grant
from models.accountability_record import AccountabilityRecord
from models.student import Student
from tests.desk import command, roster
from tests.web.staff import Person, by_the_machine, everything_in, hire, hire_staff, 城区, 康宁, 牧童

示范县, SINCE = "990101000000", date(2026, 1, 1)


@pytest.fixture
def staff(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    """The staff of 城区; 小李, another officer of 康宁; and 三处跑, who has three grants: of 康宁, 牧童 and 城区."""
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    hire(engine, [("小李", Role.VILLAGE_OFFICER, 康宁), ("三处跑", Role.VILLAGE_OFFICER, 康宁)])
    with by_the_machine(engine, "two more grants") as session:
        account = accounts.known_as(session, "三处跑")
        own = [account.grants[0], *(Grant(account_id=account.id, role=role, region_code=code, since=SINCE)
                                    for role, code in (("village_officer", 牧童), ("administrator", 城区)))]
        session.add_all(own[1:])
        session.flush()
        grants = dict(zip((康宁, 牧童, 城区), (grant.id for grant in own), strict=True))
    return SimpleNamespace(engine=engine, grants=grants, **vars(district))


def test_a_batch_is_its_owners_under_the_grant_that_it_was_begun_with(app: Flask, staff: SimpleNamespace) -> None:
    person = Person(app, "三处跑")
    begun = person.send("/batches/new/responsibility_letter", {"verb": "sign", "range": "all"})
    batch = (begun.location or "").partition("/fill-in")[0]
    assert begun.status == 302 and batch.startswith("/batches/")

    assert Person(app, "小李").get(f"{batch}/fill-in").status == 404, "of the same village and role, but not 三处跑"
    assert person.send("/grant", {"grant_id": staff.grants[城区]}).status == 302
    assert person.get(f"{batch}/fill-in").status == 404, "城区 sees 康宁, and yet it was begun for 康宁 alone"
    assert person.send("/grant", {"grant_id": staff.grants[康宁]}).status == 302
    assert person.get(f"{batch}/fill-in").status == 200


def test_a_task_is_its_askers_under_the_grant_that_it_was_asked_with(app: Flask, staff: SimpleNamespace) -> None:
    with unscoped(staff.engine, "who asks") as session:
        asker = accounts.known_as(session, "三处跑").id
    number = tasks.enqueue(staff.engine, Actor(asker, "三处跑", Role.VILLAGE_OFFICER, 康宁), kind="export",
                           title="康宁社区学生", arguments={})
    person, task = Person(app, "三处跑"), f"/tasks/{number}"
    assert Person(app, "小李").get(task).status == 404
    for elsewhere in (牧童, 城区):
        assert person.send("/grant", {"grant_id": staff.grants[elsewhere]}).status == 302
        assert person.get(task).status == 404, elsewhere
    assert person.send("/grant", {"grant_id": staff.grants[康宁]}).status == 302
    assert person.get(task).status == 200


def test_an_account_whose_higher_grant_begins_tomorrow_is_not_taken_in_hand(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    """With a new password of 小李 周主任 would be an administrator of the county tomorrow."""
    with by_the_machine(staff.engine, "a promotion") as session:
        number = accounts.known_as(session, "小李").id
        promotion = Grant(account_id=number, role="administrator", region_code=示范县,
                          since=date.today() + timedelta(days=1))
        session.add(promotion)
        session.flush()
        above = promotion.id
    director, before = Person(app, "周主任"), everything_in(owner)
    refused = director.send(f"/accounts/{number}/reset-password", {"reason": "本人忘记密码"})
    assert (refused.status, "您不能授予的权限" in refused.text) == (403, True)
    assert everything_in(owner) == before
    with by_the_machine(staff.engine, "the promotion is called off") as session:
        session.get_one(Grant, above).until = date.today() - timedelta(days=1)
    assert director.send(f"/accounts/{number}/reset-password", {"reason": "本人忘记密码"}).status == 302


def test_a_village_whose_only_officer_was_stopped_has_none(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    assert "还没有村（社区）干部账号的 1 个村" in director.get("/accounts/load").text, "晕山"
    with unscoped(staff.engine, "numbers") as session:
        number = accounts.known_as(session, "三处跑").id
    assert director.send(f"/accounts/{number}/disable", {"reason": "已调离"}).status == 302
    assert "还没有村（社区）干部账号的 2 个村" in director.get("/accounts/load").text, "and 牧童; 康宁 has others"


def test_a_family_lives_in_no_town(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    director, before = Person(app, "周主任"), everything_in(owner)
    family = {"head_name": "张大山", "region_code": 城区}
    refused = director.send("/admin/household/new/", family)
    assert (refused.status, "请选择到村（社区）一级" in refused.text) == (400, True)
    assert everything_in(owner) == before
    assert director.send("/admin/household/new/", {**family, "region_code": 康宁}).status == 302


def test_an_act_is_undone_in_the_role_that_may_do_it(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    """三处跑 proposed as an administrator to hold a unit of 康宁 to account. As the village's officer it is not theirs."""
    with unscoped(staff.engine, "the proposal", writing=True) as session:
        who = Actor(accounts.known_as(session, "三处跑").id, "三处跑", Role.ADMINISTRATOR, 城区)
        with recording(session, who, "create") as change:
            session.add(AccountabilityRecord(region_code=康宁, subject_kind="1", subject="康宁社区", situation="1"))
        act = change.id
    person, before = Person(app, "三处跑"), everything_in(owner)
    assert person.send(f"/changes/{act}/undo").status == 403
    assert everything_in(owner) == before
    assert person.send("/grant", {"grant_id": staff.grants[城区]}).status == 302
    assert person.send(f"/changes/{act}/undo").status == 302
    assert everything_in(owner)["accountability_record"] == []


# --- by command -------------------------------------------------------------------------------------


def test_a_command_gives_no_more_than_the_page(
        app: Flask, staff: SimpleNamespace, owner: Engine, tmp_path: Path) -> None:
    """康干部 exports children and no accounts, 督导员 exports nothing in full; what is refused was not taken out, and
    stands in no ledger."""
    def export(table: str, name: str, *words: str, exit_code: int = 0) -> str:
        return command(app, "export", table, "--as", name, "--out", tmp_path / f"{table}-{name}-{exit_code}.xlsx", *words,
                       exit_code=exit_code)

    full = ("--grade", "full", "--reason", "上报县教育局")
    before = everything_in(owner)
    assert "不能" in export("region", "康干部", exit_code=1)
    assert "不能" in export("student", "督导员", *full, exit_code=1)
    assert everything_in(owner) == before and not list(tmp_path.glob("*.xlsx"))

    for table, name, words in (("student", "康干部", full), ("region", "周主任", ()), ("student", "督导员", ())):
        assert "已导出" in export(table, name, *words)


def test_a_list_is_brought_in_by_nobody_who_only_looks(
        app: Flask, staff: SimpleNamespace, owner: Engine, tmp_path: Path) -> None:
    path, before = tmp_path / "名单.xlsx", everything_in(owner)
    path.write_bytes(roster({"姓名": "孙悦", "性别": "女", "出生日期": "2016-05-01", "村（社区）": "康宁社区",
                             "监护人姓名": "孙大海", "学校": "示范小学", "年级": "三年级"}))
    for name in ("督导员", "审计员老郑"):
        assert "不能" in command(app, "roster", "import", path, "--as", name, exit_code=1), name
    assert everything_in(owner) == before
    command(app, "roster", "import", path, "--as", "康干部")
    with unscoped(staff.engine, "who came in") as session:
        assert session.query(Student).filter(Student.name == "孙悦").count() == 1


def test_a_number_in_the_name_of_a_list_is_kept_by_its_last_four(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    officer = Person(app, "康干部")
    officer.upload(roster({"姓名": "孙悦", "性别": "女", "出生日期": "2016-05-01", "村（社区）": "康宁社区",
                           "监护人姓名": "孙大海"}), f"孙悦{staff.李明.identity_number}.xlsx")
    assert "尾号" in officer.page.text
    for table, rows in everything_in(owner).items():
        assert staff.李明.identity_number not in repr(rows), table


def test_a_key_is_its_owners_alone_whatever_the_machine_allows(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        write_private(tmp_path / "key", "秘密")
        (tmp_path / "other").write_text("公开")
    finally:
        os.umask(former)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"key": 0o600, "other": 0o644}
