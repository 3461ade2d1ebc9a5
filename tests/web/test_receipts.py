"""Once an act is done its page says what was done, of how many records, and leads to where it is undone."""

import re

import pytest

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.changes.seal import verify
from models.student import Student
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

牧童, 城区 = "990101400002", "990101400000"
SEE, UNDO = "查看变更", "查看变更、撤销"


@pytest.fixture
def people(district_application, district):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def receipt(page):
    """The link of the line that an act left, None where there is none."""
    return next((href for text, href in page.links if text in (SEE, UNDO) and re.fullmatch(r"/changes/\d+", href)), None)


def test_who_hands_a_family_over_reads_what_went_along_and_takes_it_back_at_once(people, district):
    director, child = people("城区主任"), f"/admin/student/details/?id={district.李明.id}"
    director.open(f"/families/{district.李明.household_id}/hand-over")
    page = director.press("移交", region_code=牧童, reason="举家迁入")
    assert re.search(r"已移交到“牧童\S*”。涉及 1 户、", page.text)
    assert all(told in page.text for told in ("1 名学生", "1 名监护人", "1 份责任书", "1 条特殊群体标记"))
    assert "牧童" in director.open(child).facts["村（社区）"]
    director.open(page.link(UNDO))
    director.press("撤销这次变更")
    assert "康宁" in director.open(child).facts["村（社区）"]


def test_who_moves_a_child_reads_what_ended_with_it(people, district):
    director, child = people("城区主任"), f"/admin/student/details/?id={district.李明.id}"
    director.open(child)
    director.open(director.page.link("作废（重复、查无此人）"))
    page = director.press("作废（重复、查无此人）", reason="与赵强重复登记")
    assert "“李明”已作废（重复、查无此人）。涉及 1 名学生、1 条特殊群体标记。" in page.text
    director.open(page.link(UNDO))
    director.press("撤销这次变更")
    assert "在校就读" in director.open(child).text and receipt(director.page) is None, "it is said once"


def test_a_form_leads_to_its_change_and_one_that_changed_nothing_to_none(people, district):
    officer = people("康宁网格员")
    for typed, led in (({"class_name": "二班"}, True), ({}, False)):
        officer.open(f"/admin/student/edit/?id={district.李明.id}")
        officer.press("保存", **typed)
        assert "已保存。" in officer.page.text and (receipt(officer.page) is not None) is led
        assert "涉及" not in officer.page.text, "one record of one kind needs no number"


def test_who_may_not_read_the_ledger_is_not_led_there(people):
    keeper = people("机房小吴")
    keeper.open(keeper.open("/admin/region/?search=康宁").link("康宁社区"))
    keeper.open(keeper.page.link("修改"))
    keeper.press("保存", name="康宁新社区居民委员会")
    assert "已保存。" in keeper.page.text and receipt(keeper.page) is None


def test_a_paper_that_is_not_undone_is_only_looked_at(people, district):
    officer = people("康宁网格员")
    officer.open(f"/admin/student/details/?id={district.李明.id}")
    page = officer.press("上传", file=("证明.jpg", b"\xff\xd8\xff\xe0" + b"picture" * 10))
    assert "已上传 1 个附件。" in page.text and page.link(SEE) and UNDO not in page.text


def test_an_act_is_sealed_once_its_page_is_out(people, store, cipher, district):
    """Nobody alters in the evening, unseen, what was done in the morning. Looking writes nothing, and seals nothing."""
    director = people("城区主任")
    with unscoped(store, "an act that no page made", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "edit"):
            session.get_one(Student, district.李明.id).class_name = "四班"
    director.open(f"/admin/student/edit/?id={district.李明.id}")
    assert verify(store, cipher).unsealed > 0, "the control"
    director.press("保存", class_name="五班")
    assert (verify(store, cipher).unsealed, verify(store, cipher).whole) == (0, True)
