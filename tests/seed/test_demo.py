"""The demo district: the same from the same seed, invented throughout, recorded throughout."""

import json
from collections import Counter
from datetime import datetime
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from admin_app.access.permissions import Role
from admin_app.access.scope import Scope, ScopedSession, unscoped
from admin_app.changes.triggers import recorded_models
from admin_app.errors import Conflict
from admin_app.services.passwords import matches
from admin_app.store import open_store, upgrade
from models.account import Account, Grant
from models.accountability_record import AccountabilityRecord
from models.base import table_of
from models.change import Change, ChangeRow
from models.code_item import CodeItem
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.identity_number import check
from models.kinds import Sealed, identity_indexes
from models.natural_group import NaturalGroup
from models.post import Post
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed.code_tables import TABLES
from seed.demo import DemoAccount, seed_demo
from seed.district.calendar import CHINA, Calendar

CHILDREN = 120
PASSWORD = "一句演示用的话 2026"
SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
DISTRICT = (Region, School, NaturalGroup, Household, HouseholdHardship, Student, Guardian,
            SpecialGroupFlag, ResponsibilityLetter, AccountabilityRecord, Post)


def look(engine: Engine) -> Any:
    return unscoped(engine, "the test looks at everything")


def plain(value: Any) -> Any:
    return value.open() if isinstance(value, Sealed) else value


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the district, sealed values opened."""
    with look(engine) as session:
        return {
            model.__tablename__: [
                tuple(plain(value) for value in row)
                for row in session.execute(select(*table_of(model).columns).order_by(model.id))
            ]
            for model in DISTRICT
        }


def test_one_seed_makes_one_district_on_every_store(engine: Engine, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    upgrade(other)
    other_engine = open_store(other)

    seed_demo(engine, children=CHILDREN, seed=7, password=PASSWORD)
    seed_demo(other_engine, children=CHILDREN, seed=7, password=PASSWORD)

    first, second = contents(engine), contents(other_engine)
    other_engine.dispose()
    for table, rows in first.items():
        assert rows, table
        assert rows == second[table], table


@SQLITE
def test_another_seed_makes_another_district(engine: Engine, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    upgrade(other)
    other_engine = open_store(other)

    seed_demo(engine, children=CHILDREN, seed=7, password=PASSWORD)
    seed_demo(other_engine, children=CHILDREN, seed=8, password=PASSWORD)

    first, second = contents(engine), contents(other_engine)
    other_engine.dispose()
    assert first["region"] == second["region"]
    assert first["student"] != second["student"]


def test_the_ledger_holds_every_row_and_what_was_done_later(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)

    with look(engine) as session:
        for model in recorded_models():
            lying = set(session.scalars(select(model.id)))
            inserted = session.scalars(select(ChangeRow.pk).where(
                ChangeRow.table_name == model.__tablename__, ChangeRow.operation == "insert"
            )).all()
            assert len(inserted) == len(set(inserted)), model
            assert set(inserted) == lying, model
        edits = session.scalars(select(ChangeRow).where(ChangeRow.operation == "update")).all()
        actors = session.scalars(select(Change.role)).all()
    assert edits and all(edit.before and edit.after and edit.before != edit.after for edit in edits)
    assert {"system_admin", "administrator", "village_officer"} == set(actors)


def test_its_past_lies_in_office_hours_of_the_weeks_since_it_was_filled(engine: Engine) -> None:
    seed_demo(engine, children=600, password=PASSWORD)

    with look(engine) as session:
        acts = [(change.verb, change.at.astimezone(CHINA)) for change in session.scalars(
            select(Change).order_by(Change.id))]
        checks = session.execute(select(ChangeRow.after, Change.at).join(Change, Change.id == ChangeRow.change_id)
                                 .where(Change.reason == "入户核查")).all()
    begun, now = Calendar.now().begun, datetime.now(CHINA)
    moments = [moment for _, moment in acts]
    assert moments == sorted(moments) and moments[-1] <= now
    assert moments[0].date() == begun.today
    later = [moment for verb, moment in acts if verb not in ("set_up", "seed")]
    assert len(later) > 80
    if (now.date() - begun.today).days > 7:
        assert len({moment.date() for moment in later}) > 3
        assert all(8 <= moment.hour < 18 and moment.weekday() < 5 for moment in later)
    assert checks and all(json.loads(after)["checked_on"] == f"{at.astimezone(CHINA):%Y-%m-%d}" for after, at in checks)


@SQLITE
def test_nobody_in_it_can_be_a_real_person(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)

    with look(engine) as session:
        students = session.scalars(select(Student)).all()
        households = session.scalars(select(Household)).all()
        phones = [plain(phone) for model in (Household, Guardian, Post)
                  for phone in session.scalars(select(model.phone))]
        regions = session.scalars(select(Region.code)).all()
    numbers = [plain(row.identity_number) for row in (*students, *households)
               if row.identity_number]
    assert len(numbers) > CHILDREN and len(numbers) == len(set(numbers))
    assert all(number.startswith("990101") and check(number) for number in numbers)
    assert all(len(phone) == 11 and phone.startswith("1990") for phone in phones)
    assert all(code.startswith("99") or code == "0" * 12 for code in regions)


@SQLITE
def test_each_record_agrees_with_itself(engine: Engine) -> None:
    seed_demo(engine, children=600, password=PASSWORD)

    with look(engine) as session:
        students = session.scalars(select(Student)).all()
        villages = session.scalars(select(Region.code).where(Region.level == "村")).all()
        homes = Counter(session.scalars(select(Household.region_code)))
        flags = session.scalars(select(SpecialGroupFlag)).all()
        schools = {school.id: school for school in session.scalars(select(School))}
        guarded = set(session.scalars(select(Guardian.student_id)))
        shares = Counter(student.schooling_state for student in students)
        days = {student.id: student.checked_on for student in students}
        for student in students:
            if student.identity_number:
                number = check(student.identity_number.open())
                assert (number.birth_date, number.sex) == (student.birth_date, student.sex)
                indexes = identity_indexes(number.number)
                assert student.identity_index == indexes["identity_index"]
                assert student.identity_tail == indexes["identity_tail"]
            else:
                assert student.identity_kind == "Z"
            assert student.household and student.household.region_code == student.region_code
            assert student.name_pinyin and student.name_initials
            age = 2026 - student.birth_date.year - ((student.birth_date.month,
                                                     student.birth_date.day) > (8, 31))
            assert 6 <= age <= 15
            if student.schooling_state == "enrolled":
                assert student.school_id in schools and student.grade and student.student_number
            if student.schooling_state == "elsewhere":
                assert student.study_place and student.school_id is None
            if student.schooling_state in ("suspected", "dropped_out"):
                assert student.absent_since
            if student.schooling_state in ("on_leave", "deferred"):
                assert student.leave_until
    assert len(students) == 600 and guarded == {student.id for student in students}
    assert len(villages) == 29 and set(homes) == set(villages)
    assert set(shares) == {state.code for state in Student.__moves__.states}
    taught = shares["enrolled"] + shares["elsewhere"] + shares["home_taught"]
    assert taught / (len(students) - shares["graduated"]) > 0.95
    assert {flag.state for flag in flags} == {"reported", "verified", "rejected", "ended"}
    for flag in flags:
        assert (flag.until is not None) == (flag.state == "ended")
        assert flag.verified_on is not None or flag.state in ("reported", "rejected")
    calendar = Calendar.now()
    checked = [day for day in days.values() if day and day >= calendar.term_start]
    assert 0.65 < len(checked) / len(students) < 0.95
    assert max(checked) <= calendar.today


@SQLITE
def test_every_code_is_one_of_its_table(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)
    known = {table.name: {item.code for item in table.codes} for table in TABLES}

    with look(engine) as session:
        assert session.scalar(select(func.count(CodeItem.id))) == sum(map(len, known.values()))
        for model in (*DISTRICT, Account, Grant, Change):
            states = model.__moves__
            for column in table_of(model).columns:
                used = set(session.scalars(select(column).distinct())) - {None}
                declared = column.info["field"]
                if declared.codes:
                    assert used <= known[declared.codes], column
                if declared.states and states:
                    assert used <= set(states.labels), column


@SQLITE
def test_letters_posts_and_accountability_of_the_district(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)
    today = Calendar.now().today

    with look(engine) as session:
        letters = session.scalars(select(ResponsibilityLetter)).all()
        records = session.scalars(select(AccountabilityRecord)).all()
        posts = session.scalars(select(Post)).all()
        called = dict(session.execute(select(Region.code, Region.name)).all())
        numbers = session.execute(select(Household.region_code, Household.register_number)).all()
    assert {(letter.party_a, letter.region_code) for letter in letters if letter.level == "3"} == {
        (called[letter.region_code], letter.region_code) for letter in letters if letter.level == "3"
    }, "as the system names the villages in the letters that it makes"
    assert all(re.fullmatch(rf"{code}\d{{4}}", number) for code, number in numbers), "as the system numbers families"
    for year in (2025, 2026):
        villages = {letter.region_code for letter in letters
                    if (letter.level, letter.school_year) == ("2", year)}
        assert len(villages) == 27
    assert {letter.state for letter in letters} == {"unsigned", "signed", "void"}
    assert all((letter.signed_on is None) == (letter.state == "unsigned") for letter in letters)
    assert {post.kind for post in posts} >= {
        *(str(kind) for kind in range(11, 18)), *(str(kind) for kind in range(21, 26))
    }
    assert {record.state for record in records} == {
        "proposed", "decided", "rectified", "closed", "withdrawn"
    }
    assert [record for record in records
            if record.state == "decided" and record.rectify_by and record.rectify_by < today]


def people(accounts: list[DemoAccount]) -> dict[str, DemoAccount]:
    return {account.username: account for account in accounts}


def test_accounts_with_a_password_given_keep_it(engine: Engine) -> None:
    shown = people(seed_demo(engine, children=CHILDREN, password=PASSWORD))

    with look(engine) as session:
        accounts = {a.username: a for a in session.scalars(select(Account))}
        grants = {name: [(g.role, g.region_code, g.until) for g in account.grants]
                  for name, account in accounts.items()}
    until = Calendar.now().ahead(30)
    assert shown["cun27"] == DemoAccount("cun27", PASSWORD, "村（社区）干部", "高家湾村委会")
    assert len(accounts) == 32 and set(shown) == set(accounts)
    assert not any(account.must_change_password for account in accounts.values())
    assert matches(accounts["cun01"].password_hash, PASSWORD)
    assert grants["xitong"] == [(Role.SYSTEM_ADMIN, "0" * 12, None)]
    assert grants["xianji"] == [(Role.ADMINISTRATOR, "990101000000", None)]
    assert grants["dudao"] == [(Role.INSPECTOR, "990101400000", until)]
    assert grants["shenji"] == [(Role.AUDITOR, "990101400000", None),
                                (Role.AUDITOR, "990101000000", None)]


@SQLITE
def test_accounts_without_one_get_their_own_and_must_change_it(engine: Engine) -> None:
    shown = people(seed_demo(engine, children=CHILDREN))

    with look(engine) as session:
        accounts = {a.username: a for a in session.scalars(select(Account))}
    assert len({account.password for account in shown.values()}) == len(accounts)
    assert all(account.must_change_password for account in accounts.values())
    assert matches(accounts["chengqu"].password_hash, shown["chengqu"].password)


@SQLITE
def test_a_village_officer_sees_one_village(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)
    with look(engine) as session:
        account = session.scalars(select(Account).where(Account.username == "cun09")).one()
        code = account.region_code

    with ScopedSession(engine, Scope.under(code)) as session:
        assert set(session.scalars(select(Student.region_code))) == {"990101400200"}


def test_a_second_time_is_refused(engine: Engine) -> None:
    seed_demo(engine, children=CHILDREN, password=PASSWORD)
    before = contents(engine)

    with pytest.raises(Conflict, match="已经装载过"):
        seed_demo(engine, children=CHILDREN, password=PASSWORD)

    assert contents(engine) == before
