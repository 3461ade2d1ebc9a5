"""Where each child learns: nearly all at school, and every other state that there is."""

from datetime import date

from seed.district.calendar import SCHOOL_YEAR, Calendar
from seed.district.families import Child, Row, Town
from seed.district.people import CITIES, People
from seed.district.places import SCHOOLS, SPECIAL_SCHOOL, is_community

# state: share of all children, and the ages at which it is found
_UNUSUAL: dict[str, tuple[float, range]] = {
    "elsewhere": (0.022, range(6, 16)), "unknown": (0.008, range(6, 16)),
    "suspected": (0.006, range(10, 16)), "home_taught": (0.005, range(6, 16)),
    "on_leave": (0.004, range(7, 15)), "dropped_out": (0.003, range(11, 16)),
    "deferred": (0.002, range(6, 8)), "never_enrolled": (0.0015, range(6, 9)),
    "abroad": (0.001, range(8, 15)), "exempt": (0.0005, range(6, 16)),
    "deceased": (0.0005, range(6, 16)), "void": (0.0005, range(6, 16)),
    "moved_away": (0.001, range(6, 16)),
}
_GRADUATED_AT_15 = 0.6
_LATE_STARTERS = 0.1
_CLASSES = ("1班", "2班", "3班", "4班")
_WITHOUT_NUMBER = 0.006
_SCHOOL_NAMES = ("希望路学校", "晨光学校", "星河学校", "新苗学校")


def send_to_school(town: Town, calendar: Calendar, schools: dict[str, int]) -> None:
    """Give every child a state and what belongs to it, and the day of the last check."""
    rng, children = town.rng, town.children
    _lose_numbers(town)
    for child in children:
        graduates = child.age == 15 and rng.random() < _GRADUATED_AT_15
        child.row["schooling_state"] = "graduated" if graduates else "enrolled"
    for state, (share, ages) in _UNUSUAL.items():
        fit = [child for child in children
               if child.age in ages and child.row["schooling_state"] == "enrolled"]
        for child in rng.sample(fit, min(len(fit), max(1, round(len(children) * share)))):
            child.row["schooling_state"] = state
    for child in children:
        _place(child, town.people, calendar, schools)
    diligence = {village: rng.uniform(0.62, 1.0) for village in
                 {child.village.code: None for child in children}}
    for child in children:
        child.row["checked_on"] = _checked(child, town.people, calendar, diligence)


def _lose_numbers(town: Town) -> None:
    """Some children are on no register yet: no identity number, and the kind says so."""
    for child in town.children:
        if town.rng.random() < _WITHOUT_NUMBER:
            child.row |= {"identity_kind": "Z", "identity_number": None, "identity_index": None,
                          "identity_tail": None, "registered_address": None}


def _place(child: Child, people: People, calendar: Calendar, schools: dict[str, int]) -> None:
    state, row = child.row["schooling_state"], child.row
    if state in ("unknown", "never_enrolled"):
        return
    if state in ("abroad", "moved_away", "exempt", "deceased", "void"):
        row["note"] = {"abroad": "随父母出国（境），已交护照复印件", "deceased": "已注销户口",
                       "moved_away": "户口已随父母迁往外地，已核对迁移证",
                       "void": "社区证明查无此人", "exempt": "经残疾人教育专家委员会评估，不具备学习条件"}[state]
        return
    if state == "deferred":
        # One runs out soon after another did: approval is for a year and must be renewed.
        row["leave_until"] = people.rng.choice((date(SCHOOL_YEAR + 1, 8, 31), calendar.ago(12)))
        return
    _enrol(child, people, schools)
    if state == "elsewhere":
        place = people.rng.choice(CITIES)
        row |= {"school_id": None, "class_name": None, "boarding": None, "study_place": place,
                "elsewhere_school": place[-3:] + people.rng.choice(_SCHOOL_NAMES),
                "current_address": place}
    elif state == "home_taught":
        row |= {"school_id": schools[SPECIAL_SCHOOL], "class_name": None, "boarding": "3"}
    elif state == "on_leave":
        row["leave_until"] = people.rng.choice(
            (date(SCHOOL_YEAR + 1, 8, 31), calendar.ahead(40), calendar.ago(20)))
    elif state == "suspected":
        row["absent_since"] = calendar.ago(people.rng.randint(8, 28))
    elif state == "dropped_out":
        row["absent_since"] = calendar.ago(people.rng.randint(40, 220))
    elif state == "graduated":
        row |= {"class_name": None, "boarding": None}


def _enrol(child: Child, people: People, schools: dict[str, int]) -> None:
    rng, village = people.rng, child.village.code
    late = 1 if child.age > 6 and rng.random() < _LATE_STARTERS else 0
    grade = min(child.age - 5 - late, 9)
    fit = [name for _code, name, _kind, _place, grades in SCHOOLS
           if grade in grades and name != SPECIAL_SCHOOL]
    # Neighbours go to the same school, mostly.
    usual = fit[int(village[-3:]) % len(fit)]
    boarder = rng.random() < (0.03 if is_community(village) else 0.4)
    child.row |= {
        "school_id": schools[usual if rng.random() < 0.85 else rng.choice(fit)],
        "grade": f"g{grade}", "class_name": rng.choice(_CLASSES),
        "boarding": "2" if boarder else "1", "student_number": _student_number(child.row, people),
    }


def _student_number(row: Row, people: People) -> str:
    """G and the identity number; J with a made-up one for a child without."""
    if row["identity_number"]:
        return f"G{row['identity_number']}"
    return f"J{people.identity_number(row['birth_date'], row['sex'])}"


def _checked(child: Child, people: People, calendar: Calendar,
             diligence: dict[str, float]) -> date | None:
    """Four of five children have been visited this term, in some villages fewer."""
    if child.row["schooling_state"] == "unknown":
        return None
    if people.rng.random() < diligence[child.village.code]:
        return people.day(calendar.term_start, calendar.today)
    before = Calendar(calendar.term_start).ago(1)
    return people.day(Calendar(before).ago(120), before) if people.rng.random() < 0.75 else None
