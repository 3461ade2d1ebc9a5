"""Accounts and grants after they were made, and papers that prove nothing: what is asked, told and refused."""

import io
from datetime import date, timedelta
from types import SimpleNamespace

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import Engine, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.services import accounts
from admin_app.services.passwords import fault
from models.account import Account, Grant
from models.attachment import Attachment
from models.change import Change
from tests.web.staff import JPEG, Person, by_the_machine, everything_in, hire, hire_staff, 城区, 康宁, 牧童

县 = "990101000000"


@pytest.fixture
def staff(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    """The staff of 城区, and 小李, an officer of 康宁."""
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    hire(engine, [("小李", Role.VILLAGE_OFFICER, 康宁)], since=date.today())
    with unscoped(engine, "numbers") as session:
        numbers = {name: accounts.known_as(session, name).id for name in ("小李", "周主任", "康干部")}
        grants = {name: accounts.known_as(session, name).grants[0].id for name in numbers}
    return SimpleNamespace(engine=engine, accounts=SimpleNamespace(**numbers), grants=SimpleNamespace(**grants),
                           **vars(district))


def grant(staff: SimpleNamespace, name: str) -> Grant:
    with unscoped(staff.engine, "a grant") as session:
        found = session.get_one(Grant, getattr(staff.grants, name))
        session.expunge_all()
        return found


# --- what is done to an account ---------------------------------------------------------------------


def test_what_is_done_to_an_account_stands_in_its_history_with_why(app: Flask, staff: SimpleNamespace) -> None:
    director, account = Person(app, "周主任"), staff.accounts.小李
    for verb, why in (("disable", "已调离"), ("enable", "又调回"), ("reset-password", "本人忘记密码"), ("end-sessions", "手机遗失")):
        assert director.send(f"/accounts/{account}/{verb}", {"reason": " "}).status == 400, verb
        assert "须写明原因" in director.page.text
        assert director.send(f"/accounts/{account}/{verb}", {"reason": why}).status == 302, verb

    for reader in (director, Person(app, "审计员老郑")):
        page = reader.get(f"/admin/account/details/?id={account}")
        for said in ("已调离", "又调回", "本人忘记密码", "手机遗失", "停用时间", "密码修改时间", "登录有效起点"):
            assert said in page.text, said
    with unscoped(staff.engine, "the ledger") as session:
        verbs = set(session.scalars(select(Change.verb).where(Change.actor == "周主任")))
    assert verbs == {"disable", "enable", "reset_password", "revoke_sessions"}, "each of them is an act"


def test_an_account_that_holds_more_than_one_may_grant_is_not_edited_and_offers_no_button(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    hire(staff.engine, [("老郭", Role.ADMINISTRATOR, 城区)])
    with by_the_machine(staff.engine, "his real rights") as session:
        account = accounts.known_as(session, "老郭")
        account.grants[0].region_code = 县
        above = account.id
    director, before = Person(app, "周主任"), everything_in(owner)

    page = director.get(f"/admin/account/details/?id={above}")
    assert "老郭" in page.text
    assert not [form for form in page.forms if form.action.startswith("/accounts/")]
    assert not [href for _, href in page.links if href.startswith("/admin/account/edit/")]
    for refused in (director.get(f"/admin/account/edit/?id={above}"),
                    director.send(f"/admin/account/edit/?id={above}", {"display_name": "老郭头", "username": "老郭"})):
        assert (refused.status, "您不能授予的权限" in refused.text) == (403, True)
    assert everything_in(owner) == before

    page = director.get(f"/admin/account/details/?id={staff.accounts.小李}")
    assert {"重置密码", "强制下线", "停用"} <= {button for form in page.forms for button in form.buttons}
    address = f"/admin/account/edit/?id={staff.accounts.小李}"
    form = director.get(address).form("保存").fields
    assert director.send(address, {**form, "note": "兼管两个网格", "reason": "分工调整"}).status == 302


# --- grants -----------------------------------------------------------------------------------------


def test_a_grant_is_taken_back_on_its_first_day_and_stays_to_be_read(app: Flask, staff: SimpleNamespace) -> None:
    director, officer = Person(app, "周主任"), Person(app, "小李")
    assert officer.get("/").status == 200
    assert director.send(f"/accounts/grants/{staff.grants.小李}/end").status == 400, "why is asked first"
    assert officer.get("/").status == 200

    assert director.send(f"/accounts/grants/{staff.grants.小李}/end", {"reason": "授错了人"}).status == 302

    assert officer.get("/").location.startswith("/login")
    ended = grant(staff, "小李")
    assert (ended.since, ended.until, ended.ended_at is not None) == (date.today(), None, True)
    page = director.get(f"/admin/grant/details/?id={staff.grants.小李}")
    assert "收回时间" in page.text and "授错了人" in page.text
    assert not [form for form in page.forms if form.action.startswith("/accounts/")]
    again = director.send(f"/accounts/grants/{staff.grants.小李}/end", {"reason": "再收回一次"})
    assert (again.status, "已经结束" in again.text) == (403, True)


def test_the_last_day_of_a_grant_is_moved_and_nothing_else_of_it(app: Flask, staff: SimpleNamespace) -> None:
    director, officer = Person(app, "周主任"), Person(app, "小李")
    address, next_year = f"/admin/grant/edit/?id={staff.grants.小李}", date.today() + timedelta(days=300)
    form = director.get(address).form("保存").fields
    assert not {"role", "region_code", "account_id", "since"} & set(form)

    past = director.send(address, {**form, "until": (date.today() - timedelta(days=1)).isoformat()})
    assert (past.status, "失效日期已经过去" in past.text) == (400, True)
    assert officer.get("/").status == 200
    done = director.send(address, {**form, "until": next_year.isoformat(), "role": "administrator", "region_code": 城区,
                                   "reason": "聘期延长"})

    assert done.status == 302
    found = grant(staff, "小李")
    assert (found.until, found.role, found.region_code) == (next_year, "village_officer", 康宁)
    assert officer.get("/").location.startswith("/login"), "its rights have changed: sign in again"
    account = f"/admin/account/details/?id={staff.accounts.小李}"
    assert "将到" in director.get(account).text
    director.send(f"/accounts/grants/{staff.grants.小李}/end", {"reason": "提前离任"})
    assert "将到" not in director.get(account).text, "what was taken back has nothing to come"


def test_nobody_gives_or_takes_rights_of_their_own(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    director, before = Person(app, "周主任"), everything_in(owner)
    own = {"account_id": staff.accounts.周主任, "role": "inspector", "region_code": 城区, "since": date.today().isoformat()}
    refused = director.send("/admin/grant/new/", own)
    assert (refused.status, "不能给自己授权" in refused.text) == (403, True)
    for page in (director.send(f"/accounts/grants/{staff.grants.周主任}/end", {"reason": "试一试"}),
                 director.get(f"/admin/grant/edit/?id={staff.grants.周主任}")):
        assert (page.status, "自己的授权" in page.text) == (403, True)
    assert everything_in(owner) == before
    assert director.send("/admin/grant/new/", {**own, "account_id": staff.accounts.小李}).status == 302


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_demos_password_is_nobodys_own(app: Flask, staff: SimpleNamespace) -> None:
    assert "本系统的名字" in (fault("baoxue-demo-2026", "asvs") or "")
    assert fault("beixue-demo-2026", "asvs") is None
    with unscoped(staff.engine, "whose") as session:
        assert session.scalar(select(Account.id).where(Account.username == "小李"))


def test_the_form_of_the_list_names_the_villages_that_nobody_keeps(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    assert "还没有村（社区）干部账号的 2 个村" in director.get("/accounts/load").text
    book = openpyxl.load_workbook(io.BytesIO(director.get("/accounts/template.xlsx").bytes))
    sheet = book["名单"]
    captions = [cell.value for cell in sheet[3]]
    lines = {row[captions.index("区划")]: number for number, row in enumerate(sheet.iter_rows(min_row=4, values_only=True), 4)}
    assert len(lines) == 2 and not any("康宁" in name for name in lines), "康宁 has its officers"
    village = next(name for name in lines if "晕山" in name)

    as_it_came = io.BytesIO()
    book.save(as_it_came)
    nothing = director.send("/accounts/load", {"file": (io.BytesIO(as_it_came.getvalue()), "名单.xlsx")})
    assert (nothing.status, "名单里没有账号" in nothing.text) == (400, True)
    for caption, value in (("用户名", "yunshan"), ("姓名", "晕山老赵")):
        sheet.cell(lines[village], captions.index(caption) + 1).value = value
    filled = io.BytesIO()
    book.save(filled)
    made = director.send("/accounts/load", {"file": (io.BytesIO(filled.getvalue()), "名单.xlsx")})

    assert made.status == 200 and "已建 1 个账号" in made.text
    with unscoped(staff.engine, "the new account") as session:
        given = accounts.known_as(session, "yunshan").grants[0]
        assert (given.role, given.region_code) == ("village_officer", "990101400003")
    assert openpyxl.load_workbook(io.BytesIO(director.get("/accounts/template.xlsx").bytes))["名单"].max_row == 4


def test_all_faults_of_an_account_list_are_said_with_their_rows(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    lines = [("用户名", "姓名", "角色", "区划", "失效日期"), ("laozhang", "老张", "督导检查", "示范县", ""),
             ("laowang", "老王", "村（社区）干部", "康宁社区", "昨天"), ("laoli", "老李", "书记", "康宁社区", ""),
             ("laozhao", "老赵", "村（社区）干部", "康宁社区", "")]
    page = director.send("/accounts/load", {"file": (io.BytesIO("\n".join(map(",".join, lines)).encode()), "名单.csv")})
    assert page.status == 400
    for said in ("第 2 行（laozhang）：“示范县”不在您的管辖范围内", "第 3 行（laowang）：失效日期：", "第 4 行（laoli）：没有角色“书记”"):
        assert said in page.text, said
    with unscoped(staff.engine, "nobody") as session:
        assert session.scalar(select(Account.id).where(Account.username == "laozhao")) is None, "all or none"


# --- what is written beside them --------------------------------------------------------------------


def test_what_was_noted_of_a_grant_stands_with_it(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    form = director.get("/admin/grant/new/").form("保存").fields
    wanted = {**form, "account_id": f"{staff.accounts.小李}", "role": "inspector", "region_code": 城区,
              "since": date.today().isoformat()}
    refused = director.send("/admin/grant/new/", {**wanted, "note": f"证件 {staff.李明.identity_number}"})
    assert (refused.status, "完整的身份证号" in refused.text) == (400, True)
    assert director.send("/admin/grant/new/", {**wanted, "note": "随督导组来"}).status == 302
    with unscoped(staff.engine, "the grant") as session:
        assert session.scalars(select(Grant.note).where(
            Grant.account_id == staff.accounts.小李, Grant.role == "inspector")).one() == "随督导组来"


def test_a_new_account_is_read_as_one_that_stands(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    director = Person(app, "周主任")
    form = director.get("/admin/account/new/").form("保存").fields
    wanted = {**form, "username": "xinren", "display_name": "新人", "region_code": 康宁, "role": "village_officer"}
    before = everything_in(owner)
    for column, text, why in (("note", f"证件 {staff.李明.identity_number}", "完整的身份证号"), ("note", "长" * 2001, "太长"),
                              ("display_name", "新\x07人", "控制字符")):
        refused = director.send("/admin/account/new/", {**wanted, column: text})
        assert (refused.status, why in refused.text) == (400, True), why
    assert everything_in(owner) == before
    assert director.send("/admin/account/new/", {**wanted, "note": " 兼网格员 "}).status == 302
    with unscoped(staff.engine, "the account") as session:
        assert accounts.known_as(session, "xinren").note == "兼网格员"


# --- papers -----------------------------------------------------------------------------------------


def test_a_paper_is_struck_out_with_why_counts_no_more_and_comes_back(app: Flask, staff: SimpleNamespace) -> None:
    officer, child = Person(app, "周主任"), staff.李明.id
    details, leave = f"/admin/student/details/?id={child}", f"/admin/student/move/?id={child}&verb=take_leave"
    assert officer.send(f"/attachments/{staff.李明.attachment_id}/void", {"reason": "看不清"}).status == 302
    assert officer.send(f"/attachments/student/{child}", {"file": (io.BytesIO(JPEG), "隔壁家的病历.jpg")}).status == 302
    with unscoped(staff.engine, "the paper") as session:
        paper = session.scalars(select(Attachment.id).order_by(Attachment.id.desc())).first()

    assert officer.send(f"/attachments/{paper}/void", {"reason": ""}).status == 400
    assert "已作废：传错了户" not in officer.get(details).text
    assert officer.send(f"/attachments/{paper}/void", {"reason": "传错了户"}).status == 302

    page = officer.get(details)
    assert "已作废：传错了户" in page.text and "隔壁家的病历.jpg" in page.text, "it stays to be read"
    for told in ("上传附件 附件", "作废附件 附件", "改为 传错了户"):
        assert told in page.text, "and the child's own history tells of it"
    assert officer.get(f"/attachments/{paper}").bytes == JPEG
    assert officer.send(f"/attachments/{paper}/void", {"reason": "再作废"}).status == 409
    refused = officer.send(leave, {"leave_until": f"{date.today() + timedelta(days=300):%Y%m%d}"})
    assert (refused.status, "须有佐证" in refused.text) == (400, True), "it proves nothing"

    act = [href for text, href in officer.get(details).links if text == "查看变更"][-1]
    assert officer.send(f"{act}/undo").status == 302
    assert "已作废：传错了户" not in officer.get(details).text
    assert officer.send(leave, {"leave_until": f"{date.today() + timedelta(days=300):%Y%m%d}"}).status == 302


def test_a_paper_of_the_next_village_is_not_struck_out(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    letter = staff.李明.letter_id
    hire(staff.engine, [("牧童小牛", Role.VILLAGE_OFFICER, 牧童)])
    officer = Person(app, "康干部")
    officer.send(f"/attachments/responsibility_letter/{letter}", {"file": (io.BytesIO(JPEG), "责任书.jpg")})
    with unscoped(staff.engine, "the paper") as session:
        paper = session.scalars(select(Attachment.id).order_by(Attachment.id.desc())).first()
    before = everything_in(owner)
    for who, status in (("牧童小牛", 404), ("督导老钱", 403)):
        if who == "督导老钱":
            hire(staff.engine, [(who, Role.INSPECTOR, 城区)])
            before = everything_in(owner)
        assert Person(app, who).send(f"/attachments/{paper}/void", {"reason": "试一试"}).status == status, who
    assert everything_in(owner) == before
    assert officer.send(f"/attachments/{paper}/void", {"reason": "传错了户"}).status == 302


def test_a_photo_without_a_suffix_gets_its_own(app: Flask, staff: SimpleNamespace) -> None:
    officer, child = Person(app, "康干部"), staff.李明.id
    assert officer.send(f"/attachments/student/{child}", {"file": (io.BytesIO(JPEG), "家访照片")}).status == 302
    assert "家访照片.jpg" in officer.get(f"/admin/student/details/?id={child}").text
