"""What an attack on hand-over, undo, grants and filters found, each as a sentence."""

import io
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.services import accounts
from models.account import Grant
from models.attachment import Attachment
from models.change import Change, ChangeRow
from models.code_item import CodeItem
from models.setting import Setting
from models.special_group_flag import SpecialGroupFlag
from tests.web.staff import JPEG, Person, by_the_machine, everything_in, hire, hire_staff, 城区, 康宁, 牧童


@pytest.fixture
def staff(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    hire(engine, [("牧童小牛", Role.VILLAGE_OFFICER, 牧童), ("小李", Role.VILLAGE_OFFICER, 康宁)])
    return SimpleNamespace(engine=engine, **vars(district))


def last(engine: Engine, column: object, *conditions: object) -> int:
    with unscoped(engine, "the newest") as session:
        return session.scalars(select(column).where(*conditions).order_by(column.desc())).first()


def paper_on(person: Person, staff: SimpleNamespace, table: str, key: int, name: str) -> int:
    assert person.send(f"/attachments/{table}/{key}", {"file": (io.BytesIO(JPEG), name)}).status == 302
    return last(staff.engine, Attachment.id)


@pytest.mark.parametrize("how", ["whole", "one row"])
def test_papers_come_back_with_a_family_whose_hand_over_is_undone(app: Flask, staff: SimpleNamespace, how: str) -> None:
    director, former, other = Person(app, "周主任"), Person(app, "康干部"), Person(app, "牧童小牛")
    home, child = staff.李明.household_id, staff.李明.id
    before = paper_on(former, staff, "household", home, "户口簿.jpg")
    assert director.send(f"/families/{home}/hand-over", {"region_code": 牧童, "reason": "举家迁入"}).status == 302
    act = last(staff.engine, Change.id, Change.verb == "household:hand_over")
    later = paper_on(other, staff, "student", child, "入学通知.jpg")
    assert (other.get(f"/attachments/{before}").status, former.get(f"/attachments/{before}").status) == (200, 404)

    if how == "whole":
        assert director.send(f"/changes/{act}/undo", {"reason": "办错了"}).status == 302
    else:
        row = last(staff.engine, ChangeRow.id, ChangeRow.change_id == act, ChangeRow.table_name == "household")
        assert director.send(f"/changes/{act}/rows/{row}/revert", {"reason": "办错了"}).status in (200, 302)

    assert former.get(f"/admin/household/details/?id={home}").status == 200
    for paper in (before, later):
        assert (former.get(f"/attachments/{paper}").status, other.get(f"/attachments/{paper}").status) == (200, 404)
    assert former.get(f"/admin/household/details/?id={home}").status + \
        other.get(f"/admin/household/details/?id={home}").status == 604, "it lies in one village"


def test_an_upload_is_struck_out_never_undone_and_only_by_whose_it_is(app: Flask, staff: SimpleNamespace) -> None:
    officer, director = Person(app, "康干部"), Person(app, "周主任")
    mine = paper_on(officer, staff, "student", staff.李明.id, "我的.jpg")
    act = last(staff.engine, Change.id, Change.verb == "attach")
    refused = officer.send(f"/changes/{act}/undo")
    assert (refused.status, "作废" in refused.text) == (403, True)
    theirs = paper_on(director, staff, "student", staff.李明.id, "主任的.jpg")
    refused = officer.send(f"/attachments/{theirs}/void", {"reason": "看不清"})
    assert (refused.status, "自己上传的" in refused.text) == (403, True)
    assert officer.send(f"/attachments/{mine}/void", {"reason": "看不清"}).status == 302
    assert director.send(f"/attachments/{theirs}/void", {"reason": "看不清"}).status == 302


def test_evidence_stays_where_somebody_has_gone_on_from_it(app: Flask, staff: SimpleNamespace) -> None:
    officer, director, flag = Person(app, "康干部"), Person(app, "周主任"), staff.李明.flag_id
    assert director.send(f"/admin/special_group_flag/move/?id={flag}&verb=reject", {"reason": "材料不全"}).status == 302
    returned = officer.get(f"/admin/special_group_flag/details/?id={flag}").text
    assert "退回：材料不全（周主任，" in returned, "the officer reads why before anything else"
    assert returned.index("退回：材料不全") < returned.index("群体类型")
    again = officer.get(f"/admin/special_group_flag/move/?id={flag}&verb=report_again").text
    assert "退回：材料不全（周主任，" in again, "and has it in sight while mending it"
    assert officer.send(f"/admin/special_group_flag/move/?id={flag}&verb=report_again",
                        {"evidence": (io.BytesIO(JPEG), "证明.jpg")}).status == 302
    assert "退回：材料不全（" not in officer.get(f"/admin/special_group_flag/details/?id={flag}").text
    act, paper = last(staff.engine, Change.id), last(staff.engine, Attachment.id)
    assert director.send(f"/admin/special_group_flag/move/?id={flag}&verb=verify", {}).status == 302

    officer.send(f"/changes/{act}/undo")

    with unscoped(staff.engine, "what stands") as session:
        assert session.get_one(SpecialGroupFlag, flag).state == "verified"
        assert session.get(Attachment, paper) is not None, "the administrator confirmed on it"


def test_why_a_paper_was_struck_out_is_not_told_to_whom_its_name_is_not(app: Flask, staff: SimpleNamespace) -> None:
    officer = Person(app, "康干部")
    paper = paper_on(officer, staff, "student", staff.李明.id, "残疾证.jpg")
    assert officer.send(f"/attachments/{paper}/void", {"reason": "张三丰的残疾证，不是这孩子"}).status == 302
    act = last(staff.engine, Change.id)
    assert "张三丰" in officer.get(f"/changes/{act}").text
    for page in (f"/changes/{act}", "/changes/"):
        assert "张三丰" not in Person(app, "审计员老郑").get(page).text


def test_an_identity_number_and_unreadable_signs_do_not_stay_in_a_reason(app: Flask, staff: SimpleNamespace) -> None:
    officer, child = Person(app, "康干部"), staff.李明
    address = f"/admin/student/edit/?id={child.id}"
    form = officer.get(address).form("保存").fields
    for empty in ("\u202e\u200b", "\u3000 "):
        assert officer.send(address, {**form, "name": "李鸣", "reason": empty}).status == 400
    assert officer.send(address, {**form, "name": "李鸣",
                                  "reason": f"\u202e户口簿上是{child.identity_number}，\u3000叫李鸣"}).status == 302
    with unscoped(staff.engine, "the ledger") as session:
        said = session.scalars(select(Change.reason).order_by(Change.id.desc())).first()
    assert child.identity_number not in said and "\u202e" not in said
    assert f"尾号{child.identity_number[-4:]}" in said and "叫李鸣" in said


def test_what_holds_for_all_units_is_not_changed_from_below_by_any_door(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    director = Person(app, "周主任")
    with by_the_machine(staff.engine, "a rule and a code") as session:
        session.add(CodeItem(code_table="special_group", code="left_behind", label="留守儿童", position=1))
        rule = session.scalars(select(Setting.id).where(Setting.key == "export_kept_days")).one()
        item = session.scalars(select(CodeItem.id).where(CodeItem.label == "留守儿童")).one()
    address = f"/admin/setting/edit/?id={rule}"
    assert director.send(address, {**director.get(address).form("保存").fields, "value": "30"}).status == 302
    act = last(staff.engine, Change.id)
    assert director.get("/admin/code_item/new/").status == 200
    hire(staff.engine, [("县里的老郭", Role.ADMINISTRATOR, "990101000000")])
    before = everything_in(owner)

    for refused in (director.send(f"/changes/{act}/undo"), director.get(f"/admin/code_item/edit/?id={item}"),
                    director.get("/admin/code_item/new/"),
                    director.send("/admin/code_item/new/", {"code_table": "special_group", "code": "x", "label": "新",
                                                            "position": "9"})):
        assert (refused.status, "须由最上级的管理员" in refused.text) == (403, True)
    assert everything_in(owner) == before
    assert "撤销这次变更" not in director.get(f"/changes/{act}").text
    county = Person(app, "县里的老郭")
    form = county.get(f"/admin/code_item/edit/?id={item}").form("保存").fields
    assert county.send(f"/admin/code_item/edit/?id={item}", {**form, "label": "留守"}).status == 302


def test_an_account_beyond_ones_rights_is_given_no_role_either(app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    director, auditor = Person(app, "周主任"), Person(app, "审计员老郑")
    with unscoped(staff.engine, "numbers") as session:
        number, own = accounts.known_as(session, "审计员老郑").id, accounts.known_as(session, "小李").id
    given = {"role": "inspector", "region_code": 城区, "since": date.today().isoformat()}
    before = everything_in(owner)
    refused = director.send("/admin/grant/new/", {**given, "account_id": number})
    assert (refused.status, "您不能授予的权限" in refused.text) == (403, True)
    assert everything_in(owner) == before and auditor.get("/changes/").status == 200
    assert director.send("/admin/grant/new/", {**given, "account_id": own}).status == 302


def test_nobody_gives_for_longer_than_they_hold_nor_for_days_that_are_over(app: Flask, staff: SimpleNamespace) -> None:
    end = date.today() + timedelta(days=30)
    with by_the_machine(staff.engine, "their last day") as session:
        accounts.known_as(session, "周主任").grants[0].until = end
        number = accounts.known_as(session, "小李").id
    director = Person(app, "周主任")
    given = {"account_id": number, "role": "inspector", "region_code": 城区, "since": date.today().isoformat()}
    for until in ("", (end + timedelta(days=1)).isoformat()):
        refused = director.send("/admin/grant/new/", {**given, "until": until})
        assert (refused.status, f"您自己的授权到 {end} 为止" in refused.text) == (400, True), until
    past = director.send("/admin/grant/new/", {**given, "since": "2020-01-01", "until": "2020-02-01"})
    assert (past.status, "不能补记到从前" in past.text) == (400, True)
    assert director.send("/admin/grant/new/", {**given, "until": end.isoformat()}).status == 302


def test_whoever_looks_in_from_above_comes_for_a_time(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    with unscoped(staff.engine, "a number") as session:
        number = accounts.known_as(session, "小李").id
    given = {"region_code": 城区, "since": date.today().isoformat(), "account_id": number}
    assert director.send("/admin/grant/new/", {**given, "role": "inspector"}).status == 302
    assert director.send("/admin/grant/new/", {**given, "role": "administrator"}).status == 302
    with unscoped(staff.engine, "what was granted") as session:
        granted = {g.role: g for g in accounts.known_as(session, "小李").grants}
        session.expunge_all()
    assert granted["inspector"].until == date.today() + timedelta(days=89), "as the settings have it"
    assert granted["administrator"].until is None, "who works here stays"
    address = f"/admin/grant/edit/?id={granted['inspector'].id}"
    form = {**director.get(address).form("保存").fields, "until": "", "reason": "一直留着"}
    endless = director.send(address, form)
    assert (endless.status, "须有失效日期" in endless.text) == (400, True)
    assert director.send(address, {**form, "until": (date.today() + timedelta(days=200)).isoformat()}).status == 302


def test_the_last_day_of_a_grant_from_above_is_moved_with_a_reason_and_stands_behind_the_first(
        app: Flask, staff: SimpleNamespace) -> None:
    hire(staff.engine, [("县里的老郭", Role.ADMINISTRATOR, "990101000000")])
    with by_the_machine(staff.engine, "a grant that the machine gave") as session:
        grant = accounts.known_as(session, "周主任").grants[0]
        grant.granted_by_id = accounts.known_as(session, "审计员老郑").id
        grant.since = date.today() + timedelta(days=20)
        number = grant.id
    county, address = Person(app, "县里的老郭"), f"/admin/grant/edit/?id={number}"
    form = county.get(address).form("保存").fields
    early = county.send(address, {**form, "until": (date.today() + timedelta(days=5)).isoformat(), "reason": "试用"})
    assert (early.status, "失效日期早于生效日期" in early.text) == (400, True)
    later = {**form, "until": (date.today() + timedelta(days=50)).isoformat()}
    assert county.send(address, later).status == 400, "why is asked"
    assert county.send(address, {**later, "reason": "聘期延长"}).status == 302
    with unscoped(staff.engine, "the grant") as session:
        assert session.get_one(Grant, number).until == date.today() + timedelta(days=50)


def test_an_account_is_not_renamed_in_silence_nor_into_nonsense(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    with unscoped(staff.engine, "a number") as session:
        number = accounts.known_as(session, "小李").id
    address = f"/admin/account/edit/?id={number}"
    form = director.get(address).form("保存").fields
    assert director.send(address, {**form, "display_name": "老李"}).status == 400
    for name in ("<script>", "a b", "\u202ex", "x"):
        refused = director.send(address, {**form, "username": name, "reason": "改名"})
        assert (refused.status, "用户名须为" in refused.text) == (400, True), name
    assert director.send(address, {**form, "display_name": "老李", "reason": "本人改名"}).status == 302


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("query", ["until=9999-12-31", "since=0001-01-01", "who=" + "%25" * 9000, "verb=" + "a" * 20000,
                                   "region=" + "9" * 12, "region=x", "pk=" + "9" * 5000])
def test_no_argument_of_the_ledger_breaks_it(app: Flask, staff: SimpleNamespace, query: str) -> None:
    auditor = Person(app, "审计员老郑")
    assert auditor.get(f"/changes/?{query}").status == 200
    assert auditor.send(f"/changes/export?{query}").status == 200


def test_a_telephone_that_was_typed_again_is_no_change(app: Flask, staff: SimpleNamespace) -> None:
    director, home = Person(app, "周主任"), staff.李明.household_id
    address = f"/admin/household/edit/?id={home}"
    form = director.get(address).form("保存").fields
    before = last(staff.engine, Change.id)
    assert director.send(address, form).status == 302
    assert last(staff.engine, Change.id) == before, "nothing changed, nothing is told"
    assert director.send(address, {**form, "phone": "19935712499"}).status == 302
    assert last(staff.engine, Change.id) > before


def test_a_shared_view_holds_nothing_but_what_its_list_understands(app: Flask, staff: SimpleNamespace) -> None:
    director, officer = Person(app, "周主任"), Person(app, "康干部")
    director.send("/views/student", {"name": "在校", "role": "village_officer",
                                     "query": "schooling_state=enrolled&told=韩春生&Search=韩春生&note=韩春生"})
    page = officer.get("/admin/student/")
    shared = next(href for text, href in page.links if "在校" in text and "共享" in text)
    assert "schooling_state=enrolled" in shared and "=%E9%9F%A9" not in shared and "韩春生" not in shared


def test_no_page_of_an_account_shows_its_passwords_hash(app: Flask, staff: SimpleNamespace) -> None:
    with unscoped(staff.engine, "whose") as session:
        number = accounts.known_as(session, "小李").id
    for who in ("周主任", "审计员老郑"):
        reader = Person(app, who)
        page = reader.get(f"/admin/account/details/?id={number}")
        assert page.status == 200 and "小李" in page.text
        for address in (page.address, "/admin/account/?cols=password_hash", "/changes/?table=account"):
            assert b"$argon2" not in reader.get(address).bytes and "密码摘要" not in reader.page.text, (who, address)


def test_the_account_tells_of_its_grants_and_that_it_was_stopped(app: Flask, staff: SimpleNamespace) -> None:
    director = Person(app, "周主任")
    with unscoped(staff.engine, "numbers") as session:
        account = accounts.known_as(session, "小李")
        number, grant = account.id, account.grants[0].id
    director.send(f"/accounts/grants/{grant}/end", {"reason": "不再分管"})
    director.send(f"/accounts/{number}/disable", {"reason": "已调离"})
    page = director.get(f"/admin/account/details/?id={number}")
    assert "已停用" in page.text and "不再分管" in page.text and "授权：收回" in page.text
    assert "已收回" in director.get(f"/admin/grant/details/?id={grant}").text


def test_a_grant_offers_only_the_roles_that_one_may_give(app: Flask, staff: SimpleNamespace) -> None:
    offered = Person(app, "周主任").get("/admin/grant/new/").form("保存").choices["role"]
    assert "督导检查" in offered and not {"系统管理员", "审计员"} & set(offered)


def test_the_ledger_marks_what_was_taken_back_and_the_sheet_says_which_fields(app: Flask, staff: SimpleNamespace) -> None:
    officer, child = Person(app, "康干部"), staff.李明.id
    address = f"/admin/student/edit/?id={child}"
    assert officer.send(address, {**officer.get(address).form("保存").fields, "class_name": "三班"}).status == 302
    act = last(staff.engine, Change.id)
    assert "已撤销" not in officer.get("/changes/").text
    assert officer.send(f"/changes/{act}/undo").status == 302
    undoing = last(staff.engine, Change.id)
    assert "已撤销" in officer.get("/changes/").text and "已撤销" in officer.get("/").text
    rows = [[str(c.value or "") for c in row] for row in officer.send("/changes/export").workbook().active.iter_rows()]
    head = next(row for row in rows if "改动的字段" in row)
    lines = {row[1]: dict(zip(head, row, strict=True)) for row in rows if row[1].isdecimal()}
    assert lines[str(act)]["改动的字段"] == "班级" and lines[str(act)]["涉及记录"] == f"学生 {child}"
    assert lines[str(act)]["对应变更"] == f"已被 {undoing} 撤销" and lines[str(undoing)]["对应变更"] == f"撤销了 {act}"
