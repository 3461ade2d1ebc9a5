"""What becomes of a cell, and what a clerk is told to correct."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from admin_app.exchange.cells import (
    BadCell,
    Rough,
    birth_date,
    chinese_name,
    date_value,
    identity_number,
    phone,
    text,
    yes_no,
)
from admin_app.exchange.header import data_rows, find_header
from admin_app.exchange.reader import RawCell, read_table

DATA = Path(__file__).parent.parent / "data"
TODAY = date(2026, 9, 10)
GOOD = "990722201802066607"


def refusal(reader: Callable[[RawCell], object], cell: RawCell) -> str:
    with pytest.raises(BadCell) as refused:
        reader(cell)
    return refused.value.message


@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000"])
def test_a_blank_cell_has_no_value_and_no_complaint(cell: RawCell) -> None:
    assert chinese_name(cell).value is None
    assert date_value(cell).value is None
    assert phone(cell).value is None
    assert yes_no(cell).value is None
    assert identity_number(cell).value is None
    assert text(cell, 10).value is None


@pytest.mark.parametrize("cell", ["无", "暂无", " 没 有 ", "未上户", "—", "-", "//", "／", "——"])
def test_a_word_for_nothing_is_a_blank_where_a_number_belongs(cell: str) -> None:
    assert (identity_number(cell).value, identity_number(cell).notes) == (None, ())
    assert (phone(cell).value, phone(cell).notes) == (None, ())


@pytest.mark.parametrize("cell", ["不详", "在办", "*", "?"])
def test_any_other_word_is_none(cell: str) -> None:
    for reader in (identity_number, phone):
        assert refusal(reader, cell)


# Text


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3.0, "3"),
        (3.5, "3.5"),
        (True, "是"),
        ("  三年级\n4班 ", "三年级 4班"),
        ("e\u0301", "é"),
        (datetime(2014, 5, 10), "2014-05-10"),
        ("备\u202e注", "备注"),
    ],
)
def test_text_is_one_tidy_line(cell: RawCell, value: str) -> None:
    assert text(cell, 20).value == value


def test_text_that_is_too_long_is_refused_with_both_lengths() -> None:
    assert refusal(lambda c: text(c, 3), "四个字呀") == "内容有4个字，最多3个字，请缩短。"


@pytest.mark.parametrize("cell", ["a\x00b", "a\x1bb", "a\x7fb"])
def test_text_with_control_characters_is_refused(cell: str) -> None:
    assert "控制字符" in refusal(lambda c: text(c, 20), cell)


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("http://127.0.0.1/","点")', "+cmd|' /C calc'!A0", "@SUM(A1)"]
)
def test_formula_like_text_is_kept_word_for_word_and_noted(cell: str) -> None:
    for noted in (text(cell, 100), chinese_name(cell)):
        assert noted.value == cell
        assert "像是公式" in noted.notes[0]


@pytest.mark.parametrize("cell", ["-5", "+3.2", "-", "100%"])
def test_a_number_with_a_sign_is_no_formula(cell: str) -> None:
    assert text(cell, 10).notes == ()


# Names


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("张　三", "张三"),
        (" 欧 阳 修 ", "欧阳修"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("古丽 . 买买提", "古丽 . 买买提"),
        ("阿依 · 古丽", "阿依·古丽"),
        ("𠮷田", "𠮷田"),
        ("John  Smith", "John Smith"),
    ],
)
def test_spaces_inside_a_han_name_go_and_the_middle_dot_stays(cell: str, value: str) -> None:
    assert chinese_name(cell).value == value


def test_a_name_with_digits_or_question_marks_is_noted() -> None:
    assert "请核对" in chinese_name("张三1").notes[0]
    assert "请核对" in chinese_name("张?").notes[0]


def test_a_home_made_character_is_noted() -> None:
    assert "自造字" in chinese_name("张\ue123").notes[0]


# Dates


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (datetime(2018, 2, 6, 8, 30), date(2018, 2, 6)),
        (date(2018, 2, 6), date(2018, 2, 6)),
        ("2018.02.06", date(2018, 2, 6)),
        ("2015年4月4日", date(2015, 4, 4)),
        ("2014-5-10", date(2014, 5, 10)),
        ("2014/5/10", date(2014, 5, 10)),
        ("20140510", date(2014, 5, 10)),
        (20140510.0, date(2014, 5, 10)),
        ("２０１４．５．１０", date(2014, 5, 10)),
        ("2014-05-10 00:00:00", date(2014, 5, 10)),
        ("2014 年 5 月 10 日", date(2014, 5, 10)),
    ],
)
def test_a_date_is_understood_in_each_usual_way(cell: RawCell, value: date) -> None:
    noted = date_value(cell, today=TODAY)

    assert (noted.value, noted.notes) == (value, ())


@pytest.mark.parametrize("cell", [41474, 41474.0, "41474"])
def test_a_bare_excel_number_is_read_as_a_date_and_noted(cell: RawCell) -> None:
    noted = date_value(cell, today=TODAY)

    assert noted.value == date(2013, 7, 19)
    assert "2013-07-19，请核对" in noted.notes[0]


@pytest.mark.parametrize("cell", ["2014年5月", "2014.05", "201405", 201405.0])
def test_a_month_without_a_day_is_noted(cell: RawCell) -> None:
    noted = date_value(cell, today=TODAY)

    assert noted.value == date(2014, 5, 1)
    assert "只写到月" in noted.notes[0]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2014-02-30", "并不存在"),
        ("1899-12-31", "早于1900年"),
        ("2027.01.01", "还没有到"),
        ("5/10/2014", "看不出哪个是年、月、日"),
        ("14.5.10", "看不出哪个是年、月、日"),
        (2014.1, "存成了小数"),
        ("2014", "只有年份"),
        (12, "不是能认出的日期"),
        ("不详", "“不详”不是能认出的日期"),
    ],
)
def test_a_doubtful_date_is_refused_with_its_own_reason(cell: RawCell, said: str) -> None:
    assert said in refusal(lambda c: date_value(c, today=TODAY), cell)


def test_a_planned_date_may_lie_ahead() -> None:
    assert date_value("2027.01.01", today=TODAY, future_allowed=True).value == date(2027, 1, 1)


@pytest.mark.parametrize(("cell", "months"), [
    (2015.1, (1, 10)), ("2015.1", (1,)), ("2015年1月", (1,)), ("201510", (10,)), ("2015", tuple(range(1, 13)))])
def test_a_month_of_birth_agrees_with_the_days_that_it_may_mean(cell: RawCell, months: tuple[int, ...]) -> None:
    told = birth_date(cell, today=TODAY).value
    assert isinstance(told, Rough)
    agreed = [month for month in range(1, 13) if told.agrees_with(date(2015, month, 12))]
    assert agreed == list(months)
    assert not told.agrees_with(date(2014, months[0], 12)), "of another year none"


# Telephones


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("19902005784", "19902005784"),
        (19902005784.0, "19902005784"),
        ("19902005784.0", "19902005784"),
        ("199 0200-5784", "19902005784"),
        ("＋86 19902005784", "19902005784"),
        ("0354-8612345", "0354-8612345"),
        ("(0354)8612345", "0354-8612345"),
        ("010 12345678", "010-12345678"),
    ],
)
def test_a_telephone_number_is_written_one_way(cell: RawCell, value: str) -> None:
    assert phone(cell).value == value


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1390000", "只有7位"),
        ("8612345", "没有区号"),
        ("199020057845", "有12位"),
        ("19902005784/19902005785", "一格只填一个号码"),
        ("199****5784", "星号"),
        ("12345678901", "13至19开头"),
        ("不记得", "数字以外的内容"),
    ],
)
def test_a_bad_telephone_number_is_refused_with_its_own_reason(cell: RawCell, said: str) -> None:
    assert said in refusal(phone, cell)


# Yes and no


@pytest.mark.parametrize("cell", ["是", " 有 ", "Y", "√", 1.0, True, "１"])
def test_many_ways_to_say_yes(cell: RawCell) -> None:
    assert yes_no(cell).value is True


@pytest.mark.parametrize("cell", ["否", "无", "N", "×", 0.0, False])
def test_many_ways_to_say_no(cell: RawCell) -> None:
    assert yes_no(cell).value is False


def test_anything_else_must_be_said_again() -> None:
    assert refusal(yes_no, "也许") == "“也许”看不出是或否，请填“是”或“否”。"


# Identity numbers


@pytest.mark.parametrize("cell", [GOOD, " 990722201802066607\t"])
def test_a_good_identity_number_needs_no_note(cell: str) -> None:
    noted = identity_number(cell, today=TODAY)

    assert noted.value is not None
    assert (noted.value.number, noted.notes) == (GOOD, ())


@pytest.mark.parametrize("cell", ["９９０７２２２０１８０２０６６６０７", "990722 20180206 6607"])
def test_an_identity_number_put_right_says_so(cell: str) -> None:
    noted = identity_number(cell, today=TODAY)

    assert noted.value is not None
    assert noted.value.number == GOOD
    assert "标准写法" in noted.notes[0]


@pytest.mark.parametrize("cell", [9.90722201204294e17, "9.90722E+17", "990722201204294000"])
def test_an_identity_number_with_lost_digits_comes_with_advice(cell: RawCell) -> None:
    assert "请把该列设为“文本”格式后重新填写" in refusal(identity_number, cell)


# The district's roster, whose faults are known row by row

WANTED = {
    "name": ["儿童姓名"],
    "id": ["身份证号码"],
    "birth": ["出生日期"],
    "phone": ["监护人/联系电话"],
}
FAULTS_SEEN_IN_A_CELL = {
    "telephone too short": {"phone"},
    "formula text in the name": {"name"},
    "full-width digits": {"id"},
    "spaces inside": {"id"},
    "check digit is wrong": {"id"},
    "identity number stored as a number; last digits lost": {"id"},
}


def test_exactly_the_known_faults_of_the_roster_are_noted_or_refused() -> None:
    key = json.loads((DATA / "roster_key.json").read_text(encoding="utf-8"))["faults"]
    expected = {
        int(row): FAULTS_SEEN_IN_A_CELL[fault["fault"]]
        for row, fault in key.items()
        if fault["fault"] in FAULTS_SEEN_IN_A_CELL
    }
    [sheet] = read_table(DATA / "适龄儿童花名册.xlsx", filename="适龄儿童花名册.xlsx")
    header = find_header(sheet, WANTED)

    found: dict[int, set[str]] = {}
    for row in data_rows(sheet, header):
        for field, read in {
            "name": chinese_name,
            "id": identity_number,
            "birth": date_value,
            "phone": phone,
        }.items():
            try:
                complaints: object = read(header.cell(row, field)).notes  # type: ignore[operator]
            except BadCell as bad:
                complaints = bad.message
            if complaints:
                found.setdefault(row.number, set()).add(field)

    assert found == expected
