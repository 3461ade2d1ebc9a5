"""No page asks the database more often because it shows more rows.

The district has one row of each ledger in three villages, each with parents of its own: a page that
walks from row to row would ask three times as often for the whole county as for one village.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services import account_list
from models.account import Account
from models.attachment import Attachment
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.responsibility_letter import ResponsibilityLetter
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

LISTS = ["student", "household", "guardian", "special_group_flag", "responsibility_letter"]
BUDGET = 12  # statements of one list, with the wall, the frame and the menu


@contextmanager
def statements(application) -> Iterator[list[str]]:
    asked: list[str] = []
    engine = application.extensions["baoxue"].engine

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def asked_for(application, desk: Desk, address: str) -> tuple[int, list[str]]:
    """How many rows the page shows, and what it asked."""
    desk.open(address)  # what is read once in a session is read now
    with statements(application) as asked:
        page = desk.open(address)
    return sum(len(rows) - 1 for rows in page.tables), asked


@pytest.mark.parametrize("ledger", LISTS)
def test_a_list_of_three_villages_asks_no_more_than_a_list_of_one(district_application, ledger):
    desk = Desk(district_application).sign_in("县主任", PASSWORD)

    one, for_one = asked_for(district_application, desk, f"/admin/{ledger}/?region=990101400001")
    three, for_three = asked_for(district_application, desk, f"/admin/{ledger}/")

    assert (one, three) == (1, 3)
    assert len(for_three) <= len(for_one) <= BUDGET


def test_the_ledger_of_changes_asks_no_more_for_many_than_for_few(district_application):
    desk = Desk(district_application).sign_in("县主任", PASSWORD)
    for household in ("1", "2", "3"):
        desk.open(f"/admin/household/edit/?id={household}")
        desk.press("保存", note=f"第 {household} 户已走访")

    few, for_few = asked_for(district_application, desk, "/changes/?table=household&pk=1&who=县主任")
    many, for_many = asked_for(district_application, desk, "/changes/?table=household&who=县主任")

    assert (few, many) == (1, 3)
    assert len(for_many) <= len(for_few)


def hang_more(store, district, number: int, round: str) -> None:
    """So many further guardians, flags and papers for 李明; brothers, letters, difficulties and papers for his family;
    and a change of each by itself. The brothers have a guardian and a flag too."""
    place, machine = {"region_code": district.康宁}, actor("测试", Role.ADMINISTRATOR, district.康宁)
    with unscoped(store, "more of everything", writing=True) as session:
        for n in range(number):
            name = f"{round}{n}"
            with recording(session, machine, "试"):
                home, child = (session.get_one(model, key) for model, key in (
                    (Household, district.李明.household_id), (Student, district.李明.id)))
                brother = makers.student(session, home, f"李{name}")
                papers = [Attachment(**place, owner_table=owner.__tablename__, owner_id=owner.id, sha256="0" * 64,
                                     filename=f"{name}.jpg", content_type="image/jpeg", size=1) for owner in (home, child)]
                session.add_all([
                    *papers, HouseholdHardship(**place, household_id=home.id, kind=f"9{name}"),
                    ResponsibilityLetter(**place, household_id=home.id, number=name, level="3", school_year=2030, party_a="甲",
                                         party_b="乙", state="void"),
                    *(Guardian(**place, student_id=one.id, name=f"李{name}") for one in (child, brother)),
                    *(SpecialGroupFlag(**place, student_id=one.id, kind=f"9{name}") for one in (child, brother))])
            with recording(session, machine, "edit"):
                home.note = child.note = name


@pytest.mark.parametrize("page", ["student", "household"])
def test_a_page_asks_no_more_for_a_child_or_a_family_of_whom_much_is_known(district_application, district, store, page):
    address = f"/admin/{page}/details/?id={district.李明.id if page == 'student' else district.李明.household_id}"
    desk = Desk(district_application).sign_in("城区主任", PASSWORD)

    hang_more(store, district, 6, "甲")  # so many that each kind of record stands in the history that is shown
    few, for_few = asked_for(district_application, desk, address)
    hang_more(store, district, 6, "乙")
    many, for_many = asked_for(district_application, desk, address)

    assert few < many
    assert len(for_many) <= len(for_few)


@pytest.mark.parametrize("ledger", ["student", "guardian", "special_group_flag", "responsibility_letter", "account"])
def test_looking_for_a_record_asks_no_more_when_more_are_found(district_application, district, store, ledger):
    """A flag is called by its child: 李明 · 留守."""
    desk, counts = Desk(district_application).sign_in("城区主任", PASSWORD), []
    word = {"responsibility_letter": "", "account": ""}.get(ledger, "李")
    for number, round in ((2, "甲"), (6, "乙")):
        hang_more(store, district, number, round)
        desk.browser.get(f"/admin/{ledger}/lookup/?q={word}")
        with statements(district_application) as asked:
            found = desk.browser.get(f"/admin/{ledger}/lookup/?q={word}").json
        counts.append((len(found), len(asked)))

    (few, for_few), (many, for_many) = counts
    assert few < many or ledger == "account"
    assert for_many <= for_few


def test_a_list_of_accounts_asks_for_each_no_more_than_adding_it_needs(district_application, district, store):
    """Twice: it is tried out first. An account and its grant; all else is asked for the whole list."""
    machine, counts = actor("机房", Role.SYSTEM_ADMIN, "0" * 12), []
    for number, round in ((2, "a"), (12, "b")):
        listed = [account_list.Wanted(n, f"{round}{n}x", "张三", "村干部", "康宁社区", date(2099, 1, 1)) for n in range(number)]
        with statements(district_application) as asked, unscoped(store, "a list", writing=True) as session:
            made = account_list.load(session, machine, listed, "名单")
            assert len(made) == number
        counts.append(len(asked))

    few, many = counts
    assert many - few <= 10 * 2 * 2
    with unscoped(store, "who was made") as session:
        for account in session.scalars(select(Account).where(Account.display_name == "张三")):
            [grant] = account.grants
            assert (grant.role, grant.region_code, grant.until) == ("village_officer", district.康宁, date(2099, 1, 1))
            assert account.must_change_password and account.sessions_from and account.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize("who", ["城区主任", "康宁网格员"])
def test_the_page_of_an_act_asks_no_more_when_it_touched_more_families(district_application, district, store, who):
    """Each child names its family; those of 东山 and of 牧童 lie where not everybody sees them."""
    machine, counts = actor("测试", Role.ADMINISTRATOR, district.示范县), []
    for number, round in ((1, "甲"), (8, "乙")):
        with unscoped(store, "a list", writing=True) as session, recording(session, machine, "import") as act:
            for n, place in enumerate((district.康宁, district.牧童, district.另一村) * number):
                home = makers.household(session, place, head_name=f"孙{round}{n}")
                session.add(Guardian(region_code=place, student_id=makers.student(session, home, f"孙小{round}{n}").id, name="孙"))
            key = act.id
        counts.append(asked_for(district_application, Desk(district_application).sign_in(who, PASSWORD), f"/changes/{key}"))

    (few, for_few), (many, for_many) = counts
    assert few < many
    assert len(for_many) <= len(for_few)


@pytest.mark.parametrize("address", ["/admin/student/", "/"])
def test_who_signs_in_or_is_seen_at_work_makes_nobody_read_everything_anew(district_application, district, store, address):
    desk = Desk(district_application).sign_in("城区主任", PASSWORD)
    _, nothing_written = asked_for(district_application, desk, address)
    Desk(district_application).sign_in("康宁网格员", PASSWORD)
    with statements(district_application) as asked:
        desk.open(address)
    assert len(asked) <= len(nothing_written) + 1  # on SQLite who asks is read anew
