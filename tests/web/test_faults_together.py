"""A form tells everything that is wrong at once, takes no day that a move is for, and two windows sign in."""

from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from admin_app.access.scope import unscoped
from models.household import Household, HouseholdHardship
from tests.desk import PASSWORD, Desk, Page
from tests.web.staff import by_the_machine


def test_a_number_a_phone_and_a_name_that_are_wrong_are_told_together(officer: Desk) -> None:
    officer.open("/admin/household/new/")
    officer.press("保存", 400, head_name="1", identity_number="123", phone="12x", register_number="0977")

    told = officer.page.text
    assert "有 3 处需要改正" in told
    assert [word for word in ("“户主姓名”不对", "身份证号应为18位", "“联系电话”不对") if word not in told] == [], told
    officer.press("保存", head_name="温大山", identity_number="", phone="19900001234")
    assert officer.page.facts["联系电话"], "the three put right, it is registered"


def test_a_name_that_cannot_be_a_name_is_not_told_to_be_missing_as_well(officer: Desk) -> None:
    officer.open("/admin/household/new/")
    officer.press("保存", 400, head_name="1")
    assert "“户主姓名”不对" in officer.page.text and "请填写“户主姓名”" not in officer.page.text


@pytest.fixture
def hardship(store: Engine, district: SimpleNamespace) -> int:
    with by_the_machine(store, "a hardship") as session:
        home = session.scalars(select(Household).where(Household.region_code == "990101400001")).one()
        made = HouseholdHardship(region_code=home.region_code, household_id=home.id, kind="10")
        session.add(made)
        session.flush()
        return int(made.id)


def stands(store: Engine, number: int) -> tuple[str, str]:
    with unscoped(store, "the hardship") as session:
        found = session.get_one(HouseholdHardship, number)
        return found.state, str(found.until)


def test_a_hardship_ends_by_its_move_and_by_no_day_in_its_form(store: Engine, officer: Desk, hardship: int) -> None:
    form = officer.open(f"/admin/household_hardship/edit/?id={hardship}").form("保存")
    assert "since" in form.fields and "until" not in form.fields
    officer.post(f"/admin/household_hardship/edit/?id={hardship}", {**form.fields, "until": "2026-10-01"})
    assert stands(store, hardship) == ("active", "None"), "a day that was sent all the same is passed over"

    address = f"/admin/household_hardship/move/?id={hardship}&verb=end"
    form = next(form for form in officer.open(address).forms if "until" in form.fields)
    officer.post(address, {**form.fields, "until": "2026-10-01"})
    assert stands(store, hardship) == ("ended", "2026-10-01")


def test_a_register_number_keeps_no_mark_that_turns_what_follows(store: Engine, officer: Desk) -> None:
    officer.open("/admin/household/new/")
    officer.press("保存", head_name="温大山", register_number="09\u202e78\u200b")
    with unscoped(store, "the family") as session:
        assert session.scalar(select(Household.register_number).where(Household.head_name == "温大山")) == "0978"


def test_of_two_windows_the_second_goes_on_where_the_first_has_signed_in(district_application: Flask, store: Engine,
                                                                        district: SimpleNamespace) -> None:
    desk = Desk(district_application)
    first = Page(desk.browser.get("/login?next=/admin/student/"))
    second = first.forms[-1].fields["csrf_token"]
    desk.sign_in("康宁网格员", PASSWORD)
    said = {"csrf_token": second, "username": "康宁网格员", "password": PASSWORD, "next": "/admin/household/"}
    assert Page(desk.browser.post("/login", data=said)).location == "/admin/household/"
    elsewhere = {**said, "next": "https://example.org/"}
    assert Page(desk.browser.post("/login", data=elsewhere)).location == "/", "to no other host"

    stranger = Desk(district_application)
    assert Page(stranger.browser.post("/login", data=said)).status == 400, "of nobody who is not signed in"
