"""The 自然村（组） of families, as lists write it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from admin_app.exchange.sheets.roster_words import group_key
from seed.makers import make_identity_number
from tests.desk import Desk, roster
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
电话, 另一电话 = "19935712001", "19935712002"
何一 = {"村（社区）": "康宁社区", "户编号": "组-77", "户主姓名": "何大山", "儿童姓名": "何一",
      "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=1)}
何二 = {**何一, "儿童姓名": "何二", "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=2)}
GROUP = "SELECT g.name FROM household h JOIN natural_group g ON g.id = h.natural_group_id WHERE h.head_name = '何大山'"
ALL = "SELECT name FROM natural_group ORDER BY id"


@pytest.mark.parametrize(("written", "key"), [
    ("3", "3组"), ("三组", "3组"), ("第三村民小组", "3组"), ("3组", "3组"), ("十", "10组"), ("十二组", "12组"),
    ("二十一队", "21组"), ("二十", "20组"), ("东沟自然村", "东沟"), ("东沟组", "东沟"), ("东沟", "东沟"), ("沟组", "沟组"),
    ("五一组", "五一"), ("三八组", "三八"), ("100组", "100"), ("二十五", "25组")])
def test_a_group_is_the_same_however_a_list_writes_it(written: str, key: str) -> None:
    assert group_key(written) == key


def test_a_list_says_in_which_group_a_family_lives_and_the_undo_takes_it_all_back(
        主任: Desk, what_lies_there: Look) -> None:
    before = what_lies_there(ALL)
    [(outcome, said), (_, also)] = previewed(主任, {**何一, "组": 3.0}, {**何二, "组": "三组"})
    assert outcome == "新增" and "本村还没有“3组”，确认导入时会新增这个自然村（组）" in said and also == ""
    assert "这些列没有导入" not in 主任.page.text
    first = min(主任.preview().items())[1]["说明与变化"]
    assert "自然村（组）3组" in first.partition("将登记的内容")[2]
    主任.press("确认导入")
    receipt = 主任.page.address
    assert what_lies_there(GROUP) == [("3组",)] and what_lies_there(ALL) == [*before, ("3组",)]
    主任.open(receipt)
    主任.press("撤销这次导入")
    assert what_lies_there(GROUP) == [] and what_lies_there(ALL) == before


@SQLITE_ONLY
def test_the_name_of_a_group_is_kept_as_written_and_is_no_number_of_a_person(主任: Desk, what_lies_there: Look) -> None:
    [(_, said)] = previewed(主任, {**何一, "组": 何一["身份证号码"]})
    assert "这里有完整的身份证号" in said
    主任.press("确认导入")
    assert what_lies_there(GROUP) == [], "the child comes in without it"
    imported(主任, {**何一, "组": "100组"})
    assert what_lies_there(GROUP) == [("100组",)], "the control"


def test_a_family_that_stands_is_told_its_group_or_another_one(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 何一)
    imported(主任, {**何一, "村民小组": "东沟自然村"})
    assert what_lies_there(GROUP) == [("东沟自然村",)]
    assert previewed(主任, {**何一, "组": "东沟"}) == [("无变化", "")]
    [(outcome, said), (_, also)] = previewed(主任, {**何一, "组": "4组"}, {**何二, "组": "5组"})
    assert outcome == "更新" and "自然村（组） 原值 东沟自然村 → 改为 4组" in said
    assert "同户，自然村（组）却不同，以第 " in also
    主任.press("确认导入")
    assert what_lies_there(GROUP) == [("4组",)]
    assert previewed(主任, {**何一, "组": "无"}) == [("无变化", "")], "a word for none takes nothing away"


@SQLITE_ONLY
def test_a_family_that_its_head_alone_names_keeps_its_group(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "组": "3组"})
    [(_, said)] = previewed(主任, {**何二, "户编号": None, "组": "4组"})
    assert "登记的是“3组”，没有改动" in said
    主任.press("确认导入")
    assert what_lies_there(GROUP) == [("3组",)]


def test_the_officer_of_a_village_brings_its_groups_and_another_villages_are_not_theirs(
        主任: Desk, 网格员: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "村（社区）": "牧童社区", "组": "3组"})
    [(_, said)] = previewed(网格员, {**何二, "组": "3组"})
    assert "本村还没有“3组”" in said, "康宁has none of this name"
    网格员.press("确认导入")
    assert what_lies_there("SELECT count(*) FROM natural_group WHERE name = '3组'") == [(2,)]
    assert what_lies_there("SELECT count(*) FROM household h JOIN natural_group g ON g.id = h.natural_group_id "
                           "WHERE h.region_code <> g.region_code") == [(0,)]


@SQLITE_ONLY
def test_the_preview_names_the_head_under_whom_a_child_will_be_registered(主任: Desk) -> None:
    """何二's row names another head: the family is that of the first row."""
    主任.upload(roster(何一, {**何二, "户主姓名": "何小山"}), "名单.xlsx")
    assert [row["登记到"] for row in 主任.preview().values()] == ["康宁社区 · 何大山户（新户）"] * 2


@SQLITE_ONLY
def test_several_telephones_are_those_of_several_guardians_in_their_order(主任: Desk, what_lies_there: Look) -> None:
    phones = "SELECT g.name, g.phone IS NOT NULL FROM guardian g ORDER BY g.id"
    standing = len(what_lies_there(phones))
    assert previewed(主任, {**何一, "监护人姓名": "何大山、李桂花", "联系电话": f"{电话}/{另一电话}"}) == [("新增", "")]
    主任.press("确认导入")
    assert what_lies_there(phones)[standing:] == [("何大山", 1), ("李桂花", 1)]
    assert previewed(主任, {**何一, "监护人姓名": "何大山、李桂花", "联系电话": f"{电话}\n{另一电话}"}) == [("无变化", "")]
    [(_, said)] = previewed(主任, {**何二, "监护人姓名": "何大山", "联系电话": f"{电话}、{另一电话}"})
    assert said == "监护人姓名：“何大山”有 2 个号码，只保存了第一个。" and 电话 not in 主任.page.text
    [(_, said)] = previewed(主任, {**何二, "监护人姓名": "何大山、李桂花、何老三", "联系电话": f"{电话}、{另一电话}"})
    assert "一格里有 2 个号码，只用了第一个" in said
    何三 = {**何二, "儿童姓名": "何三", "身份证号码": make_identity_number(date(2016, 5, 5), "1", serial=3)}
    [(_, said)] = previewed(主任, {**何三, "父亲姓名": "何大山", "父亲电话": f"{电话}/{另一电话}"})
    assert said == "父亲姓名：“何大山”有 2 个号码，只保存了第一个。"
    主任.press("确认导入")
    主任.open(主任.open("/admin/student/?search=何三").link("何三"))
    主任.open(主任.page.link("何大山"))
    主任.open(主任.page.link("修改"))
    主任.press("保存", phone=另一电话)
    again = {**何三, "父亲姓名": "何大山", "父亲电话": f"{电话} {另一电话}"}
    assert previewed(主任, again) == [("无变化", "")], "one of the two stands: nothing is put back"
    assert what_lies_there("SELECT g.name, g.phone IS NOT NULL FROM guardian g JOIN student s ON s.id = g.student_id "
                           "WHERE s.name = '何三'") == [("何大山", 1)]


@SQLITE_ONLY
def test_who_has_finished_school_is_led_to_the_end_that_fits(主任: Desk) -> None:
    [(_, said)] = previewed(主任, {**何一, "就读状态": "已毕业"})
    assert "请导入后在学生页面办理“登记在校”，再办理“毕业离校”" in said
