"""One letter of a family in a year, one flag of a kind for a child: whichever way a second one would come to stand.
And days in their order, whoever says them."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.responsibility_letter import ResponsibilityLetter
from models.special_group_flag import SpecialGroupFlag
from seed import makers
from tests.conftest import actor

康宁, PNG = "990101400001", b"\x89PNG\r\n\x1a\n" + b"0" * 40
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(store, district):
    """曾大山 of 康宁 with 曾一, born 2015."""
    with unscoped(store, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="曾大山")
            child = makers.student(session, home, "曾一", birth_date=date(2015, 9, 1), schooling_state="enrolled")
            return {"household": home.id, "student": child.id}


def states(store, model):
    with unscoped(store, "what stands") as session:
        return session.scalars(select(model.state).order_by(model.id.desc()).limit(2)).all()


def letters_of(store, home):
    with unscoped(store, "the letters of the family") as session:
        return sorted(session.scalars(select(ResponsibilityLetter.state).where(
            ResponsibilityLetter.household_id == home["household"])))


def kinds_of(store, home):
    with unscoped(store, "the flags of the child") as session:
        return dict(session.execute(select(SpecialGroupFlag.kind, SpecialGroupFlag.state).where(
            SpecialGroupFlag.student_id == home["student"]).order_by(SpecialGroupFlag.id.desc())).all())


def new_letter(desk, home, status=200, **typed):
    desk.open(f"/admin/responsibility_letter/new/?household_id={home['household']}")
    desk.press("保存", status=status, **typed)
    return desk.page.address


def new_flag(desk, home):
    desk.open(f"/admin/special_group_flag/new/?student_id={home['student']}")
    desk.press("保存", kind="72", since="20260901")
    return desk.page.address


def moved(desk, address, verb, status=200, **typed):
    desk.open(desk.open(address).link(verb))
    desk.press(verb, status=status, **typed)
    return desk.page


def act_of(desk, verb):
    """The page of one's last act of this kind."""
    return next(href for _, href in desk.open(f"/changes/?verb={verb}").links if re.fullmatch(r"/changes/\d+", href))


def test_a_letter_that_was_void_does_not_come_back_beside_its_successor(officer, director, home, store):
    first = new_letter(officer, home)
    moved(officer, first, "作废", reason="写错了")
    act = act_of(officer, "void")
    new_letter(officer, home)
    officer.open(act)
    said = officer.post(act + "/undo", {"csrf_token": officer.token}, status=400)
    assert "后来已另有一条同样的" in said.text
    again = moved(director, first, "恢复待签", status=400, reason="弄错了")
    assert "已另有一条同样的“责任书”（待签订）" in again.text
    assert states(store, ResponsibilityLetter) == ["unsigned", "void"]

    second = officer.open("/admin/responsibility_letter/?state=unsigned&search=曾大山").table("编号")[0]["编号"]
    moved(officer, officer.open("/admin/responsibility_letter/?search=曾大山").link(second), "作废", reason="重复了")
    officer.post(act + "/undo", {"csrf_token": officer.token})
    assert sorted(states(store, ResponsibilityLetter)) == ["unsigned", "void"], "the control: now it may"


def test_a_letter_whose_making_was_undone_does_not_come_back_beside_its_successor(officer, home, store):
    new_letter(officer, home)
    officer.open(act_of(officer, "responsibility_letter:create"))
    undoing = officer.press("撤销这次变更").link("查看撤销")
    second = new_letter(officer, home)
    officer.open(undoing)
    assert "后来已另有一条同样的" in officer.press("撤销这次变更", status=400).text
    assert letters_of(store, home) == ["unsigned"]

    moved(officer, second, "作废", reason="重复了")
    officer.open(undoing)
    assert "恢复后会与后来登记的另一条重复" in officer.press("撤销这次变更", status=400).text, "it has its number too"
    edited(officer, second, number="990101400001-2026-9")
    officer.open(undoing)
    officer.press("撤销这次变更")
    assert letters_of(store, home) == ["unsigned", "void"], "the control: now it may"


def edited(desk, address, **typed):
    """Changes a record; gives the page of the act."""
    desk.open(desk.open(address).link("修改"))
    desk.press("保存", **typed)
    return act_of(desk, f"{address.split('/')[2]}:edit")


def test_a_flag_does_not_go_back_to_its_kind_beside_a_newer_one_of_it(officer, home, store):
    act = edited(officer, new_flag(officer, home), kind="21")
    newer = new_flag(officer, home)
    officer.open(act)
    assert "后来已另有一条同样的" in officer.press("撤销这次变更", status=400).text
    assert kinds_of(store, home) == {"21": "reported", "72": "reported"}

    moved(officer, newer, "解除", until="20261001")
    officer.open(act)
    officer.press("撤销这次变更")
    assert kinds_of(store, home) == {"72": "reported"}, "the control: now it may"


def test_a_void_letter_goes_back_to_its_year_beside_the_one_that_stands(officer, home, store):
    void = new_letter(officer, home)
    year = int(officer.page.facts["学年"][:4])
    moved(officer, void, "作废", reason="写错了")
    act = edited(officer, void, school_year=str(year - 1))
    new_letter(officer, home, number="曾信2")
    officer.open(act)
    officer.press("撤销这次变更")
    assert officer.open(void).facts["学年"].startswith(str(year)), "one that is void is no second one"
    assert letters_of(store, home) == ["unsigned", "void"]


def test_of_two_like_letters_that_are_void_a_batch_brings_back_neither(officer, director, home, store):
    for number in ("曾信1", "曾信2"):
        moved(officer, new_letter(officer, home, number=number), "作废", reason="写错了")

    def brought_back(search, status):
        director.open(f"/admin/responsibility_letter/?state=void&search={search}")
        form = director.page.form("办理")
        director.post(form.action, {"csrf_token": director.token, "verb": "reissue", "range": "all"})
        director.press("下一步：预览", reason="弄错了")
        return director.press("确认恢复待签", status=status)

    assert "请每样只选一条" in brought_back("曾大山", 409).text
    assert letters_of(store, home) == ["void", "void"]
    brought_back("曾信2", 200)
    assert letters_of(store, home) == ["unsigned", "void"], "the control"


def test_a_flag_that_was_returned_is_not_reported_again_beside_a_newer_one(officer, director, home, store):
    first = new_flag(officer, home)
    moved(director, first, "退回", reason="没有证明")
    new_flag(officer, home)
    refused = moved(officer, first, "重新上报", status=400, evidence=("证明.png", PNG))
    assert "已另有一条同样的“特殊群体标记”（已上报）" in refused.text
    assert states(store, SpecialGroupFlag) == ["reported", "rejected"]

    officer.open("/admin/special_group_flag/?state=rejected&kind=72")
    with unscoped(store, "its number") as session:
        key = session.scalar(select(SpecialGroupFlag.id).where(SpecialGroupFlag.state == "rejected"))
    officer.post("/batches/new/special_group_flag", {"csrf_token": officer.token, "verb": "report_again", "range": "ticked",
                                                        "pk": str(key)})
    officer.press("下一步：预览", evidence=("证明.png", PNG))
    assert "已另有一条同样的" in officer.page.text
    assert not [form.action for form in officer.page.forms if "/confirm" in form.action], "there is nothing to confirm"


@pytest.mark.parametrize(("verb", "field", "day", "why"), [
    ("解除", "until", "20200101", "“解除日期”不能早于“起始日期”（2026-09-01）"),
    ("核实", "verified_on", "20200101", "“核实日期”不能早于“起始日期”（2026-09-01）"),
])
def test_the_days_of_a_flag_are_in_order(officer, director, home, verb, field, day, why):
    there = new_flag(officer, home)
    assert why in moved(director, there, verb, status=400, **{field: day}).text
    director.press(verb, **{field: "20261001"})
    assert director.page.facts["起始日期"] == "2026-09-01"


def test_the_days_of_each_are_in_order_in_a_batch_too(officer, director, home):
    new_flag(officer, home)
    director.open("/admin/special_group_flag/?kind=72")
    form = director.page.form("办理")
    director.post(form.action, {"csrf_token": director.token, "verb": "end", "range": "all"})
    director.press("下一步：预览", until="20200101")
    assert "“解除日期”不能早于“起始日期”（2026-09-01）" in director.page.text
    assert not [form.action for form in director.page.forms if "/confirm" in form.action]
    director.open(director.page.link("改填写内容"))
    director.press("下一步：预览", until="20261001")
    assert [form.action for form in director.page.forms if "/confirm" in form.action], "the control: a day that may be"


def test_a_flag_does_not_begin_tomorrow(officer, home):
    officer.open(f"/admin/special_group_flag/new/?student_id={home['student']}")
    tomorrow = date.today() + timedelta(days=1)
    officer.press("保存", status=400, kind="72", since=f"{tomorrow}")
    assert "“起始日期”不能晚于今天" in officer.page.text
    officer.press("保存", since=f"{date.today()}")


def test_a_child_is_not_checked_before_it_was_born_nor_before_the_last_time(officer, home):
    there = f"/admin/student/details/?id={home['student']}"
    assert "不能早于“出生日期”" in moved(officer, there, "登记核查", status=400, checked_on="20100101").text
    officer.press("登记核查", checked_on="20261001")
    assert "已有更晚的“最近核查日期”（2026-10-01）" in moved(officer, there, "登记核查", status=400, checked_on="20260901").text
    officer.press("登记核查", checked_on="20261015")
    assert officer.page.facts["最近核查日期"] == "2026-10-15"


def test_a_term_of_office_does_not_end_before_it_begins(director, home):
    director.open("/admin/post/new/")
    kind = next(code for code in director.page.form("保存").choices["kind"].values() if code)
    director.press("保存", status=400, region_code=康宁, kind=kind, unit="康宁社区", holder="曾书记", since="20260901",
                   until="20250901")
    assert "“任期止”不能早于“任期起”（2026-09-01）" in director.page.text
    director.press("保存", until="20270901")
    assert director.page.facts["任期止"] == "2027-09-01"


def held_to_account(desk, who, subject_kind):
    desk.open("/admin/accountability_record/new/")
    desk.press("保存", region_code=康宁, subject=who, subject_kind=subject_kind, situation="2")
    return desk.page.address


def test_a_sanction_is_one_that_the_unit_or_the_person_can_be_given(director, home):
    there = held_to_account(director, "康宁社区", "1")
    refused = moved(director, there, "作出决定", status=400, form="25", decided_by="区教育局", decided_on="20261101")
    assert "这种“问责方式”不适用于这个“对象类别”" in refused.text
    director.press("作出决定", form="12")
    assert director.page.facts["问责方式"] == "约谈（单位）"
    director.open(there.replace("details", "edit"))
    director.press("保存", status=400, subject_kind="2")
    assert "这种“问责方式”不适用于这个“对象类别”" in director.page.text


def test_a_batch_gives_a_sanction_to_those_alone_whom_it_fits(director, home):
    held_to_account(director, "康宁社区", "1")
    held_to_account(director, "康宁社区曾主任", "2")
    director.open("/admin/accountability_record/?state=proposed&search=康宁社区")
    form = director.page.form("办理")
    director.post(form.action, {"csrf_token": director.token, "verb": "decide", "range": "all"})
    director.press("下一步：预览", form="23", decided_by="区教育局", decided_on="20261101")
    assert "这种“问责方式”不适用于这个“对象类别”" in director.page.text
    confirm = next(form for form in director.page.forms if "/confirm" in form.action)
    director.post(confirm.action, dict(confirm.fields))
    assert {row["问责对象"]: row["状态"] for row in director.rows("/admin/accountability_record/?search=康宁社区", "问责对象")} == {
        "康宁社区": "拟问责", "康宁社区曾主任": "已决定"}


def test_a_letter_is_signed_in_its_school_year(officer, home):
    there = new_letter(officer, home)
    year = int(officer.page.facts["学年"][:4])
    typo = moved(officer, there, "签订", status=400, signed_on=f"{year - 10}0901")
    assert f"不在 {year}-{year + 1} 学年" in typo.text
    officer.press("签订", signed_on=f"{year}0901")
    assert officer.page.facts["签订日期"] == f"{year}-09-01"
