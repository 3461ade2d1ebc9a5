"""Makers of invented records, shared by the demo data and the tests.

Plain functions: a session and the facts that matter go in, a flushed record comes out. Everything
else has a harmless value that `**columns` overrides. Identity numbers begin with 99, which no
county has, so that none of them belongs to anybody.
"""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any, TypeVar

from models.account import Account
from models.household import Household
from models.identity_number import check_character
from models.publicity_activity import PublicityActivity
from models.region import LEVEL_LENGTHS, Region, code_of, level_of, prefix_of
from models.student import Student
from sqlalchemy import select
from sqlalchemy.orm import Session

Record = TypeVar("Record")

_register_numbers = count(1)


def make_identity_number(birth: date, sex: str, *, serial: int = 1, address: str = "990101") -> str:
    """A number with the right check character (GB 11643). `sex` is '1' (male) or '2' (female);
    `serial` from 0 to 499 tells apart children of one place, day and sex."""
    if not 0 <= serial < 500:
        raise ValueError("the serial of one day and sex goes from 0 to 499")
    if not address.startswith("99"):
        raise ValueError("an invented number begins with 99")
    first_seventeen = f"{address}{birth:%Y%m%d}{2 * serial + (sex == '1'):03d}"
    return first_seventeen + check_character(first_seventeen)


def region(session: Session, code: str, name: str, **columns: Any) -> Region:
    """A division. Its parent is the nearest one above it that is there already."""
    prefix = prefix_of(code)
    above = [code_of(prefix[:size]) for size in LEVEL_LENGTHS.values() if size < len(prefix)]
    parent = session.scalar(
        select(Region.code).where(Region.code.in_(above)).order_by(Region.code.desc()).limit(1)
    )
    return _add(session, Region(**{
        "code": code, "name": name, "level": level_of(code), "parent_code": parent, **columns,
    }))


def household(session: Session, region_code: str, **columns: Any) -> Household:
    """A family of a village."""
    number = next(_register_numbers)
    return _add(session, Household(**{
        "region_code": region_code, "register_number": f"{number:05d}", "head_name": "李建国",
        "address": "示范路1号", **columns,
    }))


def student(session: Session, place: str | Household, name: str, **columns: Any) -> Student:
    """A child of a family, or of a village where the family is not known yet."""
    home = place if isinstance(place, Household) else None
    return _add(session, Student(**{
        "region_code": home.region_code if home else place, "household_id": home.id if home else None,
        "name": name, "sex": "1", "ethnic_group": "01", "birth_date": date(2016, 3, 1),
        "schooling_state": "enrolled", **columns,
    }))


def account(session: Session, region_code: str, username: str, **columns: Any) -> Account:
    """An account that can not be signed in to until it is given a password."""
    return _add(session, Account(**{
        "region_code": region_code, "username": username, "display_name": username,
        "password_hash": "!", "password_changed_at": datetime.now(UTC), "must_change_password": True,
        **columns,
    }))


def publicity_activity(session: Session, region_code: str, **columns: Any) -> PublicityActivity:
    """An activity of a village."""
    return _add(session, PublicityActivity(**{
        "region_code": region_code, "held_on": date(2026, 9, 1), "topic": "义务教育法进万家", "form": "1",
        "reached": 60, "handed_out": 50, "person_in_charge": "李建国", **columns,
    }))


def _add(session: Session, record: Record) -> Record:
    session.add(record)
    session.flush()
    return record
