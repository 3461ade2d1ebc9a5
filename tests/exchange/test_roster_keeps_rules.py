"""What a form would refuse, no list brings in either."""

import io
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.base import Base
from models.code_item import CodeItem
from models.school import School
from models.student import Student
from seed.makers import make_identity_number
from tests.desk import Desk, command, roster
from tests.exchange.test_roster_rules import 孙悦, imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
GRADE = "SELECT grade FROM student WHERE name = '孙悦'"
SCHOOL = "SELECT k.name FROM student s LEFT JOIN school k ON k.id = s.school_id WHERE s.name = '孙悦'"


@pytest.fixture
def written(district_application: Flask) -> Callable[..., None]:
    """Changes one record that stands, behind the forms."""
    def write(model: type[Base], found: dict[str, Any], **values: Any) -> None:
        with unscoped(district_application.extensions["baoxue"].engine, "what the tests need", writing=True) as session:
            with recording(session, Actor(0, "测试", Role.SYSTEM_ADMIN, "0" * 12), "load"):
                record = session.query(model).filter_by(**found).one()
                for name, value in values.items():
                    setattr(record, name, value)
    return write


# --- schools and grades ---


@SQLITE_ONLY
def test_a_school_that_has_closed_takes_nobody(主任: Desk, written: Callable[..., None], what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    written(School, {"name": "示范小学"}, closed_on=date(2025, 7, 1))
    孙欣 = {**孙悦, "儿童姓名": "孙欣", "是否在校": "是", "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=8)}
    same, new = previewed(主任, 孙悦, 孙欣)
    assert same == ("无变化", ""), "who is registered there stays"
    assert new[0] == "新增" and "“示范小学”已停办（2025-07-01），学校一项没有保存" in new[1] and "按“待核查”登记" in new[1]
    主任.press("确认导入")
    assert what_lies_there("SELECT school_id, schooling_state FROM student WHERE name = '孙欣'") == [(None, "unknown")]


@pytest.mark.parametrize(("row", "said", "stored"), [
    ({"年级": "八年级"}, "这所学校没有八年级，年级一项没有保存", None),
    ({"年级": "八年级", "备注": "学校附设八年级"}, "", "g8"),
    ({"学校": None, "年级": "一年级"}, "一年级的孩子一般 6 岁，按出生日期是", None),
    ({"学校": None, "年级": "一年级", "备注": "年级已核对"}, "", "g1"),
    ({"学校": "新建中学", "年级": "四年级"}, "这所学校没有四年级", None),
    ({"学校": None, "年级": "四年级"}, "", "g4"),
])
@SQLITE_ONLY
def test_a_grade_that_a_form_would_refuse_is_left_out(
        主任: Desk, what_lies_there: Look, row: dict[str, Any], said: str, stored: str | None) -> None:
    old = make_identity_number(date(2015, 9, 1) if row["年级"] != "一年级" else date(2014, 9, 1), "2", serial=7)
    [(outcome, why)] = previewed(主任, {**孙悦, "出生日期": None, "身份证号码": old, **row})
    assert (outcome, said in why, "没有保存" in why) == ("新增", True, bool(said)), why
    主任.press("确认导入")
    assert what_lies_there(GRADE) == [(stored,)]


@SQLITE_ONLY
def test_a_later_list_brings_no_grade_and_no_school_that_a_form_would_refuse(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    imported(主任, {**孙悦, "儿童姓名": "孙大", "学校": "示范中学", "年级": "九年级", "备注": None,
                  "身份证号码": make_identity_number(date(2011, 9, 1), "2", serial=8), "出生日期": "2011-09-01"})
    [(outcome, why)] = previewed(主任, {**孙悦, "年级": "九年级"})
    assert outcome == "无变化" and "这所学校没有九年级，年级一项没有保存" in why
    [(outcome, why)] = previewed(主任, {**孙悦, "学校": "示范中学"})
    assert outcome == "无变化" and "这所学校没有四年级，学校一项没有保存" in why
    imported(主任, {**孙悦, "学校": "示范中学", "年级": "七年级"})
    assert what_lies_there(GRADE) == [("g7",)] and what_lies_there(SCHOOL) == [("示范中学",)], "both together agree"


@SQLITE_ONLY
def test_a_child_that_has_left_for_good_gets_no_flag(
        主任: Desk, written: Callable[..., None], what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    written(Student, {"name": "孙悦"}, schooling_state="graduated")
    [(outcome, why)] = previewed(主任, {**孙悦, "特殊群体": "孤儿"})
    assert outcome == "无变化" and "“孙悦”已毕业离校，不用再报特殊群体标记，这一项没有保存" in why
    written(Student, {"name": "孙悦"}, schooling_state="enrolled")
    assert previewed(主任, {**孙悦, "特殊群体": "孤儿"})[0][0] == "更新", "the control"


@SQLITE_ONLY
def test_whoever_is_long_grown_up_comes_in_with_a_note_alone(主任: Desk) -> None:
    """A form refuses a day of birth of 27 years ago: a year was mistyped."""
    years = date.today().year - 1999
    grown = {**孙悦, "出生日期": None, "年级": None, "身份证号码": make_identity_number(date(1999, 9, 1), "2", serial=7)}
    [(outcome, why)] = previewed(主任, grown)
    assert outcome == "拒收" and f"按出生日期已 {years} 岁，请核对年份" in why and "在备注中写明后重新上传" in why
    noted = {**grown, "备注": f"已 {years} 岁，补登记"}
    [(outcome, why)] = previewed(主任, noted)
    assert outcome == "新增" and "不像义务教育阶段的孩子" in why, "the control"
    imported(主任, noted)
    [(outcome, _)] = previewed(主任, {**grown, "备注": None})
    assert outcome == "无变化", "the register has it"


# --- codes that have ended ---


@SQLITE_ONLY
def test_a_word_for_a_code_that_has_ended_is_no_word_any_more(主任: Desk, written: Callable[..., None]) -> None:
    listed = {**孙悦, "家庭类型": "建档立卡户", "特殊群体": "留守"}
    assert previewed(主任, listed) == [("新增", "")], "the control"
    written(CodeItem, {"code_table": "hardship_kind", "code": "10"}, valid_until=date(2025, 1, 1))
    written(CodeItem, {"code_table": "special_group", "code": "10"}, valid_until=date(2025, 1, 1))
    [(outcome, why)] = previewed(主任, listed)
    assert outcome == "新增" and "“建档立卡户”已停用" in why and "“留守”已停用" in why
    [(_, why)] = previewed(主任, {**孙悦, "家庭类型": "五保户的一种"})
    assert "代码表中没有“五保户的一种”" in why


@SQLITE_ONLY
def test_the_template_offers_what_may_be_chosen_today(主任: Desk, written: Callable[..., None]) -> None:
    written(CodeItem, {"code_table": "special_group", "code": "21"}, valid_until=date(2025, 1, 1))
    book = openpyxl.load_workbook(io.BytesIO(主任.open("/import/roster/template.xlsx").bytes))
    offered = {cell for row in book["代码"].values for cell in row}
    assert {"脱贫户", "残疾儿童", "汉族"} <= offered
    assert not {"建档立卡贫困户", "农村五保户", "孤儿"} & offered


# --- whole identity numbers ---


号码 = make_identity_number(date(1980, 3, 4), "1", serial=21)
满宽 = "".join(chr(ord(c) + 0xFEE0) for c in 号码)


@pytest.mark.parametrize(("column", "written"), [
    *((column, 号码) for column in ("备注", "班级", "学校", "户编号", "村（社区）", "家庭住址")), ("备注", f"父亲{号码}"), ("备注", 满宽)])
@SQLITE_ONLY
def test_a_whole_identity_number_stands_in_its_own_column_alone(
        主任: Desk, what_lies_there: Look, column: str, written: str) -> None:
    [(outcome, why)] = previewed(主任, {**孙悦, column: written})
    assert outcome == "拒收" and "这里有完整的身份证号" in why and "只写后四位" in why
    assert 号码 not in 主任.page.text and 满宽 not in 主任.page.text
    kept = "".join(str(messages) for (messages,) in what_lies_there("SELECT messages FROM import_row"))
    assert 号码 not in kept and 满宽 not in kept
    assert previewed(主任, {**孙悦, "备注": f"父亲尾号{号码[-4:]}"}) == [("新增", "")], "the control"


@pytest.mark.parametrize(("column", "written"), [
    *(("出生日期", n) for n in (号码, 号码[:6] + 号码[8:17], f"{号码[:6]} {号码[6:14]} {号码[14:]}", int(号码[:15]) * 1000, 满宽)),
    ("是否在校", 号码), ("联系电话", 号码), ("监护人姓名", 号码)])
@SQLITE_ONLY
def test_no_message_repeats_a_number_of_the_wrong_column(
        district_application: Flask, 主任: Desk, tmp_path: Path, column: str, written: Any) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_bytes(roster({**孙悦, column: written}))
    told = command(district_application, "roster", "import", path, "--as", "城区主任", "--dry-run", "--json")
    [row] = json.loads(told)["rows"]
    assert row["messages"], (column, written)
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", told.replace(" ", "")))
    assert 号码[6:14] not in digits and 号码[8:17] not in digits
