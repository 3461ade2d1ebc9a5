"""A sheet is printed and stamped: a column is as wide as what stands in it, and no table is printed too small to read."""

from datetime import date

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.exchange.workbook import Frame, side_by_side, write_table
from models.code_item import CodeItem
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor

康宁, 示范县 = "990101400001", "990101000000"
WIDE = ("name,sex,birth_date,identity_number,region_code,schooling_state,school_id,grade,checked_on,household_id,"
        "ethnic_group,identity_kind,registered_address,current_address,class_name,boarding,student_number,note")


@pytest.fixture
def change(store, district):
    """Writes into the store as the machine does."""

    def run(write):
        with unscoped(store, "rows of the tests", writing=True) as session:
            with recording(session, actor("测试", Role.ADMINISTRATOR, 示范县), "seed"):
                write(session)

    return run


def sheet_of(desk, address):
    return desk.download(address).workbook().active


def widths(sheet):
    return {sheet.cell(3, number).value: sheet.column_dimensions[get_column_letter(number)].width
            for number in range(1, sheet.max_column + 1) if get_column_letter(number) in sheet.column_dimensions}


def test_a_column_of_codes_is_as_wide_as_the_labels_that_its_rows_have(officer, change, district):
    address = "/admin/student/export/?cols=name,ethnic_group,identity_kind"
    narrow = widths(sheet_of(officer, address))
    assert narrow["民族"] < 9 and narrow["证件类型"] < 14

    def another(session):
        labels = session.query(CodeItem.code, CodeItem.label).filter_by(code_table="ethnic_group")
        code, _ = max(labels, key=lambda row: len(row.label))
        for _ in range(600):  # beyond those rows that are looked at before the first is written
            makers.student(session, 康宁, "曾其一")
        makers.student(session, 康宁, "曾末", ethnic_group=code)

    change(another)
    assert widths(sheet_of(officer, address))["民族"] > narrow["民族"], "the control: the last row has a longer one"


def test_a_long_label_is_wrapped_and_its_row_is_high_enough(officer, change, district):
    def long(session):
        labels = session.query(CodeItem.code, CodeItem.label).filter_by(code_table="special_group").all()
        code, _ = max(labels, key=lambda row: len(row.label))
        session.query(SpecialGroupFlag).filter_by(region_code=康宁).update({"kind": code}, synchronize_session=False)
        short = min(labels, key=lambda row: len(row.label)).code
        session.add(SpecialGroupFlag(region_code=康宁, student_id=district.李明.id, kind=short, state="reported"))

    change(long)
    sheet = sheet_of(officer, "/admin/special_group_flag/export/?cols=student_id,kind")
    high = {row[2].value: sheet.row_dimensions[row[0].row].height for row in sheet.iter_rows()
            if isinstance(row[0].value, int)}
    longest, shortest = max(high, key=len), min(high, key=len)
    assert len(longest) > 12 and widths(sheet)["群体类型"] < 28
    assert high[longest] > 25 and (high[shortest] or 15) < 20


def test_a_table_too_wide_for_one_page_stands_side_by_side_with_its_names(officer):
    sheet = sheet_of(officer, f"/admin/student/export/?cols={WIDE}")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (2, 0)
    assert (sheet.print_title_cols, sheet.print_title_rows) == ("$A:$B", "$3:$3")
    assert sheet.page_setup.pageOrder == "overThenDown"
    title = next(one for one in sheet.merged_cells.ranges if one.min_row == 1)
    assert 4 < title.max_col < sheet.max_column - 4, "the title is not cut in two"

    usual = sheet_of(officer, "/admin/student/export/")
    assert (usual.page_setup.fitToWidth or 1, usual.print_title_cols) == (1, None), "the control"
    assert next(one for one in usual.merged_cells.ranges if one.min_row == 1).max_col == usual.max_column


@pytest.mark.parametrize(("table", "pages"), [
    ([10] * 18, 1), ([10] * 30, 2), ([10] * 60, 4), ([40] * 9, 3), ([12, 400, 400], 2), ([12, 400], 1),
    ([200, 30, 30, 200], 1), ([300], 1), ([], 1)])
def test_a_table_takes_as_many_pages_as_it_needs_and_none_is_empty(table, pages):
    begins = side_by_side(table)
    assert len(begins) == pages - 1
    assert begins == sorted(set(begins)) and all(2 < at <= len(table) for at in begins)


def test_a_few_columns_are_one_page(tmp_path):
    path = tmp_path / "few.xlsx"
    write_table(path, Frame("名单", "康宁"), ["姓名", "出生日期"], [["曾一", date(2016, 3, 1).isoformat()]])
    assert openpyxl.load_workbook(path).active.page_setup.fitToWidth in (None, 1)


def test_how_many_rows_there_are_asks_no_more_of_the_store(store, officer, change):
    """What the rows hold is asked once, whatever their number."""
    from sqlalchemy import event

    asked = []
    event.listen(store, "before_cursor_execute", lambda *said: asked.append(said[2]))
    counts = []
    for _ in range(2):
        officer.open(f"/admin/student/export/?cols={WIDE}")
        asked.clear()
        officer.press("导出")
        counts.append(sum("DISTINCT" in text and "ethnic_group" in text for text in asked))
        change(lambda session: [makers.student(session, 康宁, f"曾{n}") for n in range(30)])
    assert counts == [1, 1]
    with unscoped(store, "the control") as session:
        assert session.query(Student).count() > 60
