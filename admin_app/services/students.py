"""What must hold for a child, and for a family."""

import re
from datetime import date

from sqlalchemy import func, select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import Invalid
from admin_app.services import names  # noqa: F401  (keeps the name indexes)
from admin_app.services.records import check
from models.household import Household
from models.identity_number import IdentityNumberError, normalise
from models.identity_number import check as check_number
from models.kinds import IDENTITY_INDEX, Sealed, cipher
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.student import Student

RESIDENT_IDENTITY_CARD = "1"
NO_DOCUMENT = "Z"
_STUDENT_NUMBER = re.compile(r"^[GLJ]\d{17}[\dX]$")  # 学籍号: domain §3.5
_PHONE = re.compile(r"^(1\d{10}|0\d{2,3}-?\d{7,8}(-\d{1,5})?)$")


def plain(value: object) -> str:
    """Sealed or plain, as text."""
    return value.open() if isinstance(value, Sealed) else str(value or "")


@check(Student)
def identity(session: ScopedSession, actor: Actor, student: Student) -> None:
    """GB 11643: check digit and dates. Sex and birth date follow from the number, or must agree with
    it unless the note says why. A child without a number is registered as such."""
    number = normalise(plain(student.identity_number))
    if not number:
        if student.identity_kind in (None, RESIDENT_IDENTITY_CARD):
            student.identity_kind = NO_DOCUMENT
        if student.birth_date is None:
            raise Invalid("没有身份证号的孩子，请填写出生日期。", "birth_date")
        return
    if student.identity_kind in (None, RESIDENT_IDENTITY_CARD, NO_DOCUMENT):
        student.identity_kind = RESIDENT_IDENTITY_CARD
        try:
            read = check_number(number)
        except IdentityNumberError as fault:
            raise Invalid(str(fault), "identity_number") from fault
        student.birth_date = student.birth_date or read.birth_date
        student.sex = student.sex or read.sex
        for value, told, column, label in (
            (student.birth_date, read.birth_date, "birth_date", "出生日期"),
            (student.sex, read.sex, "sex", "性别"),
        ):
            if value != told and not student.note:
                raise Invalid(f"{label}与身份证号不一致。请核对；如户口簿确实如此，请在备注中写明后再保存。", column)
    if number != plain(student.identity_number):
        student.identity_number = number
    refuse_duplicate(session, student.id, number)


def refuse_duplicate(session: ScopedSession, student_id: int | None, number: str) -> None:
    """One child, one record in the whole district. Points to the record if it is the actor's own, and
    says only that there is one if not."""
    index = cipher().index(number, IDENTITY_INDEX)
    with session.no_autoflush:
        own = session.scalar(select(Student).where(Student.identity_index == index,
                                                   Student.id != (student_id or 0)))
    if own is not None:
        raise Invalid(f"该身份证号已登记在“{own.name}”名下。", "identity_number", ("student", own.id))
    with unscoped(session.get_bind().engine, "is this number taken elsewhere in the district") as wide:
        taken = wide.scalar(select(func.count()).select_from(Student).where(
            Student.identity_index == index, Student.id != (student_id or 0)))
    if taken:
        raise Invalid("该身份证号已在他处登记。如孩子确已迁入，请联系上级管理员办理移交。", "identity_number")


@check(Student)
def born(session: ScopedSession, actor: Actor, student: Student) -> None:
    if student.birth_date and student.birth_date > date.today():
        raise Invalid("出生日期不能晚于今天。请改正。", "birth_date")


@check(Student)
def student_number(session: ScopedSession, actor: Actor, student: Student) -> None:
    """学籍号: a letter and the 18 characters behind it (全国中小学生学籍管理办法)."""
    text = normalise(plain(student.student_number))
    if text:
        if not _STUDENT_NUMBER.match(text):
            raise Invalid("学籍号应为 G、L 或 J 加 18 位号码，共 19 位。学籍号可以不填。", "student_number")
        if text != plain(student.student_number):
            student.student_number = text


@check(Household)
def village(session: ScopedSession, actor: Actor, household: Household) -> None:
    """A family lives in a village that is in use, not in a town or a county."""
    place = session.scalar(select(Region).where(Region.code == household.region_code))
    if place is None or place.level != "村":
        raise Invalid("请选择到村（社区）一级。", "region_code")
    if place.valid_until is not None and household.id is None:
        raise Invalid(f"“{place.name}”已撤销，请选择并入后的村（社区）。", "region_code")


@check(Household)
def head(session: ScopedSession, actor: Actor, household: Household) -> None:
    if not household.register_number and household.region_code:
        household.register_number = next_register_number(session, household.region_code)
    number = normalise(plain(household.identity_number))
    if number:
        try:
            check_number(number)
        except IdentityNumberError as fault:
            raise Invalid(str(fault), "identity_number") from fault
        if number != plain(household.identity_number):
            household.identity_number = number
    if household.phone is not None:
        household.phone = checked_phone(plain(household.phone)) if not isinstance(household.phone, Sealed) \
            else household.phone
    twin = session.scalar(select(Household).where(
        Household.region_code == household.region_code,
        Household.register_number == household.register_number, Household.id != (household.id or 0)))
    if twin is not None:
        raise Invalid(f"户编号“{household.register_number}”已用于“{twin}”。请换一个，或留空由系统编号。",
                      "register_number", ("household", twin.id))


def next_register_number(session: ScopedSession, region_code: str) -> str:
    """The village's code and the next four digits, as districts number their households."""
    last = session.scalar(select(func.max(Household.register_number)).where(
        Household.region_code == region_code,
        Household.register_number.between(region_code + "0000", region_code + "9999")))
    return f"{region_code}{int(last[-4:]) + 1 if last else 1:04d}"


def checked_phone(text: str) -> str | None:
    """An 11-digit mobile number or a landline with its area code. Raises Invalid."""
    digits = normalise(text)
    if digits and not _PHONE.match(digits):
        raise Invalid("电话号码不对：手机为 11 位，座机请带区号。请改正。", "phone")
    return digits or None


@check(ResponsibilityLetter)
def letter(session: ScopedSession, actor: Actor, record: ResponsibilityLetter) -> None:
    if not 2000 <= (record.school_year or 0) <= 2100:
        raise Invalid("学年请填起始年份，如 2026。", "school_year")
    if record.household_id and not record.party_b:
        household = session.get(Household, record.household_id)
        record.party_b = household.head_name if household else record.party_b
    twin = session.scalar(select(ResponsibilityLetter).where(
        ResponsibilityLetter.number == record.number, ResponsibilityLetter.school_year == record.school_year,
        ResponsibilityLetter.region_code == record.region_code,
        ResponsibilityLetter.id != (record.id or 0)))
    if twin is not None:
        raise Invalid(f"编号“{record.number}”在本学年已经用过。请换一个。", "number",
                      ("responsibility_letter", twin.id))
