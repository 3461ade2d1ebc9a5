"""Who is counted: a child that was registered in error stands in no list and no sheet unless it is asked for, and what
hangs on a child who has left for good asks nothing of anybody."""

import re

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.web.test_batches import choose

康宁 = "990101400001"
STUDENTS = "/admin/student/"
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10


@pytest.fixture
def children(district_application, district):
    """Three children of 张大山, each reported as left behind; 张二 and 张三 in the last grade."""
    with unscoped(district_application.extensions["baoxue"].engine, "a family", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            family = makers.household(session, 康宁, head_name="张大山")
            found = {name: makers.student(session, family, name, grade="g9").id for name in ("张一", "张二", "张三")}
            session.add_all(SpecialGroupFlag(region_code=康宁, student_id=key, kind="left_behind", state="reported")
                            for key in found.values())
    return found


def flags(app):
    with unscoped(app.extensions["baoxue"].engine, "what lies there") as session:
        found = session.execute(select(Student.name, SpecialGroupFlag.state, SpecialGroupFlag.until)
                                .join(SpecialGroupFlag.student).where(Student.name.startswith("张")))
        return {name: (state, until is not None) for name, state, until in found}


def names(desk, query=""):
    return {row["姓名"] for row in desk.rows(f"{STUDENTS}{query}", "姓名")}


def waiting(desk, tile):
    """What 待办 says of something to do."""
    return next(text for text, _ in desk.open("/").links if tile in text)


def void(desk, child):
    desk.open(f"{STUDENTS}move/?id={child}&verb=void")
    return desk.press("作废（重复、查无此人）", reason="社区证明查无此人", evidence=("证明.jpg", JPEG))


def test_a_voided_child_is_in_no_list_and_no_sheet_unless_it_is_asked_for(director, children):
    assert {"张一", "张二", "张三"} <= names(director), "the control"
    before = director.open(STUDENTS).text

    void(director, children["张一"])

    assert "张一" not in names(director) and {"张二", "张三"} <= names(director)
    assert "条，不含已作废" in director.open(STUDENTS).text and "条，不含已作废" in before
    assert "张一" not in names(director, "?grade=g9")
    assert names(director, "?schooling_state=void") == {"张一"}
    assert names(director, "?search=张一") == {"张一"}, "whoever looks for the child finds it, and that it is void"
    sheet = [[str(cell) for cell in row if cell] for row in director.download(f"{STUDENTS}export/").workbook().active.values]
    assert not any("张一" in row for row in sheet) and any("张二" in row for row in sheet)
    assert any("不含已作废" in cell for row in sheet for cell in row), "the sheet says so itself"


def test_a_batch_of_all_that_match_passes_a_voided_child_by(director, children):
    void(director, children["张一"])
    page = choose(director, f"{STUDENTS}?grade=g9", "毕业离校")
    assert "2 名学生" in page.text


def test_the_flags_of_a_voided_child_end_with_it_and_come_back_with_it(district_application, director, children):
    tile = "特殊群体标记待核实"
    before = int(re.sub(r"\D", "", waiting(director, tile)))
    assert before >= 3, "the control"
    assert "特殊群体标记一并解除" in director.open(f"{STUDENTS}move/?id={children['张一']}&verb=void").text

    void(director, children["张一"])

    assert flags(district_application) == {
        "张一": ("ended", True), "张二": ("reported", False), "张三": ("reported", False)}
    assert re.sub(r"\D", "", waiting(director, tile)) == str(before - 1)
    director.open(next(href for text, href in director.open("/changes/").links if href.startswith("/changes/")
                       and href.removeprefix("/changes/").isdecimal()))
    director.press("撤销这次变更")
    assert set(flags(district_application).values()) == {("reported", False)}


def test_the_flags_of_those_who_leave_school_end_in_the_same_batch(district_application, director, children):
    choose(director, STUDENTS, "毕业离校", pks=[children["张二"], children["张三"]])
    assert "特殊群体标记一并解除" in director.page.text
    director.press("下一步：预览")
    receipt = director.press("确认毕业离校 2 条")
    assert flags(district_application) == {
        "张一": ("reported", False), "张二": ("ended", True), "张三": ("ended", True)}
    director.open(receipt.address)
    director.press("撤销")
    assert set(flags(district_application).values()) == {("reported", False)}
