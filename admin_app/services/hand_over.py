"""移交: a family moves to another village, with its children and all that hangs on them."""

from sqlalchemy import select, update

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from models.attachment import Attachment
from models.base import Wall, models, table_of
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
    _files_follow(session, household)


def _files_follow(session: ScopedSession, household: Household) -> None:
    """Attachments name their record by table and number: move those of everything that moved."""
    owners = {"household": [household.id], "student": [s.id for s in household.students]}
    for model in models():
        for key, column in (("household", "household_id"), ("student", "student_id")):
            if column in table_of(model).c and model.__recorded__ and model.__tablename__ not in owners:
                found = session.scalars(
                    select(model.id).where(getattr(model, column).in_(owners[key]))).all()
                owners.setdefault(model.__tablename__, []).extend(found)
    for table, keys in owners.items():
        if keys:
            session.execute(
                update(Attachment).where(Attachment.owner_table == table, Attachment.owner_id.in_(keys))
                .values(region_code=household.region_code).execution_options(synchronize_session=False))
