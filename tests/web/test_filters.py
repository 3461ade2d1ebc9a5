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


@pytest.fixture
def village(district_application, district):
    """Four children of 康宁: of three grades, born in four years; two 留守 (one no more), one 残疾."""
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "children of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="张大山")
            session.add(HouseholdHardship(region_code=康宁, household_id=home.id, kind="minimum_living", state="active"))
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
