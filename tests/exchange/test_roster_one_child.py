"""A number and a name that do not mean one child; and what a list may not do to who has left."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from flask import Flask
from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.services import accounts
from models.region import Region
from models.student import Student
from seed import makers
from seed.makers import make_identity_number
from tests.desk import PASSWORD, Desk
from tests.exchange.test_roster_rules import imported, previewed
from tests.web.staff import by_the_machine

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
    [(outcome, _)] = previewed(主任, {**另一户, "户主姓名": "袁大山", "身份证号码": 号码[1]})
    assert outcome == "拒收", "袁文静 stands under a number of her own"
    [(outcome, said)] = previewed(主任, {**另一户, "户主姓名": "袁大山", "儿童姓名": "袁文娟", "身份证号码": 号码[1]})
    assert outcome == "更新" and "确认后按名单改名" in said, "in one family it is said"
    [(outcome, _)] = previewed(主任, {**另一户, "户主姓名": "袁大山", "儿童姓名": "袁文娟", "身份证号码": 号码[1], "性别": "女"})
    assert outcome == "拒收", "the number is a boy's"


def test_a_number_put_right_registers_no_child_a_second_time(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 袁宇航)
    [(outcome, said)] = previewed(主任, {**袁宇航, "身份证号码": 号码[4]})
    assert outcome == "拒收" and "这户已有同名、同日出生的“袁宇航”，身份证号不同。如是更正号码，请在学生页面修改" in said
    [(outcome, said)] = previewed(主任, {**袁宇航, "户主姓名": "袁小川", "身份证号码": 号码[4]})
    assert outcome == "新增" and "本村已有同名、同日出生的“袁宇航”" in said, "of another family it is asked"
    [(outcome, said)] = previewed(主任, {**袁宇航, "儿童姓名": "袁宇飞", "身份证号码": 号码[4]})
    assert outcome == "新增" and "同日出生" not in said, "the control: a twin"


def test_a_child_whose_record_is_void_is_in_nobodys_way(主任: Desk, district_application: Flask) -> None:
    """The number of the void record was wrong: the right one comes with a list, and nobody is asked about the void one."""
    imported(主任, 袁宇航)
    右 = {**袁宇航, "身份证号码": 号码[4]}
    同 = {**袁宇航, "身份证号码": None, "出生日期": "2015-05-05"}
    像 = {**同, "出生日期": "2015-05-06"}
    outcomes = [previewed(主任, row)[0][0] for row in (右, 同, 像)]
    assert outcomes == ["拒收", "无变化", "新增"] and "这户已登记有" in 主任.page.text, "the control"
    with by_the_machine(district_application.extensions["baoxue"].engine, "a record that should never have been") as session:
        session.scalars(select(Student).where(Student.name == "袁宇航")).one().schooling_state = "void"
    for row in (右, 同, 像):
        [(outcome, said)] = previewed(主任, row)
        assert outcome == "新增" and "袁宇航" not in said, said


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
def test_the_school_of_another_province_or_city_is_no_school_of_the_place(
        主任: Desk, district_application: Flask) -> None:
    assert "不在本地" not in previewed(主任, {**袁宇航, "学校": "北京市海淀区中关村第一小学"})[0][1], "nobody knows where 城区 lies"
    with by_the_machine(district_application.extensions["baoxue"].engine, "the province of 城区") as session:
        makers.region(session, "990000000000", "示范省")
    [(_, said), *own] = previewed(主任, {**袁宇航, "学校": "北京市海淀区中关村第一小学"}, *(
        {**陈奕辰, "儿童姓名": f"陈奕{n}", "身份证号码": 号码[n + 3], "学校": school} for n, school in enumerate(
            ("示范县城市之光小学", "示范省示范实验小学", "朝阳市场小学", "南关大市场小学"))))
    assert "不在本地" in said and "请导入后在学生页面办理“登记外地就读”" in said and "会新增" not in said
    assert all("不在本地" not in one and "会新增" in one for _, one in own), own
    for school in ("太原市五中", "北京四中", "晋中市一中", "北京市第四中学"):
        assert "不在本地" in previewed(主任, {**袁宇航, "学校": school})[0][1], school


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


@SQLITE_ONLY
def test_the_kind_of_a_new_school_follows_from_the_grade_in_which_its_children_stand(
        主任: Desk, what_lies_there: Look) -> None:
    大孩子 = {**袁宇航, "身份证号码": make_identity_number(date(2013, 1, 5), "1", serial=1), "学校": "新河初中", "年级": "八年级"}
    imported(主任, 大孩子)
    imported(主任, {**大孩子, "年级": None, "学校": "育英学校"})
    assert what_lies_there("SELECT s.grade, c.kind FROM student s JOIN school c ON c.id = s.school_id "
                           "WHERE s.name = '袁宇航'") == [("g8", "311")]
    小孩子 = {**袁宇航, "户主姓名": "陈国强", "儿童姓名": "陈奕辰", "年级": "六年级"}
    imported(主任, {**小孩子, "身份证号码": 号码[2], "学校": "树人学校"})
    assert what_lies_there("SELECT kind FROM school WHERE name = '树人学校'") == [("211",)], "a school up to the sixth"


def test_a_row_that_is_refused_speaks_for_no_family(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 袁宇航)
    弟弟 = {**袁宇航, "儿童姓名": "袁小川", "身份证号码": 号码[5], "户主电话": "19935712002", "组": "4组"}
    imported(主任, {**弟弟, "户主电话": None, "组": None})
    wrong, right = previewed(主任, {**弟弟, "儿童姓名": "王五", "身份证号码": 号码[1], "户主电话": "19935712001", "组": "3组"}, 弟弟)
    assert wrong[0] == "拒收" and right[0] == "更新" and "自然村（组） 原值 空 → 改为 4组" in right[1]
    assert "会新增这个自然村" in right[1] and "没有保存" not in right[1]


@SQLITE_ONLY
def test_a_note_tells_two_children_of_one_name_apart_and_one_list_names_both(主任: Desk) -> None:
    both = previewed(主任, 袁宇航, {**袁宇航, "身份证号码": 号码[6]})
    assert [outcome for outcome, _ in both] == ["新增", "新增"]
    assert "同村、同名、同日出生，身份证号不同" in both[1][1]
    imported(主任, 袁宇航)
    noted = previewed(主任, {**袁宇航, "身份证号码": 号码[6], "备注": "同名，不是同一个孩子"})
    assert noted[0][0] == "新增" and "同日出生" not in noted[0][1]


def test_who_works_for_one_village_adds_no_school_and_the_child_comes_in(
        district_application: Flask, what_lies_there: Look) -> None:
    """A school is a town's, also where the village has an administrator of its own."""
    with by_the_machine(district_application.extensions["baoxue"].engine, "an administrator of 康宁") as session:
        place = session.scalars(select(Region).where(Region.code == "990101400001")).one()
        accounts.make_account(session, Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12), username="康宁主任",
                              display_name="康宁主任", role="administrator", region=place, password=PASSWORD, must_change=False)
    head = Desk(district_application).sign_in("康宁主任", PASSWORD)
    [(outcome, said)] = previewed(head, {**袁宇航, "学校": "新河实验小学"})
    assert outcome == "新增" and "请联系上级管理员登记学校" in said
    head.press("确认导入")
    assert what_lies_there("SELECT school_id FROM student WHERE name = '袁宇航'") == [(None,)]
    assert what_lies_there("SELECT name FROM school WHERE name = '新河实验小学'") == []


@SQLITE_ONLY
def test_a_child_without_a_number_that_is_much_like_a_sibling_is_asked_about(主任: Desk, what_lies_there: Look) -> None:
    没有号码 = {**袁宇航, "身份证号码": None, "出生日期": "2015-05-05"}
    imported(主任, 没有号码)
    [(outcome, said)] = previewed(主任, {**没有号码, "出生日期": "2015-05-06"})
    assert outcome == "新增" and "儿童姓名：这户已登记有同名的“袁宇航”（2015-05-05 出生）。请核对是不是同一个孩子" in said
    [(outcome, said)] = previewed(主任, {**没有号码, "儿童姓名": "袁雨航"})
    assert outcome == "新增" and "出生日期：这户已登记有同日出生的“袁宇航”（2015-05-05 出生）" in said
    for another in ({"儿童姓名": "袁文静", "出生日期": "2017-03-01"}, {"出生日期": "2015-05-06", "户主姓名": "袁小川"},
                    {"出生日期": "2015-05-06", "备注": "同名，不是同一个孩子"}):
        [(outcome, said)] = previewed(主任, {**没有号码, **another})
        assert outcome == "新增" and "这户已登记有" not in said, another


@SQLITE_ONLY
def test_twins_whose_numbers_tell_them_apart_are_two_children(主任: Desk) -> None:
    imported(主任, 袁宇航)
    [(outcome, said)] = previewed(主任, {**袁宇航, "儿童姓名": "袁宇辰", "身份证号码": 号码[4]})
    assert outcome == "新增" and "这户已登记有" not in said
    [(outcome, said)] = previewed(主任, {**袁宇航, "儿童姓名": "袁宇辰", "身份证号码": None, "出生日期": "2015-05-05"})
    assert outcome == "新增" and "这户已登记有同日出生的“袁宇航”" in said, "the control"


@SQLITE_ONLY
def test_a_sex_that_a_list_does_not_know_is_that_of_the_number(主任: Desk, what_lies_there: Look) -> None:
    assert previewed(主任, {**袁宇航, "性别": "未知"})[0][1] == ""
    主任.press("确认导入")
    assert what_lies_there("SELECT sex FROM student WHERE name = '袁宇航'") == [("1",)]
    assert "与身份证号中的性别不一致" in previewed(主任, {**袁宇航, "性别": "女"})[0][1] or "更新" in 主任.page.text, "the control"


@SQLITE_ONLY
def test_a_class_is_the_same_however_it_is_written(主任: Desk) -> None:
    imported(主任, {**袁宇航, "班级": "3"})
    for written in ("3班", "三班", "（3）班", "三"):
        assert previewed(主任, {**袁宇航, "班级": written}) == [("无变化", "")], written
    assert previewed(主任, {**袁宇航, "班级": "实验班"}) == [("更新", "班级 原值 3班 → 改为 实验班")], "the control"
