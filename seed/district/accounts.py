"""The accounts of the demo district, one of each role and one for every village."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession
from admin_app.services.passwords import hash_password, make_password
from models.account import Account, Grant
from seed.district.calendar import Calendar
from seed.district.people import People
from seed.district.places import COUNTY, DISTRICT, DISTRICT_VILLAGES
from seed.divisions import WHOLE_COUNTRY_CODE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in: the account, the password in clear for handing out, the actor."""

    username: str
    password: str
    actor: Actor


def open_accounts(session: ScopedSession, people: People, calendar: Calendar, password: str | None,
                  liaison: dict[str, str]) -> dict[str, Person]:
    """Insert accounts and grants; give the people by username. Without a password given, each
    account gets one of its own and must change it."""
    since = min(date(2025, 9, 1), calendar.today)
    wanted: list[tuple[str, str, Role, tuple[str, ...]]] = [
        ("xitong", people.official(), Role.SYSTEM_ADMIN, (WHOLE_COUNTRY_CODE,)),
        ("xianji", people.official(), Role.ADMINISTRATOR, (COUNTY,)),
        ("chengqu", liaison[DISTRICT], Role.ADMINISTRATOR, (DISTRICT,)),
        *((f"cun{n:02d}", liaison[village.code], Role.VILLAGE_OFFICER, (village.code,))
          for n, village in enumerate(DISTRICT_VILLAGES, start=1)),
        ("dudao", people.official(), Role.INSPECTOR, (DISTRICT,)),
        ("shenji", people.official(), Role.AUDITOR, (DISTRICT, COUNTY)),
    ]
    opened: dict[str, tuple[Account, str, Role]] = {}
    granting_id: int | None = None
    for username, name, role, regions in wanted:
        plain = password or make_password()
        account = Account(
            region_code=regions[0], username=username, display_name=name,
            password_hash=hash_password(plain), password_changed_at=datetime.now(UTC),
            must_change_password=password is None,
        )
        account.grants = [
            Grant(region_code=region, role=role.value, since=since, granted_by_id=granting_id,
                  until=calendar.ahead(30) if role is Role.INSPECTOR else None)
            for region in regions
        ]
        session.add(account)
        opened[username] = (account, plain, role)
        if granting_id is None:  # the system administrator, who grants all the others
            session.flush()
            granting_id = account.id
    session.flush()
    return {
        username: Person(username, plain, Actor(
            account.id, account.display_name, role, account.region_code, origin="command",
            request_id=f"demo-{username}",
        ))
        for username, (account, plain, role) in opened.items()
    }
