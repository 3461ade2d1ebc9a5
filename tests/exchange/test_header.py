"""Where the header of a form is found, and which rows below it are data."""

from datetime import date
from pathlib import Path

import pytest

from admin_app.exchange.header import NoHeader, data_rows, find_header
from admin_app.exchange.reader import MergedDown, RawCell, RawRow, RawSheet, read_table

DATA = Path(__file__).parent.parent / "data"
WANTED = {
    "name": ["儿童姓名", "姓名"],
    "village": ["村（社区）"],
    "guardian": ["监护人/姓名", "监护人"],
    "phone": ["监护人/联系电话"],
}


def sheet(*rows: list[RawCell], merged: tuple[MergedDown, ...] = ()) -> RawSheet:
    return RawSheet("花名册", tuple(RawRow(n, tuple(row)) for n, row in enumerate(rows, 1)), merged)


def rows_of_data(found: RawSheet) -> list[int]:
    return [row.number for row in data_rows(found, find_header(found, WANTED))]


def test_the_roster_is_read_under_its_title_with_a_header_of_two_rows() -> None:
    [roster] = read_table(DATA / "适龄儿童花名册.xlsx", filename="花名册.xlsx")

    header = find_header(roster, {**WANTED, "school": ["就读情况/学校"], "grade": ["年级"]})

    assert (header.first_row, header.last_row, header.first_data_row) == (3, 4, 5)
    assert dict(header.columns) == {
        "name": 5, "village": 1, "guardian": 10, "phone": 11, "school": 12, "grade": 13,
    }  # fmt: skip
    assert header.captions[10:13] == ("监护人/姓名", "监护人/联系电话", "就读情况/学校")
    assert header.captions[1] == "村（社区）"
    assert "户编号" in header.unmatched
    assert header.missing == ()
    assert header.unit == "左权县城区"
    assert header.reported_on == "2026年9月10日"


def test_the_roster_has_its_540_children_and_neither_total_nor_footer() -> None:
    [roster] = read_table(DATA / "适龄儿童花名册.xlsx", filename="花名册.xlsx")

    numbers = rows_of_data(roster)

    assert numbers == list(range(5, 545))


def test_each_class_list_of_a_workbook_has_its_own_header() -> None:
    for each in read_table(DATA / "在校学生点名册.xlsx", filename="点名册.xlsx"):
        header = find_header(each, {"name": ["姓名"], "id": ["身份证号码", "身份证号"]})
        assert dict(header.columns) == {"name": 3, "id": 4}


@pytest.mark.parametrize(
    "caption", ["村(社区)", " 村 （社 区）", "*村（社区）：", "村\n（社区）", "村（社区）（必填）"]
)
def test_marks_and_spaces_in_a_caption_make_no_difference(caption: str) -> None:
    header = find_header(sheet(["姓名", caption], ["张三", "甲村"]), WANTED)

    assert header.columns["village"] == 1


def test_a_caption_written_in_one_cell_fits_a_caption_in_two_rows() -> None:
    header = find_header(sheet(["姓名", "监护人姓名", "监护人联系电话"]), WANTED)

    assert dict(header.columns) == {"name": 0, "guardian": 1, "phone": 2}


def test_the_guardians_name_never_passes_for_the_childs() -> None:
    header = find_header(sheet(["村（社区）", "监护人", None], [None, "姓名", "联系电话"]), WANTED)

    assert header.missing == ("name",)
    assert dict(header.columns) == {"village": 0, "guardian": 1, "phone": 2}


def test_the_official_caption_wins_over_a_second_choice() -> None:
    header = find_header(sheet(["姓名", "儿童姓名", "村（社区）"]), WANTED)

    assert header.columns["name"] == 1
    assert header.unmatched == ("姓名",)


def test_a_second_header_row_is_not_taken_for_a_child() -> None:
    found = sheet(
        ["姓名", "村（社区）", "资助", None],
        [None, None, "项目", "金额"],
        ["张三", "甲村", "补助", 500.0],
    )

    assert rows_of_data(found) == [3]


def test_only_required_fields_are_reported_missing() -> None:
    header = find_header(sheet(["姓名", "村（社区）"]), WANTED, required=["name", "phone"])

    assert header.missing == ("phone",)


def test_a_sheet_without_a_header_names_the_captions_expected() -> None:
    with pytest.raises(NoHeader) as refused:
        find_header(sheet(["会议记录"], ["张三", "甲村"]), WANTED)

    assert "工作表“花名册”" in refused.value.message
    assert "儿童姓名、村（社区）、监护人/姓名、监护人/联系电话" in refused.value.message


@pytest.mark.parametrize(
    ("line", "unit", "reported_on"),
    [
        (["填报单位：辽阳镇（盖章）   填报时间：2026年9月"], "辽阳镇", "2026年9月"),
        (["填报单位（盖章）：辽阳镇"], "辽阳镇", None),
        (["填报单位:", "辽阳镇", "填报日期:", date(2026, 9, 10)], "辽阳镇", "2026-09-10"),
        (["填报单位：", None, "填报时间："], None, None),
        (["左权县花名册"], None, None),
    ],
)
def test_unit_and_date_are_read_from_the_line_above(
    line: list[RawCell], unit: str | None, reported_on: str | None
) -> None:
    header = find_header(sheet(line, ["姓名", "村（社区）"]), WANTED)

    assert (header.unit, header.reported_on) == (unit, reported_on)


def test_what_is_no_child_is_left_out() -> None:
    title: list[RawCell] = ["左权县花名册"]
    caption: list[RawCell] = ["序号", "姓名", "村（社区）"]
    found = sheet(
        title,
        caption,
        [1.0, "张三", "甲村"],
        [],
        [None, " ", None],
        [2.0],
        title,
        caption,
        [3.0, "李四", "乙村"],
        ["小计", "2人"],
        ["东街社区小计", "2人"],
        ["合 计", None, "2人"],
        [None, None, "总计"],
        ["审核人：王五   填表人："],
        ["备注：1.本表一式两份"],
        ["2.由村（社区）填写"],
        ["第 1 页 共 2 页"],
    )

    assert rows_of_data(found) == [3, 9]


def test_a_child_whose_name_looks_like_a_word_of_the_footer_stays() -> None:
    found = sheet(["姓名", "村（社区）"], ["计小明", "甲村"], ["注册", "甲村"], ["明说", "总计村"])

    assert rows_of_data(found) == [2, 3, 4]


def test_a_household_merged_beside_its_children_belongs_to_each_of_them() -> None:
    found = sheet(
        ["村（社区）", "姓名"],
        ["甲村", "张一"],
        [None, "张二"],
        [],
        [None, "李一"],
        merged=(MergedDown(0, 2, 4),),
    )

    rows = list(data_rows(found, find_header(found, WANTED)))

    assert [row.cells for row in rows] == [("甲村", "张一"), ("甲村", "张二"), (None, "李一")]


@pytest.mark.parametrize("cell", ["(" + ")" * 30_000 + "a", "填报单位" + " " * 30_000 + "a"])
def test_a_cell_made_to_keep_the_search_busy_is_passed_over(cell: str) -> None:
    found = sheet([cell] * 50, ["姓名", "村（社区）"], ["张三", "甲村"])

    assert rows_of_data(found) == [3]
