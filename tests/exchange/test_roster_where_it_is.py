"""Where a list says that a child lives, and at which school that a child of its age may learn."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from seed.makers import make_identity_number
from tests.desk import Desk, roster
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
钱大宝 = {"村（社区）": "康宁社区", "户编号": "0061", "户主姓名": "钱大山", "儿童姓名": "钱大宝", "性别": "男",
       "身份证号码": make_identity_number(date(2016, 6, 1), "1", serial=61), "学校": "示范小学", "年级": "四年级", "是否在校": "是"}


# --- the town beside the village ---


@SQLITE_ONLY
def test_the_town_of_a_row_decides_between_two_villages_of_one_name(主任: Desk) -> None:
    """A village of the town that the list writes beside it; of one that is none of the administrator's, none."""
    主任.open("/admin/region/new/")
    主任.press("保存", code="990101400260", name="石桥村村民委员会")
    for town in ("城区", None):
        主任.upload(roster({**钱大宝, "乡镇（街道）": town, "村（社区）": "石桥村"}), "名单.xlsx")
        [row] = 主任.preview().values()
        assert row["登记到"].startswith("石桥村 · "), town
        assert "这些列没有导入" not in 主任.page.text
    [(outcome, said)] = previewed(主任, {**钱大宝, "乡镇（街道）": "城关镇", "村（社区）": "石桥村"})
    assert outcome == "拒收" and "乡镇（街道）：您的管辖范围内没有叫“城关镇”的乡镇（街道）" in said
    [(outcome, said)] = previewed(主任, {**钱大宝, "乡镇（街道）": "城区", "村（社区）": "东山村"})
    assert outcome == "拒收" and "您在“城区”的管辖范围内没有叫“东山村”的村（社区）" in said


@SQLITE_ONLY
def test_a_group_in_the_cell_of_its_village_is_the_familys(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, said)] = previewed(主任, {**钱大宝, "村（社区）": "康宁社区3组"})
    assert outcome == "新增" and "本村还没有“3组”" in said
    主任.press("确认导入")
    assert what_lies_there("SELECT g.name FROM household h JOIN natural_group g ON g.id = h.natural_group_id "
                           "WHERE h.head_name = '钱大山'") == [("3组",)]


# --- schools that teach none of the nine years, and schools of other places ---


@pytest.mark.parametrize(("school", "born", "why"), [
    ("县幼儿园", date(2016, 6, 1), "这所学校是幼儿园，按出生日期孩子"), ("县高级中学", date(2016, 6, 1), "这所学校是高中，按出生日期孩子"),
    ("县职业中专", date(2016, 6, 1), "这所学校是中等职业学校，按出生日期孩子")])
@SQLITE_ONLY
def test_a_child_of_the_nine_years_is_not_at_school_where_none_of_them_is_taught(
        主任: Desk, what_lies_there: Look, school: str, born: date, why: str) -> None:
    there = {**钱大宝, "学校": school, "年级": None}
    [(outcome, said)] = previewed(主任, there)
    assert outcome == "新增" and why in said and "学校、年级、班级没有保存" in said
    主任.press("确认导入")
    child = "SELECT schooling_state, school_id IS NULL FROM student WHERE name = '钱大宝'"
    assert what_lies_there(child) == [("unknown", 1)], "and stays among those to be looked for"
    小宝 = {**there, "户编号": "0062", "儿童姓名": "钱小宝", "身份证号码": make_identity_number(date(2016, 6, 1), "1", serial=62),
          "备注": "学校已核对"}
    imported(主任, 小宝)
    assert what_lies_there(child.replace("大宝", "小宝")) == [("enrolled", 0)], "the note answers"


@SQLITE_ONLY
def test_who_is_too_young_or_has_finished_may_learn_there(主任: Desk, what_lies_there: Look) -> None:
    young, grown = date(date.today().year - 5, 6, 1), date(date.today().year - 16, 6, 1)
    for at, (school, born) in enumerate((("县幼儿园", young), ("县高级中学", grown)), 63):
        [(_, said)] = previewed(主任, {**钱大宝, "户编号": f"00{at}", "学校": school, "年级": None, "儿童姓名": f"钱{'三四'[at - 63]}宝",
                                    "身份证号码": make_identity_number(born, "1", serial=at)})
        assert "这所学校是" not in said, school


@SQLITE_ONLY
def test_a_form_asks_about_such_a_school_too(主任: Desk, what_lies_there: Look) -> None:
    主任.open("/admin/school/new/")
    主任.press("保存", name="康宁幼儿园", kind="幼儿园", region_code="990101400000")
    [(there,)] = what_lies_there("SELECT id FROM school WHERE name = '康宁幼儿园'")
    imported(主任, 钱大宝)
    主任.open(主任.open("/admin/student/?search=钱大宝").link("钱大宝"))
    主任.open(主任.page.link("修改"))
    page = 主任.press("保存", 400, school_id=there, grade="")
    assert "这所学校是幼儿园，按出生日期孩子" in page.text
    主任.press("保存", school_id=there, grade="", note="学校已核对")
    assert what_lies_there("SELECT k.name FROM student s JOIN school k ON k.id = s.school_id WHERE s.name = '钱大宝'") == [
        ("康宁幼儿园",)]
