"""Who answers for a child and where its family is called, as lists write it."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app.access.scope import unscoped
from models.import_run import ImportRow
from seed.makers import make_identity_number
from tests.desk import Desk
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
何一 = {"村（社区）": "康宁社区", "户主姓名": "何大山", "儿童姓名": "何一",
      "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=1)}
何二 = {**何一, "儿童姓名": "何二", "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=2)}
电话, 另一电话 = "19935712001", "19935712002"
GUARDIANS = "SELECT g.name, g.relation, g.phone FROM guardian g JOIN student s ON s.id = g.student_id " \
            "WHERE s.name = '何一' ORDER BY g.id"


# --- telephones ---


def test_a_telephone_of_which_nobody_says_whose_it_is_is_the_familys(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 何一)
    [(outcome, said)] = previewed(主任, {**何一, "联系电话": 电话})
    assert outcome == "更新" and "户的联系电话 原值 空 → 改为 （有）" in said and 电话 not in 主任.page.text
    主任.press("确认导入")
    assert what_lies_there("SELECT count(*), count(phone) FROM household WHERE head_name = '何大山'") == [(1, 1)]
    主任.open(主任.open("/admin/household/?search=何大山").link("何大山"))
    assert 主任.page.facts["联系电话"].startswith("199"), "and opens as the form's does"
    assert previewed(主任, {**何一, "联系电话": 电话}) == [("无变化", "")]
    [(outcome, said)] = previewed(主任, {**何一, "联系电话": 另一电话})
    assert outcome == "无变化" and "联系电话：这户已有另一个联系电话，这一项没有保存" in said
    assert what_lies_there(GUARDIANS) == []


@SQLITE_ONLY
def test_a_new_family_has_the_telephone_that_one_of_its_rows_says(主任: Desk, what_lies_there: Look) -> None:
    said = previewed(主任, 何一, {**何二, "联系电话": 电话}, {**何二, "儿童姓名": "何三", "联系电话": 另一电话,
                     "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=3)})
    assert [outcome for outcome, _ in said] == ["新增"] * 3 and said[1][1] == ""
    assert "联系电话：与第 3 行同户，联系电话却不同，以第 3 行为准。" in said[2][1]
    主任.press("确认导入")
    assert what_lies_there("SELECT count(*), count(phone) FROM household WHERE head_name = '何大山'") == [(1, 1)]


@SQLITE_ONLY
def test_a_guardians_own_telephone_is_no_second_one(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "监护人姓名": "何大山", "联系电话": 电话})
    assert previewed(主任, {**何一, "联系电话": 电话}) == [("无变化", "")]
    assert what_lies_there("SELECT phone FROM household WHERE head_name = '何大山'") == [(None,)], "the control"


@SQLITE_ONLY
def test_the_telephone_of_the_head_has_a_column_of_its_own(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, said)] = previewed(主任, {**何一, "户主电话": 电话, "监护人姓名": "李桂花", "联系电话": 另一电话})
    assert (outcome, said) == ("新增", "") and "这些列没有导入" not in 主任.page.text
    assert "户的联系电话" in 主任.page.text
    主任.press("确认导入")
    assert what_lies_there("SELECT count(phone) FROM household WHERE head_name = '何大山'") == [(1,)]
    assert [bool(phone) for _, _, phone in what_lies_there(GUARDIANS)] == [True]
    [(outcome, said)] = previewed(主任, {**何一, "户主电话": 另一电话})
    assert outcome == "无变化" and "户主电话：这户已有另一个联系电话，这一项没有保存" in said


# --- guardians ---


@SQLITE_ONLY
def test_a_guardian_that_a_list_adds_is_said_to_be_added(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, _)] = previewed(主任, {**何一, "监护人姓名": "何大山"})
    主任.press("确认导入")
    [(outcome, said)] = previewed(主任, {**何一, "监护人姓名": "李桂花"})
    assert (outcome, said) == ("更新", "监护人（增加） 原值 何大山 → 改为 何大山、李桂花")
    主任.press("确认导入")
    assert [name for name, _, _ in what_lies_there(GUARDIANS)] == ["何大山", "李桂花"], "both are kept"


@pytest.mark.parametrize("written", ["李桂花（奶奶）", "李桂花(祖母)", "李桂花 （ 奶奶 ）", "李桂花/奶奶"])
@SQLITE_ONLY
def test_the_relation_behind_a_guardians_name_is_no_part_of_it(
        主任: Desk, what_lies_there: Look, written: str) -> None:
    imported(主任, {**何一, "监护人姓名": written})
    assert what_lies_there(GUARDIANS) == [("李桂花", "62", None)]
    assert previewed(主任, {**何一, "监护人姓名": "李桂花"}) == [("无变化", "")]
    assert previewed(主任, {**何一, "监护人姓名": written}) == [("无变化", "")]


@SQLITE_ONLY
def test_a_relation_that_a_later_list_tells_is_filled_in_and_an_unknown_one_is_named(
        主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "监护人姓名": "李桂花"})
    [(outcome, said)] = previewed(主任, {**何一, "监护人姓名": "李桂花（阿桂）"})
    assert outcome == "无变化" and "“李桂花”后面的“阿桂”没有保存" in said
    [(outcome, said)] = previewed(主任, {**何一, "监护人姓名": "李桂花（奶奶）"})
    assert (outcome, said) == ("更新", "监护人与孩子关系 原值 空 → 改为 祖母")
    主任.press("确认导入")
    assert what_lies_there(GUARDIANS) == [("李桂花", "62", None)]


@SQLITE_ONLY
def test_several_guardians_in_one_cell_are_several(主任: Desk, what_lies_there: Look) -> None:
    listed = {**何一, "户主姓名": None, "监护人姓名": "何大山（父亲）、李桂花", "联系电话": 电话}
    [(outcome, said)] = previewed(主任, listed)
    assert outcome == "新增" and "一格里有 2 位监护人，分别登记，电话记在“何大山”名下" in said
    主任.press("确认导入")
    assert [(name, relation, bool(phone)) for name, relation, phone in what_lies_there(GUARDIANS)] == [
        ("何大山", "51", True), ("李桂花", None, False)]
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '何大山'") == [(1,)]
    [(outcome, _)] = previewed(主任, listed)
    assert outcome == "无变化"


@SQLITE_ONLY
def test_guardians_on_a_line_each_are_several(主任: Desk, what_lies_there: Look) -> None:
    """Alt+Enter, as people write two names in one cell."""
    imported(主任, {**何一, "监护人姓名": "何大山\n李小花（母）"})
    assert {name for name, in what_lies_there("SELECT g.name FROM guardian g JOIN student s ON s.id = g.student_id "
                                              "WHERE s.name = '何一'")} == {"何大山", "李小花"}


@SQLITE_ONLY
def test_a_telephone_that_is_known_to_be_one_guardians_is_not_the_others(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "监护人姓名": "李桂花", "联系电话": 电话})
    [(outcome, said)] = previewed(主任, {**何一, "监护人姓名": "何大山、李桂花", "联系电话": 电话})
    assert outcome == "更新" and "分别登记。" in said
    主任.press("确认导入")
    assert [(name, bool(phone)) for name, _, phone in what_lies_there(GUARDIANS)] == [("李桂花", True), ("何大山", False)]


@SQLITE_ONLY
def test_a_preview_that_an_older_version_made_is_uploaded_anew(
        district_application: Flask, 主任: Desk, what_lies_there: Look) -> None:
    """It says guardian where several are said now: nothing of it is lost in silence."""
    previewed(主任, {**何一, "监护人姓名": "李桂花"})
    with unscoped(district_application.extensions["baoxue"].engine, "what an older version kept", writing=True) as session:
        row = session.scalars(select(ImportRow)).one()
        kept = json.loads(row.plan.open())
        kept["plan"]["guardian"] = kept["plan"].pop("guardians")[0]
        row.plan = json.dumps(kept)
        session.commit()
    主任.open(主任.page.address)
    主任.press("确认导入")
    assert "系统升级前做的。请重新上传" in 主任.page.text and "放弃" in 主任.page.text
    assert what_lies_there("SELECT name FROM student WHERE name = '何一'") == []
    imported(主任, {**何一, "监护人姓名": "李桂花"})
    assert [name for name, _, _ in what_lies_there(GUARDIANS)] == ["李桂花"], "the control"


@pytest.mark.parametrize("written", ["无", "—", "暂无"])
@SQLITE_ONLY
def test_nobody_is_no_guardian(主任: Desk, what_lies_there: Look, written: str) -> None:
    imported(主任, {**何一, "监护人姓名": written})
    assert what_lies_there(GUARDIANS) == []
    imported(主任, {**何一, "监护人姓名": "何大山"})
    assert what_lies_there(GUARDIANS) == [("何大山", None, None)], "the control"


@SQLITE_ONLY
def test_parents_in_columns_of_their_own_are_guardians(主任: Desk, what_lies_there: Look) -> None:
    said = previewed(主任, {**何一, "父亲姓名": "何大山", "父亲电话": 电话, "母亲姓名": "李桂花", "母亲联系电话": 另一电话},
                     {**何二, "父亲姓名": "已故", "母亲姓名": "李桂花", "联系电话": 电话})
    assert said == [("新增", ""), ("新增", "")] and "这些列没有导入" not in 主任.page.text
    主任.press("确认导入")
    assert [(name, relation, bool(phone)) for name, relation, phone in what_lies_there(GUARDIANS)] == [
        ("何大山", "51", True), ("李桂花", "52", True)]
    assert what_lies_there(GUARDIANS.replace("何一", "何二")) == [("李桂花", "52", None)], "the number is the family's"
    assert what_lies_there("SELECT count(phone) FROM household WHERE head_name = '何大山'") == [(1,)]
    assert previewed(主任, {**何一, "父亲": "何大山", "母亲": "李桂花", "母亲电话": 另一电话}) == [("无变化", "")]


@SQLITE_ONLY
def test_a_parent_who_is_named_as_the_guardian_too_is_one_person(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "监护人姓名": "李桂花", "联系电话": 电话, "父亲姓名": "何大山", "母亲姓名": "李桂花"})
    assert [(name, relation, bool(phone)) for name, relation, phone in what_lies_there(GUARDIANS)] == [
        ("李桂花", "52", True), ("何大山", "51", False)]


@SQLITE_ONLY
def test_the_telephone_of_a_parent_without_a_name_is_the_familys(主任: Desk, what_lies_there: Look) -> None:
    [(_, said)] = previewed(主任, {**何一, "父亲电话": 电话, "母亲电话": 另一电话})
    assert said == "母亲电话：这户已有另一个联系电话，这一项没有保存。请核对；确有变动的，请在户的页面修改，或补上母亲姓名后重新上传。"
    主任.press("确认导入")
    assert what_lies_there("SELECT count(phone) FROM household WHERE head_name = '何大山'") == [(1,)]
    assert what_lies_there(GUARDIANS) == []


@SQLITE_ONLY
def test_a_parents_name_put_right_is_asked_about_before_it_adds_a_second_mother(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "母亲姓名": "白梅", "母亲电话": 电话})
    [(outcome, said)] = previewed(主任, {**何一, "母亲姓名": "白玫", "母亲电话": 电话})
    assert outcome == "更新" and "已登记的母亲是“白梅”，名单上是“白玫”，确认后会增加一位" in said
    [(outcome, said)] = previewed(主任, {**何一, "父亲姓名": "何大山", "父亲电话": 电话})
    assert outcome == "更新" and "确认后会增加一位" not in said, "a father beside her, of the same telephone"


@SQLITE_ONLY
def test_of_the_head_of_a_standing_family_each_row_is_told_what_is_true_of_it(主任: Desk) -> None:
    """The first row names another head, the second one the head that is registered."""
    imported(主任, 何一, 何二)
    first, second = previewed(主任, {**何一, "户主姓名": "何老大"}, 何二)
    assert "登记的户主是“何大山”，没有改动" in first[1]
    assert second == ("无变化", ""), "it agrees with the register"
