"""The demo district: the invented 城区 of 示范县, with families, duties, accounts and a past.

The same seed makes the same district on the same day (passwords that nobody gave are random). It is
written through the wall and the ledger like everything else.
"""

import random
from dataclasses import dataclass

from sqlalchemy import Engine, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import ROLE_LABELS, Role
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from admin_app.errors import Conflict
from models.account import Account
from models.region import Region
from seed.code_tables import load_code_tables
from seed.district.accounts import Person, open_accounts
from seed.district.calendar import Calendar
from seed.district.conditions import record_conditions
from seed.district.duty import (
    insert_accountability,
    insert_activities,
    insert_letters,
    insert_posts,
    liaisons,
    posts,
)
from seed.district.families import Row, Town
from seed.district.history import live_through
from seed.district.people import People
from seed.district.places import (
    DISTRICT,
    DIVISIONS,
    load_groups,
    load_places,
    load_schools,
)
from seed.district.schooling import send_to_school
from seed.divisions import WHOLE_COUNTRY_CODE, WHOLE_COUNTRY_NAME

_REGION_NAMES = {WHOLE_COUNTRY_CODE: WHOLE_COUNTRY_NAME} | {d.code: d.name for d in DIVISIONS}
_FOUNDER = Actor(0, "初始化", Role.SYSTEM_ADMIN, WHOLE_COUNTRY_CODE, origin="command",
                 request_id="demo-set-up")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One line of the list that is shown when the demo starts."""

    username: str
    password: str
    role_label: str
    region_name: str


def seed_demo(engine: Engine, *, children: int = 2000, seed: int = 20260901,
              password: str | None = None) -> list[DemoAccount]:
    """Fill an empty store with the demo district and give its accounts, in order:

    1. divisions, code tables, accounts (each with `password`, or with its own to be changed);
    2. schools, hamlets, households, children and all that hangs on them, posts, letters, records;
    3. a few hundred acts of these accounts in the weeks since, each a change of its own.

    Raises `Conflict` when the store holds a register, the demo's or a real one: its accounts have a public password.
    Wants an installed cipher."""
    people, calendar = People(random.Random(seed)), Calendar.now()
    post_rows = posts(people)
    staff = _set_up(engine, people, calendar, password, post_rows)
    _fill(engine, people, calendar.begun, staff["xianji"].actor, children, post_rows)
    live_through(engine, people, calendar, staff, children)
    return [_shown(person) for person in staff.values()]


def holds_a_register(session: ScopedSession) -> bool:
    """Whether somebody has begun to work here: a division beside the root, or an account."""
    return any(session.scalar(query.limit(1)) is not None for query in (
        select(Region.id).where(Region.code != WHOLE_COUNTRY_CODE), select(Account.id)))


def _set_up(engine: Engine, people: People, calendar: Calendar, password: str | None,
            post_rows: list[Row]) -> dict[str, Person]:
    with ScopedSession(engine, _FOUNDER.scope, writing=True) as session:
        if session.scalar(select(Region.id).where(Region.code == DISTRICT)):
            raise Conflict("演示数据已经装载过了。要重新装载，请换一个空的数据目录或数据库。")
        if holds_a_register(session):
            raise Conflict("这里已有区划或账号，不能装载演示数据：演示账号的密码是公开的。"
                           "请换一个空的数据目录或数据库。")
        with recording(session, _FOUNDER, "set_up", "建立演示区的区划、代码表与账号",
                       at=calendar.moment(calendar.begun.today)):
            load_places(session)
            load_code_tables(session)
            return open_accounts(session, people, calendar, password, liaisons(post_rows))


def _fill(engine: Engine, people: People, calendar: Calendar, actor: Actor, children: int,
          post_rows: list[Row]) -> None:
    opened = calendar.moment(calendar.today)
    with ScopedSession(engine, actor.scope, writing=True) as session:
        with recording(session, actor, "seed", "学校、自然村与责任人", at=opened):
            schools = load_schools(session)
            groups = load_groups(session, people)
            insert_posts(session, post_rows)
        town = Town(people, groups)
        town.settle(children)
        send_to_school(town, calendar, schools)
        record_conditions(town, calendar)
        with recording(session, actor, "seed", "户、学生、监护人与特殊群体", at=opened):
            town.insert(session)
        with recording(session, actor, "seed", "责任书、问责记录与宣传活动", at=opened):
            insert_letters(session, town, calendar)
            insert_accountability(session, people, calendar, liaisons(post_rows))
            insert_activities(session, people, calendar, liaisons(post_rows))


def _shown(person: Person) -> DemoAccount:
    return DemoAccount(person.username, person.password, ROLE_LABELS[person.actor.role],
                       _REGION_NAMES[person.actor.region_code])
