"""What people did afterwards: small acts, each its own change, so that the ledger has a past."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.responsibility_letter import ResponsibilityLetter
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed.district.accounts import Person
from seed.district.calendar import CHINA, SCHOOL_YEAR, Calendar
from seed.district.people import People
from seed.district.places import DISTRICT_VILLAGES

_MOST, _CHILDREN_PER_ACT = 300, 6
_CHECKED_TOGETHER = 5


@dataclass(frozen=True, slots=True)
class _Act:
    """One kind of small act: on which records, by which verb of their ledger, why, and what it changes."""

    model: Any
    candidates: Any  # a condition
    verb: str
    reason: str
    change: Callable[[Any, date], None]
    by: str = "village"  # or the username of one who does it everywhere
    together: int = 1  # how many records one change touches
    weight: int = 1


def live_through(engine: Engine, people: People, calendar: Calendar, staff: dict[str, Person],
                 children: int) -> None:
    """Do the acts, each in its own recording and at its own hour of the last weeks."""
    village_staff = {person.actor.region_code: person.actor for person in staff.values()
                     if person.username.startswith("cun")}
    acts = _acts(people, calendar.begun)
    with ScopedSession(engine, staff["chengqu"].actor.scope) as session:
        found = {
            act: [(code, number) for code, number in session.execute(
                select(act.model.region_code, act.model.id).where(act.candidates)
                .order_by(act.model.id)
            )]
            for act in acts
        }
    chosen_acts = people.rng.choices(acts, [a.weight for a in acts], k=min(_MOST, children // _CHILDREN_PER_ACT))
    moments = calendar.moments(people.rng, len(chosen_acts))
    for n, (act, moment) in enumerate(zip(chosen_acts, moments, strict=True)):
        waiting = found[act]
        if not waiting:
            continue
        code, _number = people.rng.choice(waiting)
        numbers = [number for at, number in waiting if at == code]
        chosen = people.rng.sample(numbers, min(act.together, len(numbers)))
        waiting[:] = [pair for pair in waiting if pair[1] not in chosen]
        actor = village_staff[code] if act.by == "village" else staff[act.by].actor
        _do(engine, replace(actor, request_id=f"demo-{n:04d}"), act, chosen, moment)


def _do(engine: Engine, actor: Actor, act: _Act, numbers: list[int], moment: datetime) -> None:
    with (ScopedSession(engine, actor.scope, writing=True) as session,
          recording(session, actor, f"{act.model.__tablename__}:{act.verb}", act.reason, at=moment)):
        for number in numbers:
            act.change(session.get_one(act.model, number), moment.astimezone(CHINA).date())


def _acts(people: People, begun: Calendar) -> list[_Act]:
    rng = people.rng
    district = [village.code for village in DISTRICT_VILLAGES]

    def inside(model: Any) -> Any:
        return model.region_code.in_(district)

    def new_phone(owner: Household | Guardian, _day: date) -> None:
        owner.phone = people.phone()

    def came_home(guardian: Guardian, _day: date) -> None:
        guardian.away, guardian.workplace = False, None

    def checked(student: Student, day: date) -> None:
        student.checked_on = day

    def other_class(student: Student, _day: date) -> None:
        student.class_name = rng.choice([c for c in ("1班", "2班", "3班", "4班")
                                         if c != student.class_name])

    def moved_home(student: Student, _day: date) -> None:
        student.current_address = f"{student.current_address}（租住）"

    def boards_now(student: Student, _day: date) -> None:
        student.boarding = "2"

    def verified(flag: SpecialGroupFlag, day: date) -> None:
        flag.state, flag.verified_on = "verified", day

    def signed(letter: ResponsibilityLetter, day: date) -> None:
        letter.state, letter.signed_on = "signed", day

    def cleared(hardship: HouseholdHardship, day: date) -> None:
        hardship.state, hardship.risk_cleared_on = "cleared", day

    at_school = Student.schooling_state == "enrolled"
    return [
        _Act(Household, inside(Household), "edit", "电话换号", new_phone, weight=20),
        _Act(Guardian, Guardian.away.is_(False), "edit", "电话换号", new_phone, weight=12),
        _Act(Guardian, Guardian.away.is_(True), "edit", "返乡", came_home, weight=10),
        _Act(Student, at_school & (Student.checked_on < begun.today), "check", "入户核查",
             checked, weight=16, together=_CHECKED_TOGETHER),
        _Act(Student, at_school, "edit", "调班", other_class, weight=8),
        _Act(Student, at_school, "edit", "租房陪读", moved_home, weight=5),
        _Act(Student, at_school & (Student.boarding == "1"), "edit", "改为住校", boards_now,
             weight=6),
        _Act(SpecialGroupFlag, SpecialGroupFlag.state == "reported", "verify",
             "", verified, by="chengqu", weight=10),
        _Act(ResponsibilityLetter,
             (ResponsibilityLetter.state == "unsigned") & (ResponsibilityLetter.level == "3")
             & (ResponsibilityLetter.school_year == SCHOOL_YEAR), "sign", "",
             signed, weight=15),
        _Act(HouseholdHardship,
             (HouseholdHardship.state == "active") & HouseholdHardship.kind.in_(("11", "12", "13")),
             "clear_risk", "", cleared, weight=6),
    ]
