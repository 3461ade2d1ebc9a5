"""移交: a family moves to another village, with its children and all that hangs on them."""

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.changes import papers
from admin_app.errors import Invalid
from models.base import Wall
from models.household import Household
from models.region import Region


def hand_over(session: ScopedSession, actor: Actor, household: Household, village: Region) -> None:
    """Move a family to another village of the actor's area.

    Effects, in order: gives the family its place and a free register number there; the database moves
    children, guardians, flags, hardships and letters with it (ON UPDATE CASCADE); the files follow.
    Raises Invalid, Refused."""
    actor.require(Permission.FAMILY_HAND_OVER)
    if village.level != "村" or village.valid_until is not None:
        raise Invalid("请选择一个在用的村（社区）。", "region_code")
    if village.code == household.region_code:
        raise Invalid("这户已经在该村（社区）。请选择另一个。", "region_code")
    if not session.scope.covers(Wall.CHILD, village.code):
        raise Invalid("该村（社区）不在您的管辖范围内，请由上一级办理移交。", "region_code")
    former = household.region_code
    taken = session.scalar(select(Household.id).where(
        Household.region_code == village.code, Household.register_number == household.register_number))
    if taken:
        household.register_number = f"{household.register_number}（原{former[-3:]}）"
    household.natural_group_id = None
    household.region_code = village.code
    session.flush()
    session.expire_all()
    papers.follow(session)
