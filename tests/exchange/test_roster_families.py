"""Which family a row means: a 户编号 as Excel leaves it, and a head's number that stands in one row of the family."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from seed.makers import make_identity_number
from tests.desk import Desk, command
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
HOMES = "SELECT h.register_number, s.name FROM household h JOIN student s ON s.household_id = h.id " \
        "WHERE s.name LIKE '何%' ORDER BY s.id"


def child(name: str, serial: int, **values: Any) -> dict[str, Any]:
    return {"村（社区）": "康宁社区", "户主姓名": "何大山", "儿童姓名": name,
            "身份证号码": make_identity_number(date(2015, 5, 5), "1", serial=serial), **values}


何一, 何二, 何三 = child("何一", 1), child("何二", 2), child("何三", 3)
户主号码 = make_identity_number(date(1980, 3, 4), "1", serial=21)
另一号码 = make_identity_number(date(1981, 3, 4), "1", serial=22)


# --- a 户编号 as Excel leaves it ---


@SQLITE_ONLY
def test_a_family_number_that_excel_kept_as_a_number_is_refused_with_advice(
        district_application: Flask, 主任: Desk, tmp_path: Path, what_lies_there: Look) -> None:
    """Ten families of a village would be one: Excel keeps 15 digits of 16."""
    imported(主任, 何一, {**何二, "户主姓名": "何二山"})
    before = what_lies_there(HOMES)
    [number] = {number for number, name in before if name == "何一"}
    listed = [{**row, "户编号": float(int(number) // 10 * 10), "户主姓名": None} for row in (何一, 何二)]
    for outcome, said in previewed(主任, *listed):
        assert outcome == "拒收" and "末尾几位已丢失" in said and "设为“文本”格式" in said
    back = 主任.open(主任.page.link("下载拒收行")).bytes
    主任.upload(back, "改过的.xlsx")
    assert {row["结果"] for row in 主任.preview().values()} == {"拒收"}, "nor as the file of refused rows gives it back"
    path = tmp_path / "名单.csv"
    path.write_text(f"村,户编号,姓名,身份证号\n康宁,9.90101E+15,何一,{何一['身份证号码']}\t\n", "utf-8")
    told = command(district_application, "roster", "import", path, "--as", "城区主任", "--json")
    assert json.loads(told)["counts"]["refused"] == 1 and "末尾几位已丢失" in told
    assert previewed(主任, {**何一, "户编号": number}) == [("无变化", "")], "the control"
    assert what_lies_there(HOMES) == before


@pytest.mark.parametrize("word", ["无", "不详", "/", "待补"])
@SQLITE_ONLY
def test_a_word_for_no_number_makes_no_family_of_strangers(主任: Desk, what_lies_there: Look, word: str) -> None:
    imported(主任, {**何一, "户编号": word}, {**何二, "户编号": word, "户主姓名": "何二山"})
    (first, _), (second, _) = what_lies_there(HOMES)
    assert first != second and word not in (first, second)


@pytest.mark.parametrize(("stands", "written"), [("0012", 12), ("0012", 12.0), ("0012", "12"), ("12", "0012")])
@SQLITE_ONLY
def test_a_family_number_without_its_zeros_is_the_one_that_stands(
        主任: Desk, what_lies_there: Look, stands: str, written: Any) -> None:
    imported(主任, {**何一, "户编号": stands})
    said = previewed(主任, {**何一, "户编号": written}, {**何二, "户编号": written})
    assert [outcome for outcome, _ in said] == ["无变化", "新增"]
    assert all(f"按本村已有的户编号“{stands}”登记（“何大山”户）" in why for _, why in said)
    主任.press("确认导入")
    assert what_lies_there(HOMES) == [(stands, "何一"), (stands, "何二")]
    [(outcome, why)] = previewed(主任, {**何三, "户编号": written, "户主姓名": "何远山"})
    assert outcome == "拒收" and f"户编号“{stands}”是“何大山”户" in why, "nor does it bring in a stranger"


@SQLITE_ONLY
def test_of_two_families_that_differ_by_their_zeros_each_is_its_own(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "户编号": "0012"}, {**何二, "户编号": "12", "户主姓名": "何二山"})
    assert previewed(主任, {**何二, "户编号": 12, "户主姓名": "何二山"}) == [("无变化", "")]
    imported(主任, {**何三, "户编号": "012", "户主姓名": "何三山"}, child("何四", 4, 户编号="00012", 户主姓名="何四山"))
    assert [number for number, _ in what_lies_there(HOMES)] == ["0012", "12", "012", "00012"]


@SQLITE_ONLY
def test_a_family_number_that_the_village_has_not_moves_nobody_who_stands(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 何一)
    [(number, _)] = what_lies_there(HOMES)
    strange = child("何远", 9, 户编号="东12", 户主姓名="何远山")
    said = previewed(主任, {**何一, "户编号": "东12"}, {**何二, "户编号": "东12"}, strange)
    assert [outcome for outcome, _ in said] == ["无变化", "新增", "新增"]
    assert f"本村没有这个户编号，这个孩子仍在“何大山”户（户编号 {number}），没有改动" in said[0][1]
    assert "名单中同一编号的孩子在“何大山”户" in said[1][1] and "同一编号的孩子" not in said[2][1]
    主任.press("确认导入")
    assert what_lies_there(HOMES) == [(number, "何一"), (number, "何二"), ("东12", "何远")]
    said = previewed(主任, {**何一, "户编号": "东12", "户主姓名": "何远山"})
    assert "户编号“东12”是" not in said[0][1] and said[0][0] == "更新", "one that stands is where the list says"


# --- the number of a head that stands in one row ---


@pytest.mark.parametrize("first", [True, False], ids=["in the first row", "in the second"])
@SQLITE_ONLY
def test_a_family_whose_list_says_its_heads_number_once_is_one(主任: Desk, what_lies_there: Look, first: bool) -> None:
    listed = [{**何一, "户主身份证号": 户主号码 if first else None}, {**何二, "户主身份证号": None if first else 户主号码}]
    imported(主任, *listed)
    heads = "SELECT count(*), count(identity_index) FROM household WHERE head_name = '何大山'"
    assert what_lies_there(heads) == [(1, 1)]
    whole = [{**row, "户主身份证号": 户主号码} for row in (何一, 何二)]
    assert previewed(主任, *whole) == [("无变化", "")] * 2
    assert previewed(主任, *listed) == [("无变化", "")] * 2


@pytest.mark.parametrize("first", [True, False], ids=["in the first row", "in the second"])
@SQLITE_ONLY
def test_two_families_that_stand_whose_heads_bear_one_name_share_no_number(
        主任: Desk, what_lies_there: Look, first: bool) -> None:
    """何二's father is another 何大山, whose number nobody wrote down."""
    imported(主任, {**何一, "户编号": "0001"}, {**何二, "户编号": "0002"})
    listed = [{**何一, "户主身份证号": 户主号码}, 何二]
    said = previewed(主任, *(listed if first else listed[::-1]))
    assert sorted(outcome for outcome, _ in said) == ["无变化", "更新"]
    主任.press("确认导入")
    assert previewed(主任, *(listed if first else listed[::-1])) == [("无变化", "")] * 2
    assert [number for number, in what_lies_there("SELECT register_number FROM household WHERE head_name = '何大山' "
                                                  "AND identity_index IS NOT NULL")] == ["0001"]
    imported(主任, {**何三, "户主身份证号": 户主号码}, 何二 | {"班级": "3班"})
    assert what_lies_there(HOMES) == [("0001", "何一"), ("0002", "何二"), ("0001", "何三")]


@SQLITE_ONLY
def test_a_family_that_stands_learns_its_heads_number_from_the_row_that_says_it(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 何一, 何二)
    said = previewed(主任, 何一, {**何二, "户主身份证号": 户主号码}, {**何三, "户主身份证号": 户主号码})
    assert [outcome for outcome, _ in said] == ["无变化", "更新", "新增"]
    assert "户主身份证号 原值 空 → 改为 （有）" in said[1][1]
    主任.press("确认导入")
    assert what_lies_there("SELECT count(*), count(identity_index) FROM household WHERE head_name = '何大山'") == [(1, 1)]


@SQLITE_ONLY
def test_a_head_of_two_numbers_is_two_heads_and_a_row_without_one_is_asked_about(主任: Desk) -> None:
    said = previewed(主任, {**何一, "户主身份证号": 户主号码}, {**何二, "户主身份证号": 另一号码}, 何三)
    assert said[:2] == [("新增", "")] * 2
    assert said[2][0] == "新增" and "名单中有 2 户的户主都叫“何大山”，这一行没有户主身份证号" in said[2][1]


@SQLITE_ONLY
def test_one_head_whose_name_is_written_in_two_ways_has_one_family(主任: Desk, what_lies_there: Look) -> None:
    said = previewed(主任, {**何一, "户主身份证号": 户主号码}, {**何二, "户主身份证号": 户主号码, "户主姓名": "何太山"})
    assert [outcome for outcome, _ in said] == ["新增", "新增"] and "以第 2 行为准" in said[1][1]
    主任.press("确认导入")
    assert len({number for number, _ in what_lies_there(HOMES)}) == 1


def test_nobody_becomes_the_head_of_two_families_of_a_village(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**何一, "户编号": "0001", "户主身份证号": 户主号码}, {**何二, "户编号": "0002"})
    for row in ({**何二, "户编号": "0002"}, {**何二, "户编号": None}, {**何三, "户编号": "0003"}):
        [(outcome, why)] = previewed(主任, {**row, "户主身份证号": 户主号码})
        assert outcome == "拒收" and "本村“何大山”户（户编号 0001）的户主已是这个身份证号" in why
    new = [{**何三, "户编号": "0003", "户主身份证号": 另一号码}, {**child("何四", 4), "户编号": "0004", "户主身份证号": 另一号码}]
    said = previewed(主任, *new)
    assert said[0] == ("新增", "") and said[1][0] == "拒收" and "本村第 2 行的另一户的户主已是这个身份证号" in said[1][1]
    imported(主任, {**何二, "户编号": "0002", "户主身份证号": 另一号码})
    assert what_lies_there("SELECT count(*), count(DISTINCT identity_index) FROM household WHERE head_name = '何大山'") == [
        (2, 2)], "the control: a number that nobody has"


@SQLITE_ONLY
def test_a_mistyped_family_number_gives_a_stranger_of_the_heads_name_no_other_number(主任: Desk, what_lies_there: Look) -> None:
    held = "SELECT identity_index FROM household WHERE register_number = '0001'"
    imported(主任, {**何一, "户编号": "0001", "户主身份证号": 户主号码})
    before = what_lies_there(held)
    [(outcome, said)] = previewed(主任, {**何二, "户编号": "0001", "户主身份证号": 另一号码})
    assert outcome == "新增" and "与登记的户主身份证号不同，没有改动" in said
    主任.press("确认导入")
    assert what_lies_there(held) == before
    imported(主任, {**何一, "户编号": "0001", "户主身份证号": 另一号码})
    assert what_lies_there(held) != before, "the control: a child who lives there says it"
