"""Records that are chosen by typing: what tells two of one name apart, and the way to one that is not there yet."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.region import Region
from models.special_group_flag import SpecialGroupFlag
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk
from tests.web.test_query_budget import statements
from views.household import HouseholdView

康宁 = "990101400001"


@pytest.fixture
def twins_of_name(district_application, district):
    """Two children called 张诗涵 in 康宁, of two families; the second one has a flag."""
    with unscoped(district_application.extensions["baoxue"].engine, "two of one name", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for head, born in (("张立新", date(2015, 7, 16)), ("张万福", date(2012, 5, 24))):
                home = makers.household(session, 康宁, head_name=head, register_number=f"001-{head}", address=f"{head}巷 1 号")
                child = makers.student(session, home, "张诗涵", birth_date=born)
            flag = SpecialGroupFlag(region_code=康宁, student_id=child.id, kind="21", state="reported")
            session.add(flag)
            session.flush()
            return district_application, flag.id


def found(application, who, ledger, word):
    desk = Desk(application).sign_in(who, PASSWORD)
    return [(one["label"], one["hint"]) for one in desk.browser.get(f"/admin/{ledger}/lookup/?q={word}").json]


@pytest.mark.parametrize(("who", "born"), [("康宁网格员", ("2015-07-16", "2012-05-24")), ("督导老林", ("2015-07", "2012-05"))])
def test_two_children_of_one_name_are_told_apart_where_one_is_chosen(twins_of_name, who, born):
    """By the day of birth, as far as the role sees it, and by the family."""
    application, _ = twins_of_name
    assert found(application, who, "student", "张诗涵") == [
        ("张诗涵", f"{born[0]} · 张立新户 · 康宁社区"), ("张诗涵", f"{born[1]} · 张万福户 · 康宁社区")]


def test_two_families_are_told_apart_by_number_and_address_and_two_people_by_user_name(twins_of_name):
    application, _ = twins_of_name
    assert found(application, "康宁网格员", "household", "张") == [
        ("张立新户", "001-张立新 · 张立新巷 1 号 · 康宁社区"), ("张万福户", "001-张万福 · 张万福巷 1 号 · 康宁社区")]
    [inspected, _other] = found(application, "督导老林", "household", "张")
    assert "1 号" not in inspected[1], "an address is masked as everywhere"
    assert found(application, "城区主任", "account", "康宁网格") == [("康宁网格员", "康宁网格员 · 康宁社区")]
    assert found(application, "康宁网格员", "school", "示范小学")[0][1] == "城区", "the control: schools are as they were"


def test_a_division_is_chosen_among_ones_own_that_stand_by_what_was_typed(twins_of_name):
    application, _ = twins_of_name
    assert found(application, "城区主任", "region", "社区") == [
        ("康宁社区", "990101400001"), ("牧童社区", "990101400002"), ("晕山社区", "990101400003")]
    assert found(application, "城区主任", "region", "东山") == [] != found(application, "县主任", "region", "东山")
    assert found(application, "城区主任", "region", "_") == found(application, "城区主任", "region", "%25") == []
    with unscoped(application.extensions["baoxue"].engine, "a village ends", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101400000"), "edit"):
            place = session.scalars(select(Region).where(Region.code == 康宁)).one()
            place.valid_until, place.successor_code = date.today() - timedelta(days=1), "990101400002"
    assert [label for label, _ in found(application, "城区主任", "region", "社区")] == ["牧童社区", "晕山社区"]


def test_the_page_of_a_flag_says_which_child_of_the_name_it_is(twins_of_name):
    application, flag = twins_of_name
    officer = Desk(application).sign_in("康宁网格员", PASSWORD)
    page = officer.open(f"/admin/special_group_flag/details/?id={flag}")
    assert "特殊群体标记 · 康宁社区 · 2012-05-24 · 张万福户" in page.text
    inspector = Desk(application).sign_in("督导老林", PASSWORD)
    page = inspector.open(f"/admin/special_group_flag/details/?id={flag}")
    assert "· 2012-05 · 张万福户" in page.text and "2012-05-24" not in page.bytes.decode()


def test_many_that_are_found_ask_no_more_than_few(twins_of_name):
    application, _ = twins_of_name
    with unscoped(application.extensions["baoxue"].engine, "a village of 张诗", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for serial in range(12):
                home = makers.household(session, 康宁, head_name=f"张多{serial}")
                makers.student(session, home, f"张诗{serial:02d}")
    desk = Desk(application).sign_in("康宁网格员", PASSWORD)

    def asked(word):
        desk.browser.get(f"/admin/student/lookup/?q={word}")
        with statements(application) as said:
            rows = desk.browser.get(f"/admin/student/lookup/?q={word}").json
        return len(rows), len(said)

    (few, for_few), (many, for_many) = asked("张诗涵"), asked("张诗")
    assert (few, many) == (2, 14)
    assert for_many <= for_few


def test_who_finds_no_family_is_offered_the_form_for_one(twins_of_name):
    """In the form of a child; nobody is offered what the role may not add, and a division is nobody's to add here."""
    application, _ = twins_of_name
    officer = Desk(application).sign_in("康宁网格员", PASSWORD)
    page = officer.open("/admin/student/new/").bytes.decode()
    assert 'data-lookup="/admin/household/lookup/" data-new="/admin/household/new/" data-adds="新增户"' in page
    assert "/admin/school/new/" not in page, "an officer adds no school"
    director = Desk(application).sign_in("城区主任", PASSWORD)
    assert 'data-new="/admin/school/new/"' in director.open("/admin/student/new/").bytes.decode(), "the control"
    assert "/admin/region/new/" not in director.open("/admin/household/new/").bytes.decode()


@pytest.mark.parametrize("where", ["lookup", "list"])
def test_no_word_is_looked_for_in_what_a_role_sees_masked(twins_of_name, monkeypatch, where):
    """Were a list searched by address as well: an inspector would spell a masked one, letter by letter."""
    application, _ = twins_of_name
    monkeypatch.setattr(HouseholdView, "search", ("head_name", "register_number", "address"))

    def finds(who, word):
        if where == "lookup":
            return [label for label, _ in found(application, who, "household", word)]
        return [row["户主姓名"] for row in Desk(application).sign_in(who, PASSWORD).open(
            f"/admin/household/?search={word}").table("户主姓名")]

    assert len(finds("康宁网格员", "万福巷")) == 1, "the control: whoever sees the address finds by it"
    assert finds("督导老林", "万福巷") == [] and len(finds("督导老林", "张万福")) == 1
