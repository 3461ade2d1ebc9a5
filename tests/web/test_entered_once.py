"""What is typed twice, into the wrong box, or where it does not belong, is asked about, and nothing typed is lost."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services import accounts
from models.account import Account
from models.change import ChangeRow
from models.natural_group import NaturalGroup
from models.region import Region
from models.school import School
from models.student import Student
from seed import makers
from seed.makers import make_identity_number
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童 = "990101400001", "990101400002"


@pytest.fixture
def home(store, district):
    """曾大山 of 康宁 with 曾一, born 2016, in the third grade; 曾亡 who died."""
    with unscoped(store, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="曾大山", phone="19935712480",
                                    identity_number=make_identity_number(date(1980, 3, 4), "1", serial=31))
            child = makers.student(session, home, "曾一", birth_date=date(2016, 9, 1), grade="g3",
                                   school_id=district.school_id)
            dead = makers.student(session, home, "曾亡", schooling_state="deceased")
            return {"household": home.id, "student": child.id, "dead": dead.id}


@pytest.fixture
def people(district_application, home):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def twice(desk, address, **typed):
    """A form that is filled in and sent again after going back: the second answer."""
    form = desk.open(address)
    desk.press("保存", **typed)
    desk.page = form
    return desk.press("保存", status=400, **typed)


@pytest.mark.parametrize(("who", "address", "typed", "said", "other"), [
    ("康宁网格员", "/admin/guardian/new/?student_id={student}", {"name": "曾奶奶"}, "已有监护人“曾奶奶”", {"name": "曾爷爷"}),
    ("康宁网格员", "/admin/publicity_activity/new/",
     {"held_on": "20261101", "topic": "入户宣讲", "form": "1", "reached": "20", "person_in_charge": "李建国"},
     "已登记过同样形式的“入户宣讲”", {"topic": "入户宣讲（第二场）"}),
    ("城区主任", "/admin/post/new/", {"region_code": 康宁, "kind": "14", "unit": "康宁社区", "holder": "曾书记"},
     "已登记过“曾书记”在“康宁社区”的这项职责", {"since": "20260901"}),
])
def test_a_form_that_is_sent_again_makes_no_second_record(people, home, who, address, typed, said, other):
    desk = people(who)
    assert said in twice(desk, address.format(**home), **typed).text
    desk.press("保存", **other)
    assert desk.page.status == 200, "the control: another one"


def test_what_is_granted_is_not_granted_again(people, store):
    director = people("城区主任")
    with unscoped(store, "whose") as session:
        account = session.scalar(select(Account.id).where(Account.username == "康宁网格员"))
    typed = {"account_id": str(account), "role": "village_officer", "since": f"{date.today()}"}
    director.open("/admin/grant/new/")
    assert "已有这项授权（长期）" in director.press("保存", status=400, region_code=康宁, **typed).text
    director.press("保存", region_code=牧童)
    assert director.page.facts["授权区划"].startswith("牧童"), "the control: another village"


def test_a_username_that_is_taken_loses_nothing_that_was_typed(people):
    director = people("城区主任")
    director.open("/admin/account/new/")
    page = director.press("保存", status=400, username="康宁网格员", display_name="曾小康", role="village_officer",
                          region_code=康宁, note="新来的")
    assert "用户名“康宁网格员”已被使用" in page.text
    fields = page.form("保存").fields
    assert (fields["note"].strip(), fields["display_name"]) == ("新来的", "曾小康")
    director.press("保存", username="ZengKang")
    assert "初始密码（只显示这一次" in director.page.text
    director.open("/admin/account/new/")
    again = director.press("保存", status=400, username="ｚｅｎｇｋａｎｇ", display_name="另一人", role="village_officer",
                           region_code=牧童)
    assert "用户名“zengkang”已被使用" in again.text


def test_a_phone_begins_a_username_with_a_capital(district_application, store, people):
    with unscoped(store, "an account in small letters", writing=True) as session:
        with recording(session, actor("测试", Role.SYSTEM_ADMIN, "0" * 12), "seed"):
            session.scalar(select(Account).where(Account.username == "牧童网格员")).username = "mutong"
    for typed in ("mutong", "Mutong", "MUTONG", "ｍｕｔｏｎｇ "):
        Desk(district_application).sign_in(typed, PASSWORD)
    stranger = Desk(district_application)
    stranger.open("/login")
    stranger.press("登录", status=400, username="mutong2", password=PASSWORD)


@pytest.mark.parametrize(("typed", "said"), [
    ({"name": "990101201703055318"}, "“姓名”里有完整的身份证号"),
    ({"name": "13912345678"}, "姓名里是号码或符号"),
    ({"name": "-1"}, "姓名里是号码或符号"),
    ({"name": "曾欣", "note": "身份证990101201703055318"}, "“备注”里有完整的身份证号"),
    ({"name": "曾欣", "note": "身份证９９０１０１２０１７０３０５５３１８"}, "“备注”里有完整的身份证号"),
])
def test_a_number_in_the_wrong_box_is_asked_back(people, home, typed, said):
    officer = people("康宁网格员")
    officer.open(f"/admin/student/new/?household_id={home['household']}")
    page = officer.press("保存", status=400, birth_date="20170305", **typed)
    assert said in page.text
    officer.press("保存", name="曾欣", note="尾号5318")
    assert officer.page.facts["姓名"] == "曾欣"


def test_the_same_value_typed_in_another_way_is_no_change(people, store, home):
    officer = people("康宁网格员")
    address = f"/admin/household/edit/?id={home['household']}"

    def rows():
        with unscoped(store, "the ledger") as session:
            return session.scalars(select(ChangeRow.columns).where(ChangeRow.table_name == "household",
                                                                   ChangeRow.operation == "update")).all()

    officer.open(address)
    number = officer.page.form("保存").fields["identity_number"]
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in number)
    officer.press("保存", phone=" 199 3571-2480", identity_number=full_width)
    assert rows() == []
    officer.open(address)
    officer.press("保存", phone="19935712481")
    assert rows() == ["phone"], "the control"


def test_no_flag_is_reported_of_a_child_who_died(people, home):
    officer = people("康宁网格员")
    officer.open(f"/admin/special_group_flag/new/?student_id={home['dead']}")
    assert "“曾亡”已死亡，不用再报特殊群体标记" in officer.press("保存", status=400, kind="72").text
    officer.open(f"/admin/special_group_flag/new/?student_id={home['student']}")
    officer.press("保存", kind="72")
    assert officer.page.status == 200, "the control"


@pytest.mark.parametrize(("grade", "said"), [("g8", "这所学校没有八年级"), ("g6", None), ("g1", None)])
def test_a_grade_is_one_of_the_school(people, home, grade, said):
    officer = people("康宁网格员")
    officer.open(f"/admin/student/edit/?id={home['student']}")
    page = officer.press("保存", status=400 if said else 200, grade=grade)
    if said:
        assert said in page.text
        officer.press("保存", note="学校附设八年级，年级已核对")
    assert officer.page.status == 200


def test_a_grade_is_near_the_age_of_the_child(people, home):
    officer = people("康宁网格员")
    officer.open(f"/admin/student/new/?household_id={home['household']}")
    young = date.today().year - 4
    page = officer.press("保存", status=400, name="曾幼", birth_date=f"{young}0501", grade="g9")
    assert "九年级的孩子一般 14 岁" in page.text
    officer.press("保存", grade="g1")
    assert officer.page.facts["年级"] == "一年级"


# --- master data ---


@pytest.fixture
def machine(district_application, store, home):
    """机房老吴 looks after the whole machine: code tables are everybody's."""
    whole = Actor(0, "测试", Role.SYSTEM_ADMIN, "0" * 12)
    with unscoped(store, "an account of the tests", writing=True) as session, recording(session, whole, "load"):
        accounts.make_account(session, whole, username="机房老吴", display_name="机房老吴", role="system_admin",
                              region=accounts.region_named(session, "0"), password=PASSWORD, must_change=False)
    return Desk(district_application).sign_in("机房老吴", PASSWORD)


def test_the_code_of_an_item_stays_what_records_hold(machine):
    machine.open(machine.open("/admin/code_item/?search=流动儿童").link("流动儿童"))
    machine.open(machine.page.link("修改"))
    form = machine.page.form("保存")
    assert not {"code", "code_table"} & set(form.fields)
    machine.press("保存", label="流动儿童（含父母一方）", reason="口径调整")
    assert machine.page.facts["代码"] == "52"


def test_two_items_of_a_table_do_not_bear_one_name(machine):
    machine.open(machine.open("/admin/code_item/?search=流动儿童").link("流动儿童"))
    machine.open(machine.page.link("修改"))
    taken = next(row["名称"] for row in machine.rows("/admin/code_item/?code_table=special_group", "名称")
                 if row["名称"] != "流动儿童")
    machine.open(machine.open("/admin/code_item/?search=流动儿童").link("流动儿童"))
    machine.open(machine.page.link("修改"))
    assert f"这个代码表中已有“{taken}”" in machine.press("保存", status=400, label=taken, reason="改名").text
    machine.press("保存", label="农村流动儿童")
    assert machine.page.status == 200


def test_a_division_keeps_its_code_and_is_merged_into_another_of_its_level(people):
    director = people("县主任")
    director.open(director.open("/admin/region/?search=康宁").link("康宁社区"))
    director.open(director.page.link("修改"))
    assert not {"code", "level", "parent_code"} & set(director.page.form("保存").fields)
    for wrong in (康宁, "990101400000"):
        assert "并入区划须是另一个“村”级区划" in director.press("保存", status=400, successor_code=wrong).text
    director.press("保存", successor_code=牧童, valid_until="2026-11-01")
    assert director.page.facts["上级区划"]


def test_a_village_is_in_use_until_its_last_day_is_over(people):
    director = people("县主任")
    for last_day, status in ((date.today() + timedelta(days=30), 200), (date.today() - timedelta(days=1), 400)):
        director.open(director.open("/admin/region/?search=康宁").link("康宁社区"))
        director.open(director.page.link("修改"))
        director.press("保存", valid_until=f"{last_day}", successor_code=牧童)
        director.open("/admin/household/new/")
        director.press("保存", status=status, head_name=f"曾{status}户", region_code=康宁)
    assert "已撤销，请登记到并入后的“牧童" in director.page.text
    for address, typed in (("/admin/natural_group/new/", {"name": "新组"}),
                           ("/admin/publicity_activity/new/", {"held_on": "20261101", "topic": "宣讲", "form": "1",
                                                               "reached": "9", "person_in_charge": "李建国"})):
        director.open(address)
        assert "已撤销" in director.press("保存", status=400, region_code=康宁, **typed).text


def test_a_family_names_a_hamlet_of_its_own_village(people, store, home):
    with unscoped(store, "hamlets of two villages", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            groups = {code: NaturalGroup(region_code=code, name=f"{code[-1]}组") for code in (康宁, 牧童)}
            session.add_all(groups.values())
            session.flush()
            numbers = {code: str(group.id) for code, group in groups.items()}
    director = people("城区主任")
    director.open(f"/admin/household/edit/?id={home['household']}")
    assert "“2组”是别的村（社区）的自然村（组）" in director.press("保存", status=400, natural_group_id=numbers[牧童]).text
    director.press("保存", natural_group_id=numbers[康宁])
    assert director.page.facts["自然村（组）"] == "1组"


# --- moves leave nothing of the former state ---


def moved(desk, address, verb, **typed):
    desk.open(desk.open(address).link(verb))
    desk.press(verb, **typed)
    return desk.page.facts


PROOF = ("证明.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)


def test_who_learns_elsewhere_has_no_seat_here_and_the_other_way_round(people, store, home, district):
    officer, there = people("康宁网格员"), f"/admin/student/details/?id={home['student']}"
    facts = moved(officer, there, "登记外地就读", study_place="陕西省西安市", evidence=PROOF)
    assert (facts["学校"], facts["班级"], facts["就读方式"], facts["外地就读地"], facts["年级"]) == ("—", "—", "—", "陕西省西安市", "三年级")
    facts = moved(officer, there, "登记在校", school_id=str(district.school_id))
    assert (facts["学校"], facts["外地就读地"]) == ("示范小学", "—")


def test_nobody_is_cleared_of_suspicion_into_no_school(people, store, home, district):
    with unscoped(store, "a child nobody knows of", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            child = makers.student(session, 康宁, "曾疑", schooling_state="suspected", absent_since=date(2026, 9, 10))
            number = child.id
    officer = people("康宁网格员")
    officer.open(officer.open(f"/admin/student/details/?id={number}").link("排除疑似"))
    officer.press("排除疑似", status=400, reason="已返校", evidence=PROOF)
    assert "学校" in officer.page.text
    officer.press("排除疑似", reason="已返校", school_id=str(district.school_id), evidence=PROOF)
    with unscoped(store, "the state") as session:
        child = session.get(Student, number)
        assert (child.schooling_state, child.school_id, child.absent_since) == ("enrolled", district.school_id, None)


def test_a_letter_that_is_to_be_signed_again_has_no_day_of_signing(people, home):
    officer, director = people("康宁网格员"), people("城区主任")
    officer.open(f"/admin/responsibility_letter/new/?household_id={home['household']}")
    officer.press("保存")
    there, year = officer.page.address, int(officer.page.facts["学年"][:4])
    moved(officer, there, "签订", signed_on=f"{year}0901")
    moved(officer, there, "作废", reason="写错了")
    assert moved(director, there, "恢复待签", reason="没有写错")["签订日期"] == "—"


def test_nobody_is_sent_to_a_school_that_has_closed(people, store, home, district):
    with unscoped(store, "a school that closed", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            closed = School(name="老街小学", kind="211", region_code="990101400000", closed_on=date(2020, 7, 31))
            child = makers.student(session, 康宁, "曾新", schooling_state="unknown")
            session.add(closed)
            session.flush()
            gone, number = str(closed.id), child.id
    officer = people("康宁网格员")
    officer.open(officer.open(f"/admin/student/details/?id={number}").link("登记在校"))
    assert "“学校”选的“老街小学”已停办（2020-07-31）" in officer.press("登记在校", status=400, school_id=gone).text
    officer.press("登记在校", school_id=str(district.school_id))
    officer.open(f"/admin/student/edit/?id={number}")
    assert "已停办" in officer.press("保存", status=400, school_id=gone).text
    officer.press("保存", school_id=str(district.school_id), class_name="2班")
    assert officer.page.facts["学校"] == "示范小学"


def test_a_child_whose_school_or_village_has_ended_since_is_corrected_all_the_same(people, store, home, district):
    """What was not touched is not blamed, neither alone nor beside another fault."""
    with unscoped(store, "both end", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            session.get_one(School, district.school_id).closed_on = date(2026, 7, 31)
            session.scalars(select(Region).where(Region.code == 康宁)).one().valid_until = date(2026, 8, 31)
    officer = people("康宁网格员")
    officer.open(f"/admin/student/edit/?id={home['student']}")
    page = officer.press("保存", status=400, birth_date="不是日期", class_name="2班")
    assert "停办" not in page.text and "已撤销" not in page.text
    officer.press("保存", birth_date="20160901")
    assert officer.page.facts["班级"] == "2班"


def test_ones_own_password_is_changed_and_not_reset(people, store):
    director = people("城区主任")
    with unscoped(store, "whose") as session:
        own, other = (session.scalar(select(Account.id).where(Account.username == name))
                      for name in ("城区主任", "康宁网格员"))
    page = director.open(f"/admin/account/details/?id={own}")
    assert not [form for form in page.forms if {"重置密码", "停用", "强制下线"} & set(form.buttons)]
    director.open("/")
    refused = director.post(f"/accounts/{own}/reset-password", {"csrf_token": director.token, "reason": "忘记了"}, status=403)
    assert "选“修改密码”" in refused.text
    assert director.open(f"/admin/account/details/?id={other}").form("重置密码"), "the control"
