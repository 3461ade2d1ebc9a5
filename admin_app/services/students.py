"""What must hold for a child, a guardian, and a family."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import Select, func, select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import Invalid
from admin_app.exchange.cells import plain_word
from admin_app.services import names  # noqa: F401  (keeps the name indexes)
from admin_app.services.records import check, like_anew, written_anew
from admin_app.standing import alike, hold_place, one_like, twin_of
from models.agreement import answered
from models.code_item import CodeItem
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.identity_number import IdentityNumberError, normalise
from models.identity_number import check as check_number
from models.kinds import IDENTITY_INDEX, cipher, unsealed
from models.natural_group import NaturalGroup
from models.region import Region
from models.special_group_flag import SpecialGroupFlag
from models.student import SCHOOLING_MOVES, VOID, Student

RESIDENT_IDENTITY_CARD = "1"
NO_DOCUMENT = "Z"
OLDEST = 25  # years; beyond, a year was mistyped
NAMESAKE = ("同名", "重名", "另一")
_STUDENT_NUMBER = re.compile(r"^[GLJ]\d{17}[\dX]$", re.A)  # 学籍号: domain §3.5


def plain(value: object) -> str:
    """Sealed or plain, as text."""
    return str(unsealed(value) or "")


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
        _no_namesake(session, student)
        return
    if student.identity_kind in (None, RESIDENT_IDENTITY_CARD, NO_DOCUMENT):
        student.identity_kind = RESIDENT_IDENTITY_CARD
        try:
            read = check_number(number)
        except IdentityNumberError as fault:
            raise Invalid(str(fault), "identity_number") from fault
        student.birth_date = student.birth_date or read.birth_date
        student.sex = student.sex or read.sex
        for value, told, column, label, words in (
            (student.birth_date, read.birth_date, "birth_date", "出生日期", ("出生", "生日")),
            (student.sex, read.sex, "sex", "性别", ("性别",)),
        ):
            if value != told and not answered(student.note, *words):
                raise Invalid(f"{label}与身份证号不一致。请核对；如户口簿确实如此，请在备注中写明后再保存，"
                              f"如“{label}以户口簿为准”。", column)
    if number != plain(student.identity_number):
        student.identity_number = number
    refuse_duplicate(session, student.id, number)
    if written_anew(student, "region_code", "name", "birth_date", "identity_number"):
        _no_namesake(session, student)


def _no_namesake(session: ScopedSession, student: Student) -> None:
    """Without a number, the name and the day of birth are all that tells two children of a village apart; and another
    number may be the same child's, put right."""
    if answered(student.note, *NAMESAKE):
        return
    counted = (Student.schooling_state != VOID,)
    if (twin := one_like(session, student, "region_code", "name", "birth_date", among=counted)) is not None:
        raise Invalid(f"本村已有同名、同日出生的“{twin.name}”。如是更正身份证号，请在那一条上修改；"
                      "如确是两个孩子，请在备注中写明后再保存，如“同名，不是同一个孩子”。",
                      "name", ("student", twin.id))


def refuse_duplicate(session: ScopedSession, student_id: int | None, number: str) -> None:
    """One child, one record in the whole district. Points to the record if it is the actor's own, and
    says only that there is one if not."""
    index = cipher().index(number, IDENTITY_INDEX)
    with session.no_autoflush:
        own = session.scalar(select(Student).where(Student.identity_index == index,
                                                   Student.id != (student_id or 0)))
    if own is not None:
        void = "（已作废）。如是另一个孩子，请先在那一条上修改，把身份证号改为“-”并写明原因" \
            if own.schooling_state == VOID else ""
        raise Invalid(f"该身份证号已登记在“{own.name}”名下{void}。", "identity_number", ("student", own.id))
    with unscoped(session.get_bind().engine, "is this number taken elsewhere in the district") as wide:
        taken = wide.scalar(select(func.count()).select_from(Student).where(
            Student.identity_index == index, Student.id != (student_id or 0)))
    if taken:
        raise Invalid("该身份证号已在他处登记。如孩子确已迁入，请联系上级管理员办理移交。", "identity_number")


@check(Student)
def born(session: ScopedSession, actor: Actor, student: Student) -> None:
    if student.birth_date and student.birth_date > date.today():
        raise Invalid("出生日期不能晚于今天。请改正。", "birth_date")
    if student.birth_date and (years := years_mistyped(student.birth_date, student.note)):
        raise Invalid(f"按出生日期已 {years} 岁，请核对年份。如确需登记，请在备注中写明后再保存，"
                      f"如“已 {years} 岁，补登记”。", "birth_date")


def years_mistyped(born: date, note: str | None) -> int:
    """The years of whoever is hardly a child, unless the note speaks of them; 0 for anybody else."""
    years = date.today().year - born.year
    return years if years > OLDEST and not answered(note, "岁", "年龄", "出生") else 0


@check(Student)
def student_number(session: ScopedSession, actor: Actor, student: Student) -> None:
    """学籍号: a letter and the 18 characters behind it (全国中小学生学籍管理办法)."""
    try:
        text = student_number_of(plain(student.student_number))
    except Invalid as fault:
        raise Invalid(fault.message, "student_number") from fault
    if text and text != plain(student.student_number):
        student.student_number = text


def student_number_of(written: str) -> str:
    """A 学籍号 the standard way; '' for none. Raises Invalid."""
    text = normalise(written)
    if text and not _STUDENT_NUMBER.match(text):
        raise Invalid("学籍号应为 G、L 或 J 加 18 位号码，共 19 位。学籍号可以不填。")
    return text


@check(Household)
def village(session: ScopedSession, actor: Actor, household: Household) -> None:
    """A family lives in a village that is in use, not in a town or a county."""
    place = session.scalar(select(Region).where(Region.code == household.region_code))
    if place is None or place.level != "村":
        raise Invalid("请选择到村（社区）一级。", "region_code")
    group = session.get(NaturalGroup, household.natural_group_id) if household.natural_group_id else None
    if group is not None and group.region_code != household.region_code:
        raise Invalid(f"“{group.name}”是别的村（社区）的自然村（组）。请选本村的，或先留空。", "natural_group_id")


@check(Household)
def no_second(session: ScopedSession, actor: Actor, household: Household) -> None:
    """A new family whose head has no number is told from one of the same name by its note: a form that was sent again
    makes no second family."""
    if household.id is not None or plain(household.identity_number) or answered(household.note, *NAMESAKE):
        return
    if (twin := one_like(session, household, "region_code", "head_name")) is not None:
        raise Invalid(f"本村已有户主同名的“{twin}”（户编号 {twin.register_number}）。如确是另一户，请填写户主身份证号，"
                      "或在备注中写明后再保存，如“同名，另一户”。", "head_name", ("household", twin.id))


@check(Household)
def head(session: ScopedSession, actor: Actor, household: Household) -> None:
    if not household.register_number and household.region_code:
        household.register_number = next(next_register_numbers(session, household.region_code))
    household.register_number = plain_word(household.register_number or "")
    number = normalise(plain(household.identity_number))
    if number:
        try:
            check_number(number)
        except IdentityNumberError as fault:
            raise Invalid(str(fault), "identity_number") from fault
        if number != plain(household.identity_number):
            household.identity_number = number
        _no_other_home(session, household)
    if (twin := alike(session, household, "region_code", "register_number")) is not None:
        raise Invalid(f"户编号“{household.register_number}”已用于“{twin}”。请换一个，或留空由系统编号。",
                      "register_number", ("household", twin.id))


def _no_other_home(session: ScopedSession, household: Household) -> None:
    """Nobody heads two families of one village. Where that was so before, the rest of a family may still be edited."""
    if (twin := like_anew(session, household, *Household.__once__)) is not None:
        raise Invalid(f"本村已有同一户主的“{twin}”（户编号 {twin.register_number}），不用再登记。", "identity_number",
                      ("household", twin.id))


def next_register_numbers(session: ScopedSession, region_code: str) -> Iterator[str]:
    """The village's code and the next four digits, as districts number their households, again and again. People
    number by hand too (0012-1 for a family that split off): what is no number of this kind is passed over."""
    taken = select(Household.register_number).where(
        Household.region_code == region_code, Household.register_number.startswith(region_code))
    return numbers_after(session, region_code, taken, region_code)


def numbers_after(session: ScopedSession, region_code: str, taken: Select[Any], begin: str) -> Iterator[str]:
    """This beginning and the next four digits behind the highest that a place has taken, again and again; until the
    end of this act the place gives no numbers to anybody else."""
    hold_place(session, region_code)
    numbers = (re.fullmatch(r"\d{4,6}", number.removeprefix(begin), re.A) for number in session.scalars(taken))
    last = max((int(found[0]) for found in numbers if found), default=0)
    return (f"{begin}{number:04d}" for number in count(last + 1))


@check(NaturalGroup)
def natural_group(session: ScopedSession, actor: Actor, group: NaturalGroup) -> None:
    if (twin := one_like(session, group, "region_code", "name")) is not None:
        raise Invalid(f"本村已有自然村（组）“{twin.name}”。请换一个名称。", "name", ("natural_group", twin.id))


def _label(session: ScopedSession, table: str, code: str) -> str:
    return session.scalar(select(CodeItem.label).where(CodeItem.code_table == table, CodeItem.code == code)) or code


@check(Guardian)
def guardian(session: ScopedSession, actor: Actor, record: Guardian) -> None:
    """A form that was sent again makes no second guardian of one child."""
    if (twin := like_anew(session, record, "student_id", "name")) is not None:
        raise Invalid(f"这个孩子已有监护人“{twin.name}”，不用再登记。情况有变，请在原来的那条上修改。", "name",
                      ("guardian", twin.id))


@check(SpecialGroupFlag)
def flag(session: ScopedSession, actor: Actor, record: SpecialGroupFlag) -> None:
    _one_of_a_kind(session, record, "special_group")  # holds the child: its state is read as it stays
    child = session.execute(select(Student.name, Student.schooling_state).where(
        Student.id == record.student_id)).one_or_none() if record.id is None else None
    if child is not None and child.schooling_state not in SCHOOLING_MOVES.standing:
        state = SCHOOLING_MOVES.labels[child.schooling_state]
        raise Invalid(f"“{child.name}”{state}，不用再报特殊群体标记。", "student_id")


@check(HouseholdHardship)
def hardship(session: ScopedSession, actor: Actor, record: HouseholdHardship) -> None:
    _one_of_a_kind(session, record, "hardship_kind")


def _one_of_a_kind(session: ScopedSession, record: SpecialGroupFlag | HouseholdHardship, table: str) -> None:
    """What stands once is not reported again; what was ended or refused may be."""
    model: Any = type(record)
    if (twin := twin_of(session, record)) is not None:
        label = _label(session, table, record.kind)
        state = model.__moves__.labels[twin.state]
        raise Invalid(f"已有“{label}”（{state}），不用再报。情况有变，请在原来的那条上办理。", "kind",
                      (model.__tablename__, twin.id))
