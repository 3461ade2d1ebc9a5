"""Hardship of families and flags of children, in every state, with their days."""

from datetime import date, timedelta

from seed.district.calendar import Calendar
from seed.district.families import Child, Family, Row, Town
from seed.district.people import CITIES, People
from seed.district.places import is_community

_HARDSHIP_SHARE = 0.16
_HARDSHIPS = {"10": 34, "11": 5, "12": 6, "13": 6, "21": 18, "22": 6, "23": 5, "24": 3, "25": 1,
              "26": 3, "27": 4, "31": 5, "32": 5, "39": 2}
_MONITORED = ("11", "12", "13")
_STOPPED_ON = date(2020, 12, 31)  # the words of the years before
_FLAGS = {  # kind: share of all children
    "21": 0.002, "22": 0.004, "31": 0.012, "32": 0.004, "41": 0.008, "42": 0.001, "51": 0.025,
    "52": 0.012, "61": 0.0015, "71": 0.002, "72": 0.03, "81": 0.02,
}
_WITHOUT_PARENTS = ("21", "22")
_FLAG_STATES = {"verified": 72, "reported": 15, "ended": 8, "rejected": 5}


def record_conditions(town: Town, calendar: Calendar) -> None:
    for family in town.families:
        if town.rng.random() < _HARDSHIP_SHARE:
            _hardships(family, town.people, calendar)
    children = town.children
    for child in children:
        _flags_by_circumstance(child, town.people, calendar)
    for kind, share in _FLAGS.items():
        fit = [child for child in children if _fits(child, kind)]
        for child in town.rng.sample(fit, min(len(fit), max(1, round(len(children) * share)))):
            if _fits(child, kind):  # still, after what befell a brother or sister
                _befall(child, kind, town.people, calendar)
    # Whatever chance did: at least one flag in each state.
    for state, child in zip(_FLAG_STATES, (c for c in children if c.flags), strict=False):
        child.flags[0] = _flag(child.flags[0]["kind"], town.people, calendar, state)


def _fits(child: Child, kind: str) -> bool:
    """Whether the flag agrees with what is known of the child."""
    family = child.family
    if child.has_flag(kind) or (kind in ("51", "52") and child.has_flag("51", "52")):
        return False
    if kind in _WITHOUT_PARENTS:
        return (family.headed_by_grandparent and family.away == "none"
                and not child.has_flag(*_WITHOUT_PARENTS, "51", "52"))
    if kind in ("51", "52"):  # the family came along from elsewhere
        return (is_community(child.village.code) and family.away == "none"
                and not child.has_flag(*_WITHOUT_PARENTS))
    return True


def _befall(child: Child, kind: str, people: People, calendar: Calendar) -> None:
    """Flag the child. Brothers and sisters share the loss of parents; who came along from
    elsewhere is registered there."""
    if kind in _WITHOUT_PARENTS:
        for sibling in child.family.children:
            sibling.flags.append(_flag(kind, people, calendar, "verified"))
            sibling.guardians = [child.family.grandparent]
        return
    child.flags.append(_flag(kind, people, calendar))
    if kind == "51" and child.row["registered_address"]:
        child.row["registered_address"] = people.rng.choice(CITIES)


def _hardships(family: Family, people: People, calendar: Calendar) -> None:
    kinds = people.rng.choices(list(_HARDSHIPS), list(_HARDSHIPS.values()),
                               k=2 if people.rng.random() < 0.2 else 1)
    for kind in dict.fromkeys(kinds):
        if kind == "10":
            registered = people.day(date(2014, 1, 1), date(2018, 12, 31))
            family.hardships.append(_hardship(family, "91", registered, "ended", _STOPPED_ON))
            family.hardships.append(_hardship(family, kind, date(2021, 1, 1), "active"))
            continue
        since = people.day(date(2021, 6, 1), calendar.ago(100))
        state = people.rng.choices(("active", "cleared", "ended"),
                                   (60, 27, 13) if kind in _MONITORED else (85, 0, 15))[0]
        day = people.day(since + timedelta(days=60), calendar.ago(10))
        family.hardships.append(_hardship(family, kind, since, state, day))


def _hardship(family: Family, kind: str, since: date, state: str, day: date | None = None) -> Row:
    return {
        "region_code": family.village.code, "kind": kind, "since": since, "state": state,
        "until": day if state == "ended" else None,
        "risk_cleared_on": day if state == "cleared" else None, "note": None,
    }


def _flags_by_circumstance(child: Child, people: People, calendar: Calendar) -> None:
    away, state = child.family.away, child.row["schooling_state"]
    if state != "elsewhere":  # who went along is not left behind
        if away == "both":
            child.flags += [_flag("12", people, calendar), _flag("15", people, calendar)]
        elif away == "one":
            child.flags.append(_flag("11", people, calendar))
            if people.rng.random() < 0.15:  # the other parent cannot care for the child
                child.flags.append(_flag("15", people, calendar))
    if state in ("home_taught", "exempt"):
        child.flags.append(_flag("31", people, calendar, "verified"))
    if state == "on_leave":
        child.flags.append(_flag("32", people, calendar))
    if child.row["identity_kind"] == "Z":
        child.flags.append(_flag("82", people, calendar, "verified"))


def _flag(kind: str, people: People, calendar: Calendar, state: str = "") -> Row:
    state = state or people.rng.choices(list(_FLAG_STATES), list(_FLAG_STATES.values()))[0]
    since = people.day(date(2022, 9, 1), calendar.ago(45))
    verified = people.day(since, calendar.ago(30)) if state in ("verified", "ended") else None
    return {
        "kind": kind, "since": since, "state": state, "verified_on": verified, "note": None,
        "until": people.day(verified, calendar.ago(1)) if verified and state == "ended" else None,
    }
