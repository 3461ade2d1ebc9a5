"""A number and a name that do not mean one child; and what a list may not do to who has left."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from seed.makers import make_identity_number
from tests.desk import Desk
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
号码 = [make_identity_number(date(2015, 5, 5), "1", serial=n) for n in range(9)]
袁宇航 = {"村（社区）": "康宁社区", "户主姓名": "袁大山", "儿童姓名": "袁宇航", "身份证号码": 号码[1], "学校": "示范小学",
       "年级": "四年级", "是否在校": "是"}
陈奕辰 = {**袁宇航, "户主姓名": "陈国强", "儿童姓名": "陈奕辰", "身份证号码": 号码[2]}
STANDS = "SELECT name FROM student WHERE name LIKE '袁%' OR name LIKE '陈奕%' OR name LIKE '孙%' ORDER BY id"


def test_numbers_that_slipped_by_a_row_rename_nobody(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 袁宇航, 陈奕辰)
    slipped = previewed(主任, {**袁宇航, "身份证号码": 号码[2]}, {**陈奕辰, "身份证号码": 号码[1]})
    assert [outcome for outcome, _ in slipped] == ["拒收", "拒收"]
    assert "这个身份证号登记的是“陈奕辰”，名单上是“袁宇航”。请核对号码是不是填错了行" in slipped[0][1]
    [(outcome, said)] = previewed(主任, {**袁宇航, "儿童姓名": "袁雨航"})
    assert outcome == "更新" and "这个身份证号登记的是“袁宇航”，名单上是“袁雨航”。确认后按名单改名" in said, "the control"
    主任.press("确认导入")
    assert what_lies_there(STANDS) == [("袁雨航",), ("陈奕辰",)]


@SQLITE_ONLY
def test_of_one_family_name_in_two_families_too(主任: Desk) -> None:
    另一户 = {**袁宇航, "户主姓名": "袁小川", "儿童姓名": "袁文静", "身份证号码": 号码[3]}
    imported(主任, 袁宇航, 另一户)
    [(outcome, _)] = previewed(主任, {**另一户, "身份证号码": 号码[1]})
    assert outcome == "拒收"
    [(outcome, said)] = previewed(主任, {**另一户, "户主姓名": "袁大山", "身份证号码": 号码[1]})
    assert outcome == "更新" and "确认后按名单改名" in said, "in one family it is said"


def test_a_number_put_right_registers_no_child_a_second_time(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 袁宇航)
    [(outcome, said)] = previewed(主任, {**袁宇航, "身份证号码": 号码[4]})
    assert outcome == "拒收" and "这户已有同名、同日出生的“袁宇航”，身份证号不同。如是更正号码，请在学生页面修改" in said
    [(outcome, said)] = previewed(主任, {**袁宇航, "户主姓名": "袁小川", "身份证号码": 号码[4]})
    assert outcome == "新增" and "本村已有同名、同日出生的“袁宇航”" in said, "of another family it is asked"
    [(outcome, said)] = previewed(主任, {**袁宇航, "儿童姓名": "袁宇飞", "身份证号码": 号码[4]})
    assert outcome == "新增" and "同日出生" not in said, "the control: a twin"


def test_a_standing_child_comes_to_a_school_that_the_list_brings(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 袁宇航, 陈奕辰)
    first, second = previewed(主任, {**袁宇航, "学校": "新河实验小学"}, {**陈奕辰, "学校": "新河实验小学"})
    assert first[0] == second[0] == "更新" and "系统中没有学校“新河实验小学”，确认导入时会新增这所学校" in first[1]
    assert "学校 原值 示范小学 → 改为 新河实验小学" in second[1]
    主任.press("确认导入")
    assert what_lies_there("SELECT c.name FROM student s JOIN school c ON c.id = s.school_id "
                           "WHERE s.name IN ('袁宇航', '陈奕辰')") == [("新河实验小学",)] * 2


@pytest.mark.parametrize("school", ["转走", "已转出"])
@SQLITE_ONLY
def test_a_word_for_having_gone_is_no_school(主任: Desk, school: str) -> None:
    imported(主任, 袁宇航)
    assert previewed(主任, {**袁宇航, "是否在校": None, "学校": school}) == [("无变化", "")]
    assert "会新增" not in 主任.page.text


@SQLITE_ONLY
def test_the_school_of_another_province_or_city_is_no_school_of_the_place(主任: Desk, what_lies_there: Look) -> None:
    [(_, said), (_, own)] = previewed(主任, {**袁宇航, "学校": "北京市海淀区中关村第一小学"},
                                      {**陈奕辰, "学校": "示范县城市之光小学"})
    assert "不在本地" in said and "请导入后在学生页面办理“登记外地就读”" in said and "会新增" not in said
    assert "不在本地" not in own and "新增学校“示范县城市之光小学”" in own, "the control"


def test_who_learns_elsewhere_or_has_left_gets_no_seat_by_a_list(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**袁宇航, "学校": None, "年级": None, "是否在校": None})
    主任.open(主任.open("/admin/student/?search=袁宇航").link("袁宇航"))
    主任.open(主任.page.link("登记外地就读"))
    主任.press("登记外地就读", study_place="天津市", evidence=("证明.jpg", b"\xff\xd8\xff\xe0" + b"picture" * 10))
    [(outcome, said)] = previewed(主任, 袁宇航)
    assert outcome == "无变化" and "“袁宇航”在系统中是“外地就读”，名单上的学校、年级、班级没有保存" in said
    assert what_lies_there("SELECT school_id, grade FROM student WHERE name = '袁宇航'") == [(None, None)]


@SQLITE_ONLY
def test_an_older_list_that_lowers_a_grade_is_noticed(主任: Desk) -> None:
    imported(主任, 袁宇航)
    [(outcome, said)] = previewed(主任, {**袁宇航, "年级": "三年级"})
    assert outcome == "更新" and "比登记的年级低。请核对名单是不是以前的" in said
    [(outcome, said)] = previewed(主任, {**袁宇航, "年级": "五年级"})
    assert outcome == "更新" and "年级低" not in said, "the control"
