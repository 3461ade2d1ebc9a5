"""What is added, voided or moved from the page of a record leads back to it, and is not asked what is known."""

from datetime import date

import pytest

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, PNG = "990101400001", b"\x89PNG\r\n\x1a\n" + b"0" * 40
pytestmark = pytest.mark.usefixtures("family")


@pytest.fixture
def family(district_application, district):
    """The family of 曾大山 in 康宁 with 曾一 and 曾二; 曾大 has graduated."""
    with unscoped(district_application.extensions["baoxue"].engine, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="曾大山")
            for name, state in (("曾大", "graduated"), ("曾一", "enrolled"), ("曾二", "enrolled")):
                makers.student(session, home, name, schooling_state=state)
            return home.id


def family_of(desk):
    """The page of the family, as the list leads to it."""
    return desk.open(desk.open("/admin/household/?search=曾大山").link("曾大山"))


def test_a_guardian_is_added_from_the_family_to_the_child_that_is_named(officer):
    there = family_of(officer).address
    additions = [text for text, _ in officer.page.links if text.startswith("新增（")]
    assert additions == ["新增（曾一）", "新增（曾二）"] * 2, "guardians and flags; 曾大 has left"
    officer.open(officer.page.link("新增（曾二）"))
    officer.press("保存", status=400, name="")
    officer.press("保存", name="曾奶奶")

    assert "已新增“曾奶奶”" in officer.page.text
    assert officer.page.address == there, "one is back with the family, and with the list that led there"
    assert [row["学生"] for row in officer.rows("/admin/guardian/?search=曾奶奶", "监护人姓名")] == ["曾二"]


def test_cancel_and_the_next_one_lead_back_to_the_family_too(officer):
    there = family_of(officer).address
    child = next(href for _, href in officer.page.links if "student/new/?household_id=" in href)
    assert officer.open(child).link("取消") == there
    officer.post(officer.page.address, {**officer.page.form("保存").fields, "name": "曾三", "birth_date": "20170101",
                                        "_add_another": "1"})
    assert officer.page.link("取消") == there
    officer.press("保存", name="曾四", birth_date="20180101")
    assert officer.page.address == there
    assert {row["姓名"] for row in officer.rows("/admin/student/?search=曾", "姓名")} >= {"曾三", "曾四"}


def test_a_new_record_leads_nowhere_outside(officer):
    officer.open("/admin/household/new/?url=https://example.org/")
    officer.press("保存", head_name="曾外")
    assert officer.page.address.startswith("/"), officer.page.address


def test_who_only_reads_is_offered_no_addition(district_application, family):
    reader = Desk(district_application).sign_in("督导老林", PASSWORD)
    assert not [text for text, _ in family_of(reader).links if text.startswith("新增")]


def test_a_paper_that_is_voided_leaves_the_list_where_it_was(officer):
    officer.open(officer.open("/admin/student/?search=曾&schooling_state=enrolled").link("曾一"))
    following = officer.page.link("下一条")
    officer.press("上传", file=("证明.png", PNG))
    voiding = officer.page.form("作废")
    officer.post(voiding.action, {**voiding.fields, "reason": "传错了"})
    assert "已作废：传错了" in officer.page.text
    assert officer.page.link("下一条") == following


def test_a_village_is_said_to_its_officer_and_asked_of_the_district(officer, district_application):
    form = officer.open("/admin/household/new/")
    assert "康宁社区" in form.text
    assert "region_code-shown" not in form.form("保存").fields, "there is but one village to choose"
    officer.press("保存", head_name="曾本村")
    assert officer.page.facts["村（社区）"] == "康宁社区"
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    assert "region_code-shown" in director.open("/admin/household/new/").form("保存").fields


def test_a_flag_is_verified_today_unless_another_day_is_said(officer, district_application, family):
    family_of(officer)
    officer.open(officer.page.link("曾一"))
    flag = next(href for _, href in officer.page.links if "special_group_flag/new/" in href)
    officer.open(flag)
    officer.press("保存", kind="72")
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    director.open(director.open("/admin/special_group_flag/?state=reported&kind=72").link("曾一"))
    form = director.open(director.page.link("核实")).form("核实")
    assert form.fields["verified_on"] == f"{date.today()}"
    director.press("核实")
    assert director.page.facts["核实日期"] == f"{date.today()}"


def test_a_flag_is_reported_with_its_paper_on_one_page(officer, district_application, district):
    """A file that is none loses nothing of what was typed, and nothing is half-written."""
    officer.open(f"/admin/special_group_flag/new/?student_id={district.李明.id}")
    refused = officer.press("保存", 400, kind="孤儿", note="奶奶照看", evidence=("证明.png", b"no picture"))
    assert refused.form("保存").fields["note"].strip() == "奶奶照看"
    assert "孤儿" not in [row["群体类型"] for row in officer.rows("/admin/special_group_flag/", "群体类型")]
    officer.page = refused
    page = officer.press("保存", evidence=("证明.png", PNG))
    assert "证明.png" in page.text and "孤儿" in page.text
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    assert director.open(director.open(page.address).link("证明.png")).bytes == PNG


def test_who_may_attach_nothing_is_asked_for_no_paper(district_application, family):
    machine = Desk(district_application).sign_in("机房小吴", PASSWORD)
    assert "照片或扫描件" not in machine.open("/admin/account/new/").text, "an account has no papers"
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    assert "照片或扫描件" in officer.open("/admin/household/new/").text, "the control"
