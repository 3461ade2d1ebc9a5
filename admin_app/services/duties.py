"""What must hold for letters, posts and publicity: who answers for what."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.services.records import check, like_anew, written_anew
from admin_app.services.rules import present_school_year
from admin_app.services.students import numbers_after
from admin_app.standing import alike, hold_place, twin_of
from models.household import Household
from models.post import Post
from models.publicity_activity import PublicityActivity
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter

VILLAGE_AND_FAMILY = "3"  # 责任书层级 村（社区）—户


@check(ResponsibilityLetter)
def letter(session: ScopedSession, actor: Actor, record: ResponsibilityLetter) -> None:
    """Between a village and a family the register knows both parties, the level and the next number."""
    record.school_year = record.school_year or present_school_year(session, date.today())
    if not 2000 <= record.school_year <= 2100:
        raise Invalid("学年请填起始年份，如 2026。", "school_year")
    if household := session.get(Household, record.household_id) if record.household_id else None:
        record.level = record.level or VILLAGE_AND_FAMILY
        record.party_b = record.party_b or household.head_name
    elif record.level == VILLAGE_AND_FAMILY and written_anew(record, "level", "household_id"):
        raise Invalid("请选择户：这一层级的责任书是村（社区）与户签订的。", "household_id")
    if not record.party_a and record.level == VILLAGE_AND_FAMILY:
        record.party_a = session.scalar(select(Region.name).where(Region.code == record.region_code)) or ""
    hold_place(session, record.region_code)  # before the family: so does whoever makes the letters of a year
    _one_letter(session, record)
    if not record.number:
        record.number = next(next_letter_numbers(session, record.region_code or "", record.school_year))
    if not written_anew(record, *ResponsibilityLetter.__once__):
        return
    if (twin := alike(session, record, *ResponsibilityLetter.__once__)) is not None:  # its place is held already
        raise Invalid(f"编号“{record.number}”在本学年已经用过。请换一个，或留空由系统编号。", "number",
                      ("responsibility_letter", twin.id))


def _one_letter(session: ScopedSession, record: ResponsibilityLetter) -> None:
    """A family has one letter of a level in a school year, besides those that are void."""
    if (twin := twin_of(session, record)) is not None:
        raise Invalid(f"这户本学年已有同一层级的责任书“{twin.number}”。如要重签，请先作废原来的。", "household_id",
                      ("responsibility_letter", twin.id))


def next_letter_numbers(session: ScopedSession, code: str, year: int) -> Iterator[str]:
    """The year, the last three digits of the place's code and the next four within it, again and again."""
    begin = f"{year}-{code[9:]}-"
    return numbers_after(session, code, select(ResponsibilityLetter.number).where(
        ResponsibilityLetter.region_code == code, ResponsibilityLetter.school_year == year,
        ResponsibilityLetter.number.startswith(begin)), begin)


@check(Post)
def post(session: ScopedSession, actor: Actor, record: Post) -> None:
    """One person has one post but once at a time."""
    twin = like_anew(session, record, "region_code", "kind", "unit", "holder", "since")
    if twin is not None:
        raise Invalid(f"已登记过“{twin.holder}”在“{twin.unit}”的这项职责。如是再次任职，请填写任期起；"
                      "情况有变，请在原来的那条上修改。", "holder", ("post", twin.id))


@check(PublicityActivity)
def publicity_activity(session: ScopedSession, actor: Actor, record: PublicityActivity) -> None:
    """A form that was sent again counts nobody twice."""
    twin = like_anew(session, record, "region_code", "held_on", "topic", "form")
    if twin is not None:
        raise Invalid(f"这一天已登记过同样形式的“{twin.topic}”。如确是另一场，请在主题中写明，"
                      f"如“{twin.topic}（第二场）”。",
                      "topic", ("publicity_activity", twin.id))
