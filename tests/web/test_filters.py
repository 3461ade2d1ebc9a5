"""What a list is filtered by: several values, a span of days, and what hangs on a record and stands."""

import json
from datetime import date

import pytest

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.listing import Wanted
from models.household import HouseholdHardship
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童 = "990101400001", "990101400002"
LIST = "/admin/student/"
NUMBER = "99010120160301001"  # of a child, but for its last sign


@pytest.fixture
def village(district_application, district):
    """Four children of 康宁: of three grades, born in four years; two 留守 (one no more), one 残疾."""
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "children of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="张大山")
            session.add_all([HouseholdHardship(region_code=康宁, household_id=home.id, kind=kind, state=state)
                             for kind, state in (("minimum_living", "active"), ("10", "active"), ("11", "ended"))])
            for name, year, grade, flags in (
                    ("张一", 2012, "21", [("left_behind", "verified")]), ("张二", 2014, "15", [("left_behind", "ended")]),
                    ("张三", 2016, "13", [("disabled", "reported")]), ("张四", 2018, "11", [])):
                child = makers.student(session, home, name, birth_date=date(year, 9, 1), grade=grade, sex="1",
                                       schooling_state="enrolled")
                session.add_all([SpecialGroupFlag(region_code=康宁, student_id=child.id, kind=kind, state=state)
                                 for kind, state in flags])
    return district_application


def names(desk, query):
    return {row["姓名"] for row in desk.rows(f"{LIST}?search=张&{query}", "姓名")}


@pytest.fixture
def officer(village):
    return Desk(village).sign_in("康宁网格员", PASSWORD)


def test_several_values_of_a_filter_find_any_of_them(officer):
    assert names(officer, "grade=13") == {"张三"}
    assert names(officer, "grade=13,15") == names(officer, "grade=13&grade=15") == {"张二", "张三"}
    page = officer.open(f"{LIST}?grade=13,15&sex=1")
    chip = next(text for text, _ in page.links if text.startswith("年级："))
    assert "13、15" in chip and "移除这个条件" in chip
    assert officer.open(f"{LIST}?grade=13,,15").table("姓名") == page.table("姓名")
    assert "看不懂" in officer.open(f"{LIST}?school_id=1,二小").text


def test_days_are_a_span_with_both_ends(officer):
    assert names(officer, "birth_date_from=2014-09-01&birth_date_to=20160901") == {"张二", "张三"}
    assert names(officer, "birth_date_from=2014-09-02") == {"张三", "张四"}
    page = officer.open(f"{LIST}?birth_date_to=2014-09-01")
    assert any("出生日期到：2014-09-01" in text for text, _ in page.links)
    assert names(officer, "birth_date_from=2014&birth_date_to=2016") == {"张二", "张三"}, "a year is all its days"
    assert names(officer, "birth_date_from=2014年9月&birth_date_to=2016.09") == {"张二", "张三"}
    assert names(officer, "birth_date_from=2014-10&birth_date_to=201608") == set()
    for unread in ("2014-13", "2014-02-30", "20149", "14-9-1", "0000"):
        assert "看不懂" in officer.open(f"{LIST}?birth_date_to={unread}").text, unread
    turned = officer.open(f"{LIST}?birth_date_from=2016-09-01&birth_date_to=2014-09-01")
    assert turned.table("姓名") == [] and "“出生日期”的“从”晚于“到”" in turned.text
    one_day = officer.open(f"{LIST}?birth_date_from=2014-09-01&birth_date_to=2014-09-01")
    assert [row["姓名"] for row in one_day.table("姓名")] == ["张二"]
    nothing = officer.open(f"{LIST}?birth_date_from=去年")
    assert nothing.table("姓名") == [] and "看不懂" in nothing.text


def test_children_are_found_by_the_special_groups_that_they_belong_to_now(officer):
    assert names(officer, "special_group_flag.kind=left_behind") == {"张一"}, "张二 belongs to it no more"
    assert names(officer, "special_group_flag.kind=left_behind,disabled") == {"张一", "张三"}
    assert names(officer, "special_group_flag.kind=nonsense") == set()
    chips = [text for text, _ in officer.open(f"{LIST}?special_group_flag.kind=left_behind").links]
    assert any(text.startswith("群体类型：") for text in chips)
    homes = officer.rows("/admin/household/?household_hardship.kind=minimum_living", "户主姓名")
    assert [home["户主姓名"] for home in homes] == ["张大山"]
    assert officer.rows("/admin/household/?household_hardship.kind=other", "户主姓名") == []


def test_children_are_found_by_what_their_family_is_in_need_of_now(officer, village, district):
    """The first question of every district: the children of 脱贫户 and 监测户."""
    assert names(officer, "household_hardship.kind=10") == {"张一", "张二", "张三", "张四"}
    assert names(officer, "household_hardship.kind=11") == set(), "张大山's family is that no more"
    assert names(officer, "household_hardship.kind=10,11&grade=13") == {"张三"}
    page = officer.open(f"{LIST}?household_hardship.kind=10")
    assert any(text.startswith("困难类型：脱贫户") for text, _ in page.links)
    assert "李明" not in {row["姓名"] for row in page.table("姓名")}, "the control: of another family"
    neighbour = Desk(village).sign_in("牧童网格员", PASSWORD)
    assert neighbour.rows(f"{LIST}?household_hardship.kind=10", "姓名") == []


@pytest.fixture
def without(village):
    """赵无户 belongs to no family, 赵无号 has no identity number yet, 赵都有 has both."""
    with unscoped(village.extensions["baoxue"].engine, "children who lack something", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="赵家")
            for serial, (name, told) in enumerate((
                    ("赵无户", {"household_id": None}), ("赵无号", {"identity_number": None}), ("赵都有", {}),
                    ("赵走了", {"household_id": None, "schooling_state": "graduated"}))):
                makers.student(session, home, name, **{"identity_number": f"{NUMBER}{serial}", **told})
    return village


def lacking(desk, query):
    return {row["姓名"] for row in desk.rows(f"{LIST}?{query}", "姓名") if row["姓名"].startswith("赵")}


def test_a_child_whom_no_family_was_entered_for_is_found_again(without):
    """And the line of 待办 opens exactly the children whom it counts: 赵走了 has left school, and needs no family."""
    officer = Desk(without).sign_in("康宁网格员", PASSWORD)
    assert lacking(officer, "household_id=-") == {"赵无户", "赵走了"}
    assert "户：无" in " ".join(text for text, _ in officer.page.links)
    line = next((text, href) for text, href in officer.open("/").links if "没有登记户的学生" in text)
    assert line[0] == "1没有登记户的学生"
    assert {row["姓名"] for row in officer.rows(line[1], "姓名")} == {"赵无户"}
    neighbour = Desk(without).sign_in("牧童网格员", PASSWORD)
    assert "没有登记户的学生" not in neighbour.open("/").text
    [home] = officer.browser.get("/admin/household/lookup/?q=赵家").json
    assert lacking(officer, f"household_id={home['id']}") == {"赵无号", "赵都有"}
    assert lacking(officer, f"household_id={home['id']},-") == {"赵无户", "赵走了", "赵无号", "赵都有"}
    assert officer.page.form("查询").fields["household_id-shown"] == "赵家户", "a search again keeps what was asked for"


@pytest.mark.parametrize("who", ["康宁网格员", "城区主任", "督导老林"])
def test_whether_a_child_has_a_number_is_asked_by_whoever_sees_it_masked_and_the_number_is_not(without, who):
    desk = Desk(without).sign_in(who, PASSWORD)
    assert lacking(desk, "identity_number=-") == {"赵无号"}
    assert desk.page.form("查询").choices["identity_number"] == {"全部": "", "无": "-"}
    for asked in (f"{NUMBER}2", NUMBER[:6], f"-,{NUMBER}2"):
        assert lacking(desk, f"identity_number={asked}") == set(), asked
        assert "您的身份不能按它筛选" in desk.page.text


def test_an_inspector_asks_nothing_of_days_of_birth_that_are_masked(without):
    inspector = Desk(without).sign_in("督导老林", PASSWORD)
    for asked in ("birth_date=-", "birth_date_from=2014"):
        assert "您的身份不能按它筛选" in inspector.open(f"{LIST}?{asked}").text, asked
    assert "birth_date_from" not in inspector.page.form("查询").fields


def test_a_flag_of_another_village_finds_nobody_here(village, district):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "a flag next door", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 牧童), "seed"):
            session.add(SpecialGroupFlag(region_code=牧童, student_id=district.王芳.id, kind="orphan", state="verified"))
    query = f"{LIST}?special_group_flag.kind=orphan"
    assert Desk(village).sign_in("康宁网格员", PASSWORD).rows(query, "姓名") == []
    assert [r["姓名"] for r in Desk(village).sign_in("牧童网格员", PASSWORD).rows(query, "姓名")] == ["王芳"]


def test_what_was_filtered_is_what_is_exported_and_done(officer):
    query = "special_group_flag.kind=left_behind,disabled&birth_date_from=2013-01-01"
    assert names(officer, query) == {"张三"}
    sheet = officer.download(f"{LIST}export/?{query}").workbook().active
    cells = [str(c.value or "") for row in sheet.iter_rows() for c in row]
    assert "张三" in cells and "张一" not in cells
    page = officer.open(f"{LIST}?{query}&schooling_state=enrolled,suspected")
    officer.press("保存", name="留守和残疾")
    assert {r["姓名"] for r in officer.rows(officer.open(LIST).link("留守和残疾"), "姓名")} == {"张三", "李明"}
    assert page.status == 200


def test_a_list_that_a_task_makes_later_is_the_list_that_was_asked_for():
    wanted = Wanted(Student, {"grade": ("13", "15"), "sex": "1"}, {"birth_date_from": date(2014, 9, 1)})
    assert Wanted.from_dict(json.loads(json.dumps(wanted.as_dict()))).identity == wanted.identity
    older = {**wanted.as_dict(), "before": {"checked_on": "2026-09-01"}}
    del older["days"]
    assert Wanted.from_dict(json.loads(json.dumps(older))).days == {"checked_on_before": date(2026, 9, 1)}
