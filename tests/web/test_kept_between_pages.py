"""What is kept between pages is never what stood before, and a neighbour's write leaves a page as it is."""

import re
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.listing import SEARCH_CAP
from admin_app.web import list_frame
from admin_app.web.list_frame import ListFrame
from models.account import Account
from models.code_item import CodeItem
from models.household import Household
from models.natural_group import NaturalGroup
from models.region import Region
from models.school import School
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童 = "990101400001", "990101400002"
LIST, FAMILIES, CODES = "/admin/student/", "/admin/household/", "/admin/code_item/"


@contextmanager
def written(store, why):
    """Somebody else writes, by a process of its own."""
    with unscoped(store, why, writing=True) as session, recording(
            session, actor("别人", Role.ADMINISTRATOR, "990101000000"), why):
        yield session


def one(session, model, **said):
    return session.scalars(select(model).filter_by(**said)).one()


@pytest.fixture
def frames(monkeypatch):
    """How often what stands around the rows of a list was made."""
    made, real = [], ListFrame.around.__func__

    def counted(cls, view, *said):
        made.append(view.endpoint)
        return real(cls, view, *said)

    monkeypatch.setattr(ListFrame, "around", classmethod(counted))
    return made


@pytest.fixture
def filters(monkeypatch):
    """How often a filter of a list was made."""
    made, real = [], list_frame.filter_field
    monkeypatch.setattr(list_frame, "filter_field", lambda *said: made.append(said) or real(*said))
    return made


def names(page):
    return [row["姓名"] for row in page.table("姓名")]


def test_a_list_is_not_made_anew_because_a_neighbour_writes_and_shows_what_was_written(store, district, officer, frames):
    assert "李明" in names(officer.open(LIST))
    officer.open(LIST)
    before = len(frames)
    with written(store, "改名") as session:
        one(session, Student, name="李明").name = "李小明"
        one(session, Student, name="王芳").name = "王小芳"

    assert "李小明" in names(officer.open(LIST))
    assert len(frames) == before, "the tree, the filters and the heads are as they were"
    with written(store, "新来的孩子") as session:
        makers.student(session, one(session, Household, region_code=康宁), "李小花", birth_date=date(2015, 5, 1))
    page = officer.open(LIST)
    assert "李小花" in names(page)
    assert f"共 {len(names(page))} 条" in page.text, "another child is counted"
    assert len(frames) > before


def test_the_filters_of_a_role_are_made_once_for_all_villages(district, officer, director, filters):
    officer.open(LIST)
    before = len(filters)
    neighbour = Desk(officer.browser.application).sign_in("牧童网格员", PASSWORD)
    neighbour.open(LIST)
    assert len(filters) == before > 0, "or three lists of 27 villages are more than is kept"
    director.open(LIST)
    assert len(filters) > before, "another role may see more"


def test_what_a_school_a_division_and_a_code_are_called_is_told_as_it_is_now(store, district, director):
    director.open(LIST)
    old, new = ("示范小学", "康宁社区", "三年级"), ("示范实验小学", "安宁社区", "小三")
    page = director.open(LIST)
    assert [word in page.text for word in (*old, *new)] == [True] * 3 + [False] * 3
    with written(store, "更名") as session:
        one(session, School, name="示范小学").name = new[0]
        one(session, Region, code=康宁).name = f"{new[1]}居民委员会"
        one(session, CodeItem, code_table="grade", label="三年级").label = new[2]

    page = director.open(LIST)
    assert [word in page.text for word in (*old, *new)] == [False] * 3 + [True] * 3


def test_a_filter_by_a_record_says_what_that_is_called_now(store, district, officer):
    with written(store, "自然村") as session:
        hamlet = NaturalGroup(region_code=康宁, name="上河组")
        session.add(hamlet)
        session.flush()
        number = hamlet.id
        one(session, Household, region_code=康宁).natural_group_id = number
    address = f"{FAMILIES}?natural_group_id={number}"
    officer.open(address)
    assert "上河组" in officer.open(address).text
    with written(store, "更名") as session:
        session.get_one(NaturalGroup, number).name = "下河组"

    page = officer.open(address)
    assert "下河组" in page.text
    assert "上河组" not in page.bytes.decode()


def test_a_name_is_looked_up_anew_when_somebody_of_that_name_came(store, district, officer, director):
    director.open(f"{LIST}?search=李")
    officer.open(f"{LIST}?search=李")
    assert names(officer.open(f"{LIST}?search=李")) == ["李明"]
    with written(store, "新来的孩子") as session:
        makers.student(session, one(session, Household, region_code=康宁), "李小花", birth_date=date(2015, 5, 1))
        makers.student(session, one(session, Household, region_code=牧童), "李大树", birth_date=date(2015, 5, 2))

    page = officer.open(f"{LIST}?search=李")
    assert names(page) == ["李明", "李小花"], "of one's own village"
    assert "共 2 条" in page.text
    assert names(director.open(f"{LIST}?search=李")) == ["李明", "李小花", "李大树"]


def test_the_pages_of_a_name_show_each_child_once_in_the_order_of_places(store, district, director):
    with written(store, "许多孩子") as session:
        for code in (牧童, 康宁):
            home = makers.household(session, code, head_name="钱大海", register_number=f"9903-{code[-1]}")
            for serial in range(33):
                makers.student(session, home, f"钱{code[-1]}第{serial:02}", birth_date=date(2014, 1, 1))
    found = [f"钱{code[-1]}第{serial:02}" for code in (康宁, 牧童) for serial in range(33)]

    pages = [names(director.open(f"{LIST}?search=钱&page={page}")) for page in (1, 2, 3, 4)]
    assert pages == [found[:20], found[20:40], found[40:60], found[60:]]
    assert names(director.open(f"{LIST}?search=钱&page=9")) == found[60:], "there is no further one"


def test_more_of_a_name_than_a_list_looks_through_is_said_to_be_more(store, district, director):
    with written(store, "同姓的孩子") as session:
        home = makers.household(session, 康宁, head_name="钱大海", register_number="9904-1")
        session.add_all(Student(region_code=康宁, household_id=home.id, name=f"钱第{n:04}", sex="1", ethnic_group="01",
                                birth_date=date(2014, 1, 1), schooling_state="enrolled") for n in range(SEARCH_CAP + 5))

    page = director.open(f"{LIST}?search=钱&page=500")
    assert f"共 {SEARCH_CAP:,}+ 条，请再多输入几个字" in page.text
    assert names(page)[-1] == f"钱第{SEARCH_CAP - 1:04}", "the last of those that a list looks through"


def test_who_became_the_highest_administrator_may_add_a_code_and_who_is_no_more_may_not(store, district, director):
    higher = Desk(director.browser.application).sign_in("县主任", PASSWORD)
    buttons = {"新增", "修改"}
    for _ in range(2):
        assert buttons <= {label for label, _ in higher.open(CODES).links}, "of all units"
        assert not buttons & {label for label, _ in director.open(CODES).links}, "somebody sits above"
    with written(store, "收回") as session:
        one(session, Account, username="县主任").grants[0].ended_at = datetime.now(UTC)

    assert buttons <= {label for label, _ in director.open(CODES).links}
    with written(store, "再授权") as session:
        one(session, Account, username="县主任").grants[0].ended_at = None

    assert not buttons & {label for label, _ in director.open(CODES).links}


def test_a_letter_that_begins_many_readings_of_each_name_has_no_empty_page(store, district, director):
    """丽力莉 is lilili, lili, lll and ll: the terms are looked through before a thousand children are found."""
    with written(store, "名字相近的孩子") as session:
        home = makers.household(session, 康宁, head_name="吕大海", register_number="9905-1")
        session.add_all(Student(region_code=康宁, household_id=home.id, name="丽力莉", sex="2", ethnic_group="01",
                                name_pinyin="lilili lili", name_initials="lll ll", birth_date=date(2014, 1, 1),
                                schooling_state="enrolled") for _ in range(600))

    page = director.open(f"{LIST}?search=l&page=500")
    told = re.search(r"共 (\d+)\+ 条，请再多输入几个字", page.text)
    assert told and int(told[1]) < SEARCH_CAP, "as many as were found by then, and no more is promised"
    assert len(names(page)) == (int(told[1]) % 20 or 20), "the last page has rows"
    assert f"–{told[1]} 条" in page.text
    assert "共 600 条" in director.open(f"{LIST}?search=lilili").text
