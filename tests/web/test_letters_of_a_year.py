"""责任书 of a school year, made together: each family with a child of school age has one, and none has two."""

import re
from datetime import date

import pytest
from sqlalchemy import event, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.responsibility_letter import ResponsibilityLetter
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童, 示范县 = "990101400001", "990101400002", "990101000000"
PAGE, TODO = "/letters/new-year", "本学年还没有责任书的户"


@pytest.fixture
def homes(store, district):
    """曾大山 of 康宁 with 曾一, 牧人 of 牧童 with 牧一, 曾老 whose child has graduated, and 曾空 without a child. Of the
    district's own three families the letters of another year stand."""
    with unscoped(store, "families of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 示范县), "seed"):
            session.query(ResponsibilityLetter).update({"school_year": 2020}, synchronize_session=False)
            for village, head, child, state in ((康宁, "曾大山", "曾一", "enrolled"), (牧童, "牧人", "牧一", "unknown"),
                                                (康宁, "曾老", "曾毕", "graduated"), (康宁, "曾空", "", "")):
                home = makers.household(session, village, head_name=head)
                if child:
                    makers.student(session, home, child, schooling_state=state)


@pytest.fixture
def people(district_application, homes):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def letters(store):
    with unscoped(store, "the letters") as session:
        return [(one.region_code, one.party_b, one.state) for one in session.scalars(
            select(ResponsibilityLetter).where(ResponsibilityLetter.school_year > 2020).order_by(ResponsibilityLetter.id))]


def test_each_family_with_a_child_of_school_age_is_given_one_and_none_two(people, store):
    director = people("城区主任")
    assert TODO in director.open("/").text
    page = director.open(next(href for text, href in director.page.links if TODO in text))
    assert {row["村（社区）"]: row["户数"] for row in page.table("户数")} == {"康宁社区": "2", "牧童社区": "2"}
    named = [row["户"] for row in page.table("户编号")]
    assert len(named) == 4 and all(sum(head in one for one in named) == 1 for head in ("曾大山", "李建国", "牧人", "王建国"))
    director.press("生成 4 份", target="入学率100%")
    assert "已生成 4 份待签订的责任书" in director.page.text
    assert sorted(letters(store)) == sorted([(康宁, "李建国", "unsigned"), (康宁, "曾大山", "unsigned"),
                                             (牧童, "王建国", "unsigned"), (牧童, "牧人", "unsigned")])
    row = next(r for r in director.page.table("编号") if r["乙方"] == "曾大山")
    assert re.fullmatch(r"\d{4}-001-0002", row["编号"]) and row["甲方"].startswith("康宁")
    assert "本学年都已有责任书" in director.open(PAGE).text and TODO not in director.open("/").text

    director.open(next(href for _, href in director.open("/changes/?verb=responsibility_letter:create").links
                       if re.fullmatch(r"/changes/\d+", href)))
    director.press("撤销这次变更")
    assert letters(store) == [], "one change, one undo"


def test_a_village_makes_its_own_alone_and_a_letter_that_stands_is_enough(people, store):
    officer, next_village = people("康宁网格员"), people("牧童网格员")
    next_village.open(PAGE)
    officer.open(PAGE)
    assert [row["村（社区）"] for row in officer.page.table("户数")] == ["康宁社区"]
    assert officer.page.form("生成").fields["valid_until"].endswith("-08-31"), "the end of the school year is proposed"
    officer.press("生成 2 份")
    assert {code for code, _, _ in letters(store)} == {康宁}
    [own] = officer.open("/admin/responsibility_letter/?search=曾大山").table("编号")
    officer.open(officer.page.link(own["编号"]))
    officer.open(officer.page.link("作废"))
    officer.press("作废", reason="写错了")
    officer.open(PAGE)
    officer.press("生成 1 份")
    assert [state for _, head, state in letters(store) if head == "曾大山"] == ["void", "unsigned"]
    assert "2 户" in next_village.open(PAGE).text


def test_whoever_only_looks_makes_none(people, store):
    inspector = people("督导老林")
    inspector.open(PAGE, status=403)
    assert "生成本学年责任书" not in inspector.open("/admin/responsibility_letter/").text
    officer = people("康宁网格员")
    assert "生成本学年责任书" in officer.open("/admin/responsibility_letter/").text, "the control"


def test_a_day_that_is_over_is_asked_back(people, store):
    officer = people("康宁网格员")
    officer.open(PAGE)
    assert "责任期限已经过去" in officer.press("生成 2 份", status=400, valid_until="20200831").text
    assert letters(store) == []
    assert officer.page.form("生成").fields["valid_until"] == "2020-08-31"
    officer.press("生成 2 份", valid_until=f"{date.today().year + 1}0831")
    assert len(letters(store)) == 2


def test_a_hundred_families_are_no_more_questions_than_two(people, store, district_application):
    asked, statements = [], []
    officer = people("康宁网格员")
    event.listen(store, "before_cursor_execute", lambda *said: statements.append(said[2]))
    for more in (0, 100):
        with unscoped(store, "more families", writing=True) as session:
            with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
                for n in range(more):
                    makers.student(session, makers.household(session, 康宁, head_name=f"户主{n}"), f"孩子{n}")
        statements.clear()
        officer.open(PAGE)
        officer.press("生成")
        asked.append(len(statements))
    assert len(letters(store)) == 102
    assert asked[1] <= asked[0] + 2, "a page of the list that follows is longer, no more"
